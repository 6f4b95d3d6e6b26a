import { ascii } from "../http1/octets.ts";
import { type Block, constantBlock } from "../transport/block.ts";

/** Bytes that are written as they are, again and again. */
export interface Constant {
  block: Block;
  start: number;
  end: number;
}

export function constant(content: Uint8Array): Constant {
  const block = constantBlock(content);
  return { block, start: block.start, end: block.start + content.length };
}

export const continueAnswer = constant(ascii("HTTP/1.1 100 Continue\r\n\r\n"));
export const lastChunk = constant(ascii("0\r\n\r\n"));
export const connectionClose = ascii("Connection: close\r\n");
export const connectionKeepAlive = ascii("Connection: keep-alive\r\n");
export const chunkedCoding = ascii("Transfer-Encoding: chunked\r\n");
export const chunkedAndClose = ascii("Connection: close\r\nTransfer-Encoding: chunked\r\n");
