import { describe, expect, test } from "vitest";
import { FieldCode, Framing } from "../../../../src/gateway/http1/head.ts";
import { get, lines, ok, parseRequest, parseResponse } from "./parsed.ts";

describe("RFC 9112 section 9.3: persistence", () => {
  test.each([
    [1, [], true],
    [1, ["Connection: keep-alive"], true],
    [1, ["Connection: close"], false],
    [1, ["Connection: CLOSE"], false],
    [1, ["Connection: keep-alive, close"], false],
    [1, ["Connection: keep-alive", "Connection: close"], false],
    [1, ["Connection: closed"], true],
    [1, ["Proxy-Connection: close"], true],
    [0, [], false],
    [0, ["Connection: keep-alive"], true],
    [0, ["Connection: Keep-Alive, x"], true],
    [0, ["Connection: close, keep-alive"], false],
    [0, ["Proxy-Connection: keep-alive"], false],
    [0, ["Keep-Alive: timeout=5"], false],
  ])("HTTP/1.%i with %j: %s", (minor, fields, keepAlive) => {
    const request = parseRequest(lines(`GET / HTTP/1.${minor}`, "Host: h", ...fields));
    const response = parseResponse(lines(`HTTP/1.${minor} 200 OK`, ...fields));
    expect([request.refusal, request.head.keepAlive]).toEqual(["", keepAlive]);
    expect([response.refusal, response.head.keepAlive]).toEqual(["", keepAlive]);
  });
});

describe("RFC 9110 section 7.6.1: options that name fields", () => {
  test("fields that are named get the code named, wherever they stand", () => {
    const found = parseRequest(get("X-A: 1", "Connection: close, x-a , X-B", "x-b: 2", "X-C: 3", "X-A: 4"));
    expect(found.codes).toEqual([
      FieldCode.host,
      FieldCode.named,
      FieldCode.connection,
      FieldCode.named,
      FieldCode.other,
      FieldCode.named,
    ]);
    expect(found.head.keepAlive).toBe(false);
  });

  test("fields that are removed in any case keep their codes", () => {
    const found = parseRequest(
      get(
        "Connection: TE, Keep-Alive, HTTP2-Settings, Trailer",
        "TE: trailers",
        "HTTP2-Settings: a",
        "Trailer: b",
      ),
    );
    expect(found.refusal).toBe("");
    expect(found.codes.slice(2)).toEqual([FieldCode.te, FieldCode.http2Settings, FieldCode.trailer]);
  });

  test("a name that is no field's, empty elements and white space are allowed", () => {
    expect(parseRequest(get("Connection: , nothing\t,,close ,")).head).toMatchObject({
      reason: "",
      keepAlive: false,
    });
    expect(parseRequest(get("Connection:")).head).toMatchObject({ reason: "", keepAlive: true });
  });

  test("names differ by more than the case of letters", () => {
    expect(parseRequest(get("Connection: x-a^", "x-a~: 1")).codes[2]).toBe(FieldCode.other);
    expect(parseRequest(get("Connection: x-a_", "x-a\x7f: 1")).refusal).toBe("400 bad-name");
  });

  test.each([
    "host",
    "Content-Length",
    "Expect",
    "via",
    "forwarded",
    "X-Forwarded-For",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-server",
    "x-real-ip",
    "x-request-id",
    "traceparent",
    "tracestate",
    "Cookie",
    "content-type",
    "content-encoding",
    "accept",
    "Authorization",
    "cache-control",
    "content-range",
    "set-cookie",
    "location",
    "date",
  ])("%s may not be named", (name) => {
    for (const value of [name, `close, ${name}`, `${name.toUpperCase()} , close`]) {
      expect(parseRequest(get(`Connection: ${value}`)).refusal).toBe("400 bad-connection");
      expect(parseResponse(ok(`Connection: ${value}`)).refusal).toBe("502 bad-connection");
    }
  });

  test("a request may not name transfer-encoding, a response may: it is of no effect", () => {
    const fields = ["Connection: Transfer-Encoding, close", "Transfer-Encoding: chunked"];
    expect(parseRequest(get(...fields)).refusal).toBe("400 bad-connection");
    const response = parseResponse(ok(...fields));
    expect(response).toMatchObject({
      refusal: "",
      codes: [FieldCode.connection, FieldCode.transferEncoding],
    });
    expect(response.head).toMatchObject({ framing: Framing.chunked, keepAlive: false });
  });

  test.each(["close;a=b", "a b", '"close"', "clos\xe9", "close, (a)", "close/1"])(
    "%j is no list of tokens",
    (value) => {
      expect(parseRequest(get(`Connection: ${value}`)).refusal).toBe("400 bad-connection");
      expect(parseResponse(ok(`Connection: ${value}`)).refusal).toBe("502 bad-connection");
    },
  );

  test("32 names are looked up, not more", () => {
    const names = (count: number) => Array.from({ length: count }, (_, i) => `x${i}`).join(",");
    expect(parseRequest(get(`Connection: ${names(32)}`)).refusal).toBe("");
    expect(parseRequest(get(`Connection: ${names(33)}`)).refusal).toBe("400 bad-connection");
  });
});

describe("RFC 9110 section 7.8: upgrades", () => {
  test.each([
    [["Connection: upgrade", "Upgrade: websocket"], "websocket"],
    [["Upgrade: h2c, foo/2", "Connection: keep-alive, Upgrade"], "h2c, foo/2"],
    [["Connection: Upgrade", "Connection: close", "Upgrade: a/b"], "a/b"],
    [["Connection: upgrade"], null],
    [["Upgrade: websocket"], null],
    [["Connection: upgrades", "Upgrade: websocket"], null],
    [["Upgrade:"], null],
    [["Upgrade: a", "Upgrade: b"], null],
  ])("%j", (fields, upgrade) => {
    expect(parseRequest(get(...fields))).toMatchObject({ refusal: "", upgrade });
    expect(parseResponse(ok(...fields))).toMatchObject({ refusal: "", upgrade });
  });

  test("HTTP/1.0's is ignored", () => {
    const fields = ["Connection: upgrade", "Upgrade: websocket"];
    expect(parseRequest(lines("GET / HTTP/1.0", ...fields))).toMatchObject({ refusal: "", upgrade: null });
    expect(parseResponse(lines("HTTP/1.0 200 OK", ...fields))).toMatchObject({ refusal: "", upgrade: null });
  });

  test.each([
    ["Upgrade:"],
    ["Upgrade: a b"],
    ["Upgrade: a,"],
    ["Upgrade: /a"],
    ["Upgrade: a/"],
    ["Upgrade: a//b"],
    ["Upgrade: a;b"],
    ["Upgrade: a", "Upgrade: b"],
  ])("a request with %j is refused, a response upgrades to nothing", (...fields) => {
    expect(parseRequest(get("Connection: upgrade", ...fields)).refusal).toBe("400 bad-upgrade");
    expect(parseResponse(ok("Connection: upgrade", ...fields))).toMatchObject({ refusal: "", upgrade: null });
  });

  test("section 15.2.2: a 101 has to upgrade and may not be framed", () => {
    const upgrade = ["Connection: upgrade", "Upgrade: websocket"];
    const switched = (...fields: string[]) =>
      parseResponse(lines("HTTP/1.1 101 Switching Protocols", ...fields));
    expect(switched(...upgrade)).toMatchObject({ refusal: "", upgrade: "websocket" });
    for (const fields of [
      [],
      ["Upgrade: websocket"],
      ["Connection: upgrade", "Upgrade:"],
      [...upgrade, "Content-Length: 0"],
      [...upgrade, "Transfer-Encoding: chunked"],
    ]) {
      expect(switched(...fields).refusal).toBe("502 bad-switch");
    }
    expect(parseResponse(lines("HTTP/1.0 101 Switching Protocols", ...upgrade)).refusal).toBe(
      "502 bad-switch",
    );
  });
});
