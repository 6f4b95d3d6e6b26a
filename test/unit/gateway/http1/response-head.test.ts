import { describe, expect, test } from "vitest";
import { get, lines, ok, parseRequest, parseResponse } from "./parsed.ts";

describe("RFC 9112 section 4: status lines", () => {
  test.each([
    ["HTTP/1.1 200 OK", 1, 200],
    ["HTTP/1.0 404 Not Found", 0, 404],
    ["HTTP/1.1 200 ", 1, 200],
    ["HTTP/1.1 200", 1, 200],
    ["HTTP/1.1 100 Continue", 1, 100],
    ["HTTP/1.1 103 Early Hints", 1, 103],
    ["HTTP/1.1 599 \xe4\xf6 \t x", 1, 599],
    ["HTTP/1.1 200 200 200", 1, 200],
  ])("%j", (line, minor, statusCode) => {
    const text = lines(line, "A: b");
    const found = parseResponse(`${text}rest`);
    expect(found).toMatchObject({ refusal: "", at: text.length, fields: [["A", "b"]] });
    expect(found.head).toMatchObject({ minor, statusCode });
  });

  test.each([
    ["\r\nHTTP/1.1 200 OK", "bad-version"],
    [" HTTP/1.1 200 OK", "bad-version"],
    ["http/1.1 200 OK", "bad-version"],
    ["HTTP/1.2 200 OK", "bad-version"],
    ["HTTP/2.0 200 OK", "bad-version"],
    ["HTTP/0.9 200 OK", "bad-version"],
    ["HTTP/1.1\t200 OK", "bad-version"],
    ["HTTP/1.1", "bad-version"],
    ["ICY 200 OK", "bad-version"],
    ["GET / HTTP/1.1", "bad-version"],
    ["HTTP/1.1  200 OK", "bad-status"],
    ["HTTP/1.1 099 OK", "bad-status"],
    ["HTTP/1.1 600 OK", "bad-status"],
    ["HTTP/1.1 999 OK", "bad-status"],
    ["HTTP/1.1 20 OK", "bad-status"],
    ["HTTP/1.1 20x OK", "bad-status"],
    ["HTTP/1.1 OK", "bad-status"],
    ["HTTP/1.1 2000 OK", "bad-reason-phrase"],
    ["HTTP/1.1 200OK", "bad-reason-phrase"],
    ["HTTP/1.1 200\tOK", "bad-reason-phrase"],
    ["HTTP/1.1 200 O\0K", "bad-reason-phrase"],
    ["HTTP/1.1 200 O\x7fK", "bad-reason-phrase"],
    ["HTTP/1.1 200 O\x1bK", "bad-reason-phrase"],
    ["HTTP/1.1 200 OK\r", "bare-cr"],
    ["HTTP/1.1 200 O\rK", "bare-cr"],
    ["HTTP/1.1 200 OK\nA: b", "bare-lf"],
    ["HTTP/1.1 200\n", "bare-lf"],
  ])("%j is refused", (line, reason) => {
    expect(parseResponse(lines(line, "Content-Length: 0")).refusal).toBe(`502 ${reason}`);
  });
});

describe("the Keep-Alive field of a response", () => {
  test.each([
    [[], -1],
    [["Keep-Alive: timeout=5"], 5],
    [["Keep-Alive: timeout=5, max=100"], 5],
    [["Keep-Alive: max=100, Timeout=65"], 65],
    [["Keep-Alive: max=100,timeout=0 "], 0],
    [["Keep-Alive: timeout=999999"], 999_999],
    [["Keep-Alive: max=100"], -1],
    [["Keep-Alive: timeout"], -1],
    [["Keep-Alive: timeout="], -1],
    [["Keep-Alive: timeout=5s"], -1],
    [["Keep-Alive: timeout=-1"], -1],
    [["Keep-Alive: timeout=1000000"], -1],
    [["Keep-Alive: xtimeout=5"], -1],
    [["Keep-Alive:"], -1],
    [["Keep-Alive: ,,"], -1],
  ])("%j: %i", (fields, seconds) => {
    const found = parseResponse(ok(...fields));
    expect([found.refusal, found.head.keepAliveSeconds]).toEqual(["", seconds]);
  });
});

test("a response needs no Host, and several are nothing to it", () => {
  expect(parseResponse(ok("Host: a", "Host: b")).refusal).toBe("");
});

test("where a head ends does not depend on what follows", () => {
  for (const rest of ["", "\r\n", "GET / HTTP/1.1\r\n", "\n", "x: y\r\n\r\n"]) {
    expect(parseRequest(get() + rest).at).toBe(get().length);
    expect(parseResponse(ok() + rest).at).toBe(ok().length);
  }
});
