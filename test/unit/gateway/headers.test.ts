import { describe, expect, test } from "vitest";
import {
  acceptableRequestId,
  headerOf,
  plainAddress,
  requestFraming,
  requestHeaders,
  responseHeaders,
} from "../../../src/gateway/forward/headers.ts";
import { errorPage, rawErrorAnswer } from "../../../src/gateway/forward/error-page.ts";
import { requestTarget } from "../../../src/gateway/forward/request-target.ts";

const edge = {
  remoteAddress: "192.0.2.7",
  localAuthority: "198.51.100.1:80",
  localPort: 80,
  scheme: "http" as const,
  httpVersion: "1.1",
  requestId: "id",
};

describe("request header", () => {
  test("keeps order, case and repeated fields; Via is added to", () => {
    const raw = ["Host", "a", "Cookie", "x=1", "cookie", "y=2", "Via", "1.0 cdn"];
    expect(requestHeaders(raw, edge, { kind: "none" }, null, null)).toEqual([
      ...["Host", "a", "Cookie", "x=1", "cookie", "y=2"],
      ...["X-Forwarded-For", "192.0.2.7", "X-Forwarded-Proto", "http"],
      ...["X-Forwarded-Host", "a", "X-Forwarded-Port", "80", "X-Real-IP", "192.0.2.7"],
      ...["X-Request-Id", "id", "Via", "1.0 cdn, 1.1 cutover"],
    ]);
  });

  test("an absolute target's authority takes Host's place, and a missing Host is made up", () => {
    expect(headerOf(requestHeaders(["Host", "a"], edge, { kind: "none" }, "b", null), "host")).toBe("b");
    expect(headerOf(requestHeaders([], edge, { kind: "none" }, null, null), "host")).toBe("198.51.100.1:80");
  });

  test("says the framing once", () => {
    const raw = ["Host", "a", "Content-Length", "3", "Transfer-Encoding", "chunked", "Trailer", "X"];
    const chunked = requestHeaders(raw, edge, { kind: "chunked" }, null, null);
    expect([headerOf(chunked, "content-length"), headerOf(chunked, "transfer-encoding")]).toEqual([
      null,
      "chunked",
    ]);
    expect(headerOf(chunked, "trailer")).toBe("X");
    const length = requestHeaders(raw, edge, { kind: "length", length: "3" }, null, null);
    expect([headerOf(length, "content-length"), headerOf(length, "transfer-encoding")]).toEqual(["3", null]);
    expect(headerOf(length, "trailer")).toBeNull();
  });

  test("the framing of a body", () => {
    expect(requestFraming([], "GET")).toEqual({ kind: "none" });
    expect(requestFraming([], "POST")).toEqual({ kind: "length", length: "0" });
    expect(requestFraming(["Content-Length", "7"], "GET")).toEqual({ kind: "length", length: "7" });
    expect(requestFraming(["transfer-encoding", "Chunked"], "GET")).toEqual({ kind: "chunked" });
    expect(requestFraming(["transfer-encoding", "gzip, chunked"], "POST")).toBeNull();
  });
});

test("a response loses hop-by-hop fields and keeps its others as they are", () => {
  const raw = [
    "Set-Cookie",
    "a",
    "Connection",
    "X-Hop",
    "X-Hop",
    "1",
    "set-cookie",
    "b",
    "Keep-Alive",
    "timeout=5",
  ];
  expect(responseHeaders(raw, true)).toEqual(["Set-Cookie", "a", "set-cookie", "b"]);
  expect(responseHeaders(["Trailer", "X"], false)).toEqual([]);
});

test("request ids that could do harm are not taken over", () => {
  expect(acceptableRequestId("4b1c-7.a:b")).toBe("4b1c-7.a:b");
  expect([
    acceptableRequestId("a b"),
    acceptableRequestId("x".repeat(200)),
    acceptableRequestId(null),
  ]).toEqual([null, null, null]);
});

test("an IPv4 address in IPv6 clothes is told plainly", () => {
  expect([plainAddress("::ffff:192.0.2.1"), plainAddress("2001:db8::1")]).toEqual([
    "192.0.2.1",
    "2001:db8::1",
  ]);
});

test("the forms of a request's target", () => {
  const of = (url: string, method = "GET", rawHeaders = ["Host", "a"]) =>
    requestTarget({ url, method, rawHeaders });
  expect(of("/a?b")).toEqual({ path: "/a?b", authority: null });
  expect(of("http://shop:81/a?b")).toEqual({ path: "/a?b", authority: "shop:81" });
  expect(of("HTTPS://shop?b")).toEqual({ path: "/?b", authority: "shop" });
  expect(of("*", "OPTIONS")).toEqual({ path: "*", authority: null });
  expect(of("/", "GET", ["Host", "a", "host", "a"])).toBeNull();
  expect([of("*"), of("shop:80"), of("http://user@shop/"), of("")]).toEqual([null, null, null, null]);
});

test("an error's form follows Accept", () => {
  expect(errorPage(502, "text/html,application/json", "id").type).toContain("text/html");
  expect(errorPage(502, "application/json, text/html", null).type).toBe("application/json");
  expect(JSON.parse(errorPage(404, undefined, "id").body)).toMatchObject({ status: 404, request: "id" });
  expect(rawErrorAnswer(431)).toMatch(/^HTTP\/1.1 431 [\s\S]+Connection: close\r\n\r\n\{/);
});
