import { describe, expect, test } from "vitest";
import {
  createRequestHead,
  createResponseHead,
  defaultHeadLimits,
  parserRoom,
} from "../../../../src/gateway/http1/head.ts";
import { parseRequestHead } from "../../../../src/gateway/http1/request-head.ts";
import { parseResponseHead } from "../../../../src/gateway/http1/response-head.ts";
import { get, lines, ok, parseRequest, parseResponse } from "./parsed.ts";

const limits = { line: 64, fields: 4, bytes: 200 };

describe("limits", () => {
  const line = (length: number) => `GET /${"a".repeat(length - 14)} HTTP/1.1`;

  test("RFC 9112 section 3: a request line that is too long is answered 414, before it ends", () => {
    expect(line(64)).toHaveLength(64);
    expect(parseRequest(lines(line(64), "Host: h"), limits).refusal).toBe("");
    expect(parseRequest(lines(line(65), "Host: h"), limits).refusal).toBe("414 long-line");
    expect(parseRequest(line(65).slice(0, 56), limits).refusal).toBe("414 long-line");
    expect(parseRequest(line(65).slice(0, 55), limits).at).toBe(0);
  });

  test("absolute targets are no way around it", () => {
    const text = `GET http://${"a".repeat(60)}/ HTTP/1.1`;
    expect(parseRequest(lines(text, "Host: h"), limits).refusal).toBe("414 long-line");
  });

  test("empty lines before it don't count", () => {
    expect(parseRequest(`\r\n\r\n${lines(line(64), "Host: h")}`, limits).refusal).toBe("");
  });

  test("RFC 6585 section 5: too many fields are answered 431, before they end", () => {
    const fields = (count: number) => Array.from({ length: count }, (_, i) => `A${i}: b`);
    expect(parseRequest(lines("GET / HTTP/1.1", "Host: h", ...fields(3)), limits).refusal).toBe("");
    expect(parseRequest(lines("GET / HTTP/1.1", "Host: h", ...fields(4)), limits).refusal).toBe(
      "431 too-many-fields",
    );
    expect(
      parseRequest(`${lines("GET / HTTP/1.1", "Host: h", ...fields(3)).slice(0, -2)}X`, limits).refusal,
    ).toBe("431 too-many-fields");
    expect(parseResponse(ok(...fields(4)), limits).refusal).toBe("");
    expect(parseResponse(ok(...fields(5)), limits).refusal).toBe("502 too-many-fields");
  });

  test("RFC 6585 section 5: a head that is too long is answered 431, before it ends", () => {
    const request = (length: number) => get(`A: ${"b".repeat(length - get("A: ").length)}`);
    expect(request(200)).toHaveLength(200);
    expect(parseRequest(request(200), limits)).toMatchObject({ refusal: "", at: 200 });
    expect(parseRequest(request(201), limits).refusal).toBe("431 long-head");
    expect(parseRequest(request(300).slice(0, 200), limits).refusal).toBe("431 long-head");
    expect(parseRequest(request(300).slice(0, 199), limits).at).toBe(0);
    const response = (length: number) => ok(`A: ${"b".repeat(length - ok("A: ").length)}`);
    expect(parseResponse(response(200), limits).refusal).toBe("");
    expect(parseResponse(response(201), limits).refusal).toBe("502 long-head");
  });

  test("a short head before a long body is no long head", () => {
    expect(parseRequest(get() + "x".repeat(500), limits).at).toBe(get().length);
  });

  test("a record has room for as many fields as its limits allow", () => {
    const many = Array.from({ length: 127 }, (_, i) => `A${i}: b`);
    expect(parseRequest(get(...many)).fields).toHaveLength(128);
    expect(parseRequest(get(...many, "B: c")).refusal).toBe("431 too-many-fields");
  });
});

describe("heads that come in parts", () => {
  const requests = [
    lines("\r\n\r\nGET /a?b HTTP/1.1", "Host: h.example:80", "Connection: close, x", "X: \t y ", "Accept:"),
    lines("POST http://h:80/a HTTP/1.0", "Content-Length: 5", "Cookie: a\tb"),
    lines("OPTIONS * HTTP/1.1", "Host: [::1]", "Transfer-Encoding: chunked", "X_Y: z"),
    lines("M-SEARCH https://h HTTP/1.1", "Host: h"),
    lines("GET / HTTP/2.0", "Host: h"),
    lines("GET / HTTP/1.1", "Host: h", "A : b"),
    lines("GET / HTTP/1.1", "Host: h", "A: b\0"),
    lines("GET / HTTP/1.1\r", "Host: h"),
    lines("GET /a b HTTP/1.1", "Host: h"),
    lines("GET http://a:b/ HTTP/1.1", "Host: h"),
    lines("CONNECT h:80 HTTP/1.1", "Host: h:80"),
    lines(`${"X".repeat(40)} / HTTP/1.1`, "Host: h"),
    lines(`GET /${"a".repeat(100)} HTTP/1.1`, "Host: h"),
    lines(`GET http://${"a".repeat(100)}!/ HTTP/1.1`, "Host: h"),
    lines("GET / HTTP/1.1", "Host: h", "A: b", "B: c", "C: d", "D: e f", "E : f"),
    lines("GET / HTTP/1.1", "Host: h", `A: ${"b".repeat(300)}\0`),
    lines("GET / HTTP/1.1", "A: b"),
  ];
  const responses = [
    lines("HTTP/1.1 200 OK", "Content-Length: 5", "Keep-Alive: timeout=5"),
    lines("HTTP/1.0 404"),
    lines("HTTP/1.1 200 O\0K"),
    lines("HTTP/1.1 700 OK"),
    lines("HTTP/2.0 200 OK"),
    lines("HTTP/1.1 200 OK", "A: b\r"),
    lines("HTTP/1.1 200 OK", " A: b"),
    lines("HTTP/1.1 101 OK", "Connection: upgrade", "Upgrade: a"),
    lines("HTTP/1.1 200 OK", "A: b", "B: c", "C: d", "D: e", "E: f"),
    lines("HTTP/1.1 200 OK", `A: ${"b".repeat(300)}`),
  ];

  const memory = new ArrayBuffer(4_096);
  const bytes = new Uint8Array(memory);
  const words = new DataView(memory);

  /** What the parser says of the first bytes of a text, when other bytes than the text's follow them. */
  function outcome(
    text: string,
    length: number,
    behind: string,
    parse: (end: number) => [number, string],
  ): string {
    bytes.fill(behind.charCodeAt(0), 0, text.length + 64);
    for (let i = 0; i < length; i++) bytes[32 + i] = text.charCodeAt(i);
    const [offset, refusal] = parse(32 + length);
    expect(bytes[32 + length]).toBe(behind.charCodeAt(0));
    return offset > 0 ? `complete at ${offset - 32}` : refusal || "incomplete";
  }

  function checkCuts(text: string, parse: (end: number) => [number, string]): void {
    const whole = outcome(text, text.length, "A", parse);
    const seen = new Set<string>();
    for (let length = 0; length < text.length; length++) {
      for (const behind of ["A", "\n", "\r", " ", ":", "\xff"]) {
        const part = outcome(text, length, behind, parse);
        if (part !== "incomplete") seen.add(part);
      }
    }
    expect([...seen]).toEqual(whole.startsWith("complete") || seen.size === 0 ? [] : [whole]);
  }

  test.each(requests)("%j", (text) => {
    const head = createRequestHead(limits);
    checkCuts(text, (end) => {
      const offset = parseRequestHead(bytes, words, 32, end, head, limits);
      return [offset, offset < 0 ? `${head.status} ${head.reason}` : ""];
    });
  });

  test.each(responses)("%j", (text) => {
    const head = createResponseHead(limits);
    checkCuts(text, (end) => {
      const offset = parseResponseHead(bytes, words, 32, end, head, limits);
      return [offset, offset < 0 ? `${head.status} ${head.reason}` : ""];
    });
  });

  test("a head may end at the last byte but the parser's room", () => {
    const text = get();
    const small = new ArrayBuffer(text.length + parserRoom);
    const exact = new Uint8Array(small);
    for (let i = 0; i < text.length; i++) exact[i] = text.charCodeAt(i);
    const head = createRequestHead();
    const view = new DataView(small);
    for (let end = 0; end < text.length; end++) {
      expect(parseRequestHead(exact, view, 0, end, head, defaultHeadLimits)).toBe(0);
    }
    expect(parseRequestHead(exact, view, 0, text.length, head, defaultHeadLimits)).toBe(text.length);
  });

  test("a record that is used again holds nothing of the head before", () => {
    const head = createRequestHead();
    const parse = (text: string) => {
      for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
      return parseRequestHead(bytes, words, 0, text.length, head, defaultHeadLimits);
    };
    parse(
      lines(
        "POST https://a:1/b?c HTTP/1.1",
        "Host: h",
        "Content-Length: 5",
        "Expect: 100-continue",
        "Connection: upgrade, close",
        "Upgrade: x",
      ),
    );
    expect(head).toMatchObject({
      secure: true,
      length: 5,
      expectsContinue: true,
      upgrade: true,
      keepAlive: false,
    });
    const text = lines("GET / HTTP/1.0");
    expect(parse(text)).toBe(text.length);
    const fresh = parseRequest(text).head;
    const moved = new Set(["fields", "codes"]);
    for (const [key, value] of Object.entries(fresh).filter(([key]) => !moved.has(key))) {
      const offset = /start|end$/i.test(key) && typeof value === "number" && value >= 0 ? 7 : 0;
      expect([key, head[key as keyof typeof head]]).toEqual([key, offset ? Number(value) - offset : value]);
    }
  });
});
