import { describe, expect, test } from "vitest";
import {
  type Chunks,
  createChunks,
  decodeChunks,
  resetChunks,
  scanChunks,
} from "../../../../src/gateway/http1/chunks.ts";

const begin = 5;

type Read = typeof scanChunks;

/** Reads a body in parts of at most `part` bytes; the outcome is the number of its bytes, or why it is malformed. */
function read(
  body: string,
  part = body.length,
  use: Read = scanChunks,
): { end: number | string; data: string } {
  const bytes = Buffer.concat([Buffer.alloc(begin), Buffer.from(body, "latin1")]);
  const chunks = createChunks();
  let data = "";
  let p = begin;
  while (p < bytes.length && !chunks.done) {
    const next = use(chunks, bytes, p, Math.min(bytes.length, p + part));
    if (use === decodeChunks && next >= 0) data += bytes.toString("latin1", p, chunks.dataEnd);
    if (next < 0) return { end: chunks.reason, data };
    p = next;
  }
  return { end: chunks.done ? p - begin : "incomplete", data };
}

const sound: [string, string][] = [
  ["0\r\n\r\n", ""],
  ["000\r\n\r\n", ""],
  ["5\r\nhello\r\n0\r\n\r\n", "hello"],
  ["05\r\nhello\r\n1\r\n \r\n0\r\n\r\n", "hello "],
  ["a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789"],
  ["5\r\n\r\n0\r\n\r\n0\r\n\r\n", "\r\n0\r\n"],
  ["0000000000005\r\nhello\r\n0\r\n\r\n", "hello"],
  ["5;a\r\nhello\r\n0;b\r\n\r\n", "hello"],
  ["5;a=b;c=d;e\r\nhello\r\n0\r\n\r\n", "hello"],
  ['5;a="b c;d\t\xe4"\r\nhello\r\n0\r\n\r\n', "hello"],
  ['5;a="b\\"c\\\\"\r\nhello\r\n0\r\n\r\n', "hello"],
  ['5;a="";b\r\nhello\r\n0\r\n\r\n', "hello"],
  [`5;a=${"b".repeat(253)}\r\nhello\r\n0\r\n\r\n`, "hello"],
  ["0\r\nT: 1\r\n\r\n", ""],
  ["0\r\nT:\r\nServer-Timing: a;dur=1 \xe4\t\r\n\r\n", ""],
  ["0\r\nHosts: 1\r\nX-Host: 1\r\nIfs: a\r\nx_y: z\r\nDigest: a\r\n\r\n", ""],
  [`0\r\n${"A".repeat(60)}: b\r\n\r\n`, ""],
];

describe("RFC 9112 section 7.1: chunked bodies", () => {
  test.each(sound)("%j", (body, data) => {
    for (let part = 1; part <= body.length; part++) {
      expect(read(body, part).end).toBe(body.length);
      expect(read(body, part, decodeChunks)).toEqual({ end: body.length, data });
    }
  });

  test.each(sound)("%j does not depend on what follows", (body, data) => {
    for (const rest of ["\r\n", "0\r\n\r\n", "GET / HTTP/1.1\r\n", "\0"]) {
      expect(read(body + rest).end).toBe(body.length);
      expect(read(body + rest, 3).end).toBe(body.length);
      expect(read(body + rest, body.length + rest.length, decodeChunks)).toEqual({ end: body.length, data });
    }
  });

  test.each(sound)("%j is not complete before its last byte", (body) => {
    for (let length = 0; length < body.length; length++) {
      expect(read(body.slice(0, length)).end).toBe("incomplete");
    }
  });

  test.each([
    ["\r\n", "chunk-size"],
    ["g\r\n", "chunk-size"],
    ["-5\r\n", "chunk-size"],
    ["+5\r\n", "chunk-size"],
    [" 5\r\n", "chunk-size"],
    ["0x5\r\n", "chunk-size"],
    ["5 \r\n", "chunk-size"],
    ["5\t\r\n", "chunk-size"],
    ["5,5\r\n", "chunk-size"],
    ["5_0\r\n", "chunk-size"],
    [";a\r\n", "chunk-size"],
    ["00000000000005\r\nhello", "chunk-size"],
    ["FFFFFFFFFFFFFFFF\r\n", "chunk-size"],
    ["5\nhello\r\n", "bare-lf"],
    ["5\rhello\r\n", "bare-cr"],
    ["5\r\r\nhello\r\n", "bare-cr"],
    ["5;a\nhello\r\n", "bare-lf"],
    ["5;a\rX", "bare-cr"],
    ["5\r\nhello0\r\n\r\n", "chunk-end"],
    ["5\r\nhello\n0\r\n\r\n", "chunk-end"],
    ["5\r\nhello\r0\r\n\r\n", "chunk-end"],
    ["5\r\nhello\r\r\n", "chunk-end"],
    ["5\r\nhello!\r\n", "chunk-end"],
    ["5\r\nhell\r\n0\r\n\r\n", "chunk-end"],
    ["5\r\nhello\r\n\r\n", "chunk-size"],
  ])("%j is malformed", (body, reason) => {
    for (let part = 1; part <= body.length; part++) {
      expect(read(body, part).end).toBe(reason);
      expect(read(body, part, decodeChunks).end).toBe(reason);
    }
  });

  test.each([
    "5;\r\n",
    "5;;a\r\n",
    "5;=b\r\n",
    "5;a=\r\n",
    "5;a=;b\r\n",
    "5;a=b=c\r\n",
    "5; a\r\n",
    "5;a \r\n",
    "5;a =b\r\n",
    "5;a= b\r\n",
    "5;a=b \r\n",
    "5;a\0\r\n",
    "5;\xe4\r\n",
    '5;a="b"c\r\n',
    '5;a="b\r\n',
    '5;a="b\\\r\n',
    '5;a="b\0"\r\n',
    '5;a=b"c"\r\n',
  ])("section 7.1.1: the extension of %j is malformed", (body) => {
    for (let part = 1; part <= body.length; part++) expect(read(body, part).end).toBe("chunk-extension");
  });

  test("section 7.1.1: the extensions of a chunk have 256 bytes at most", () => {
    expect(read(`0;${"b".repeat(255)}\r\n\r\n`).end).toBe(261);
    expect(read(`0;${"b".repeat(256)}\r\n\r\n`).end).toBe("long-extension");
    expect(read(`0;a="${"b".repeat(300)}`).end).toBe("long-extension");
  });

  test.each([
    ["0\r\n T: 1\r\n", "trailer-name"],
    ["0\r\nT: 1\r\n 2\r\n\r\n", "trailer-name"],
    ["0\r\nT : 1\r\n", "trailer-name"],
    ["0\r\n: 1\r\n", "trailer-name"],
    ["0\r\nT\r\n\r\n", "trailer-name"],
    ["0\r\nT\xe4: 1\r\n", "trailer-name"],
    ["0\r\nT: 1\0\r\n", "trailer-value"],
    ["0\r\nT: 1\x7f\r\n", "trailer-value"],
    ["0\r\nT: 1\n\r\n", "bare-lf"],
    ["0\r\nT: 1\rX", "bare-cr"],
    ["0\r\n\n", "trailer-name"],
    ["0\r\n\rX", "bare-cr"],
    ["0\n\n", "bare-lf"],
  ])("section 7.1.2: the trailer section of %j is malformed", (body, reason) => {
    for (let part = 1; part <= body.length; part++) expect(read(body, part).end).toBe(reason);
  });

  test("section 7.1.2: a trailer section has 8 KiB at most", () => {
    const line = (length: number) => `T: ${"x".repeat(length - 5)}\r\n`;
    expect(read(`0\r\n${line(8_190)}\r\n`).end).toBe(8_195);
    expect(read(`0\r\n${line(8_192)}\r\n`).end).toBe("long-trailer");
    expect(read(`0\r\n${line(100).repeat(100)}\r\n`).end).toBe("long-trailer");
  });

  test.each([
    "Content-Length",
    "transfer-encoding",
    "HOST",
    "te",
    "Trailer",
    "connection",
    "Authorization",
    "Cookie",
    "set-cookie",
    "content-type",
    "content-encoding",
    "Content-Range",
    "cache-control",
    "if-match",
    "If-Anything",
    "x-forwarded-for",
    "X_Forwarded_For",
    "transfer_encoding",
    "if_match",
    "via",
    "upgrade",
    "www-authenticate",
    "proxy-authorization",
  ])("RFC 9110 section 6.5.1: %s may not be a trailer", (name) => {
    const body = `0\r\nT: 1\r\n${name}: 5\r\n\r\n`;
    for (let part = 1; part <= body.length; part++) expect(read(body, part).end).toBe("forbidden-trailer");
  });
});

describe("the record of a chunked body", () => {
  const bytes = (text: string) => Buffer.from(text, "latin1");
  const state = (chunks: Chunks) => ({ done: chunks.done, reason: chunks.reason });

  test("a malformed body stays malformed, and a complete one takes no more", () => {
    const chunks = createChunks();
    expect(scanChunks(chunks, bytes("x"), 0, 1)).toBe(-1);
    expect(scanChunks(chunks, bytes("0\r\n\r\n"), 0, 5)).toBe(-1);
    expect(state(chunks)).toEqual({ done: false, reason: "chunk-size" });
    resetChunks(chunks);
    expect(state(chunks)).toEqual({ done: false, reason: "" });
    expect(scanChunks(chunks, bytes("0\r\n\r\n"), 0, 5)).toBe(5);
    expect(scanChunks(chunks, bytes("0\r\n\r\n"), 0, 5)).toBe(0);
    expect(state(chunks)).toEqual({ done: true, reason: "" });
  });

  test("a record is new after a reset, wherever it was", () => {
    const chunks = createChunks();
    const body = '5;a="b"\r\nhello\r\n0\r\nT: 1\r\n\r\n';
    for (let length = 0; length <= body.length; length++) {
      resetChunks(chunks);
      scanChunks(chunks, bytes(body), 0, length);
      resetChunks(chunks);
      expect(scanChunks(chunks, bytes(body), 0, body.length)).toBe(body.length);
      expect(chunks.done).toBe(true);
    }
  });

  test("sizes beyond 32 bits are counted exactly", () => {
    const chunks = createChunks();
    const size = "FFFFFFFFFFFFF\r\n";
    expect(scanChunks(chunks, bytes(size), 0, size.length)).toBe(size.length);
    expect(chunks.remaining).toBe(2 ** 52 - 1);
    const part = Buffer.alloc(1_000_003);
    expect(scanChunks(chunks, part, 0, part.length)).toBe(part.length);
    expect(chunks.remaining).toBe(2 ** 52 - 1 - 1_000_003);
  });

  test("decoding leaves the bytes behind the body as they were", () => {
    const chunks = createChunks();
    const all = bytes("..3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nGET /");
    const end = decodeChunks(chunks, all, 2, all.length);
    expect(all.toString("latin1", 2, chunks.dataEnd)).toBe("abcde");
    expect(all.toString("latin1", end)).toBe("GET /");
    expect(all.toString("latin1", 0, 2)).toBe("..");
  });
});
