import type { IncomingMessage, ServerResponse } from "node:http";
import { errorPage } from "./error-page.ts";

/** Sends an answer that the gateway makes itself, unless a head was sent already. */
export function answerError(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  requestId: string,
  close = false,
): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const { type, body } = errorPage(status, request.headers.accept, requestId);
  const headers: Record<string, string | number> = {
    "Content-Type": type,
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
  };
  if (status === 503) headers["Retry-After"] = 1;
  if (close) headers.Connection = "close";
  response.writeHead(status, headers);
  response.end(body);
}
