import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import { createResponseHead, defaultHeadLimits } from "../../../../src/gateway/http1/head.ts";
import { parseResponseHead } from "../../../../src/gateway/http1/response-head.ts";
import { rewriteInterim, rewriteResponse } from "../../../../src/gateway/proxy/rewrite-response.ts";
import { Block, headroom } from "../../../../src/gateway/transport/block.ts";

const head = createResponseHead();

function rewritten(
  text: string,
  insert: string | null = null,
  { dropCoding = false, keepTrailer = false } = {},
): string {
  const { block, end } = parsed(text);
  const added = insert === null ? null : Buffer.from(insert);
  const start = rewriteResponse(block.bytes, head, { dropCoding, keepTrailer }, added);
  return Buffer.from(block.bytes.slice(start, end)).toString("latin1");
}

function parsed(text: string): { block: Block; end: number } {
  const block = new Block(text.length);
  const end = block.start + block.readable.write(text, "latin1");
  expect(
    parseResponseHead(block.bytes, block.words, block.start, end, head, defaultHeadLimits),
  ).toBeGreaterThan(0);
  return { block, end };
}

describe("a response's head on its way to the client", () => {
  it("stays as it is where nothing has to go or to come", () => {
    const text = "HTTP/1.1 200 OK\r\nServer: s\r\nContent-Length: 0\r\n\r\n";
    expect(rewritten(text)).toBe(text);
  });

  it("is of version 1.1 whatever the target speaks (RFC 9112 section 2.3)", () => {
    expect(rewritten("HTTP/1.0 200 OK\r\n\r\n")).toBe("HTTP/1.1 200 OK\r\n\r\n");
  });

  it.each([
    ["at its begin", "Connection: x\r\nServer: s\r\n"],
    ["at its end", "Server: s\r\nKeep-Alive: timeout=5\r\n"],
    ["in its middle and in pieces", "TE: a\r\nServer: s\r\nUpgrade: b\r\nX: y\r\nProxy-Connection: c\r\n"],
  ])("loses what ends here: %s", (_, fields) => {
    const kept = fields.match(/(?:Server: s|X: y)\r\n/g)?.join("") ?? "";
    expect(rewritten(`HTTP/1.1 200 OK\r\n${fields}\r\nbody`)).toBe(`HTTP/1.1 200 OK\r\n${kept}\r\nbody`);
  });

  it("loses what Connection names", () => {
    const text = "HTTP/1.1 200 OK\r\nX-A: 1\r\nConnection: x-b, x-a\r\nX-C: 3\r\nX-B: 2\r\n\r\n";
    expect(rewritten(text)).toBe("HTTP/1.1 200 OK\r\nX-C: 3\r\n\r\n");
  });

  it("gets lines that are longer than what goes, by less than the status line", () => {
    const text = "HTTP/1.1 200 OK\r\nX-Id: 0-0\r\nConnection: close\r\n\r\nbody";
    expect(rewritten(text, "Transfer-Encoding: chunked\r\n")).toBe(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Id: 0-0\r\n\r\nbody",
    );
  });

  it("keeps Transfer-Encoding and Trailer only where the client gets chunks", () => {
    const text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n";
    expect(rewritten(text, null, { keepTrailer: true })).toBe(text);
    expect(rewritten(text, null, { dropCoding: true })).toBe("HTTP/1.1 200 OK\r\n\r\n");
  });

  it("grows into the headroom and no further", () => {
    const insert = `Set-Cookie: ${"c".repeat(headroom - 14)}\r\n`;
    expect(insert.length).toBe(headroom);
    expect(rewritten("HTTP/1.1 200 OK\r\n\r\n", insert)).toBe(`HTTP/1.1 200 OK\r\n${insert}\r\n`);
  });

  it("of an interim response loses the same fields", () => {
    const { block } = parsed("HTTP/1.1 103 Early\r\nConnection: x\r\nLink: </a>\r\n\r\n");
    const start = rewriteInterim(block.bytes, head);
    expect(Buffer.from(block.bytes.slice(start, head.end)).toString()).toBe(
      "HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n",
    );
  });
});
