import { afterAll, beforeAll, describe, expect } from "vitest";
import { type Bench, expectRefused, get, startBench } from "../../support/conformance.ts";
import { fieldOf } from "../../support/http1-message.ts";
import { rule } from "../../support/rule.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench[Symbol.asyncDispose]());

const host = "Host: h\r\n";

/** What reached the target for these bytes. */
async function forwarded(bytes: string) {
  bench.takeSeen();
  const response = await bench.ask(bytes);
  expect(response.status).toBe(200);
  const [exchange] = bench.takeSeen();
  if (exchange === undefined) throw new Error("nothing reached the target");
  return exchange;
}

describe("the request line", () => {
  const wrong: [what: string, line: string, ...statuses: number[]][] = [
    ["two spaces after the method", "GET  /x HTTP/1.1\r\n", 400],
    ["two spaces before the version", "GET /x  HTTP/1.1\r\n", 400],
    ["a tab between its parts", "GET\t/x\tHTTP/1.1\r\n", 400],
    ["white space before the method", " GET /x HTTP/1.1\r\n", 400],
    ["white space after the version", "GET /x HTTP/1.1 \r\n", 400],
    ["a bare LF at its end", "GET /x HTTP/1.1\n", 400],
    ["a bare CR in it", "GET /x\rHTTP/1.1\r\n", 400],
    ["no target", "GET HTTP/1.1\r\n", 400],
    ["no version", "GET /x\r\n", 400],
    ["a fourth word", "GET /x y HTTP/1.1\r\n", 400],
    ["a method that is no token", "G@T /x HTTP/1.1\r\n", 400],
    ["NUL in the target", "GET /x\x00 HTTP/1.1\r\n", 400],
    ["a control character in the target", "GET /x\x1f HTTP/1.1\r\n", 400],
    ["DEL in the target", "GET /x\x7f HTTP/1.1\r\n", 400],
    ["a byte above 127 in the target", "GET /\xff HTTP/1.1\r\n", 400],
    ["a fragment in the target", "GET /x#y HTTP/1.1\r\n", 400],
  ];
  for (const [what, line, ...statuses] of wrong) {
    rule(`RFC 9112 §3: ${what} is answered 400`, () =>
      expectRefused(bench, `${line}${host}\r\n`, ...statuses),
    );
  }

  const versions: [version: string, ...statuses: number[]][] = [
    ["HTTP/2.0", 400, 505],
    ["HTTP/1.12", 400, 505],
    ["HTTP/1.2", 400, 505],
    ["HTTP/11", 400],
    ["http/1.1", 400],
    ["HTTP/1", 400, 505],
    ["HTTP/0.9", 400, 505],
    ["HTTPS/1.1", 400],
  ];
  for (const [version, ...statuses] of versions) {
    rule(`RFC 9112 §2.3: the version ${version} is refused`, () =>
      expectRefused(bench, `GET /x ${version}\r\n${host}\r\n`, ...statuses),
    );
  }

  rule("RFC 9113 §3.4: the preface of HTTP/2 is refused", () =>
    expectRefused(bench, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, 505),
  );

  rule("RFC 9112 §2.2: a TLS greeting is refused at once", () =>
    expectRefused(bench, "\x16\x03\x01\x02\x00\x01\x00".padEnd(60, "\x01"), 400),
  );

  rule("RFC 9112 §2.2: one empty line before a request is skipped", async () => {
    const exchange = await forwarded(`\r\n${get("/after-empty-line")}`);
    expect(exchange.request.startLine).toBe("GET /after-empty-line HTTP/1.1");
  });

  rule("RFC 9112 §2.2: a bare LF before a request is refused", () =>
    expectRefused(bench, `\n${get("/x")}`, 400),
  );

  rule("RFC 9110 §9.1: a method that the gateway does not know passes, to the letter", async () => {
    const exchange = await forwarded(`ReBIND /m HTTP/1.1\r\n${host}\r\n`);
    expect(exchange.request.startLine).toBe("ReBIND /m HTTP/1.1");
  });

  rule("RFC 9110 §9.3.6: CONNECT is answered 405", () =>
    expectRefused(bench, "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 405),
  );
});

describe("the request target", () => {
  rule("RFC 9112 §3.2.1: path and query pass to the letter, not decoded and not made neat", async () => {
    const exchange = await forwarded(get('/a/../b//c;d=1/%2e%2F%zz?q=[]{}|\\^`"<>&x=%00'));
    expect(exchange.url).toBe('/a/../b//c;d=1/%2e%2F%zz?q=[]{}|\\^`"<>&x=%00');
  });

  rule("RFC 9112 §3.2.1: a target that begins with neither a slash nor a scheme is refused", () =>
    expectRefused(bench, `GET x HTTP/1.1\r\n${host}\r\n`, 400),
  );

  rule("RFC 9112 §3.2.2: the authority of an absolute target takes Host's place", async () => {
    const exchange = await forwarded("GET http://other.test:81/p?q HTTP/1.1\r\nHost: h\r\n\r\n");
    expect(exchange.url).toBe("/p?q");
    expect(fieldOf(exchange.request, "host")).toBe("other.test:81");
    expect(fieldOf(exchange.request, "x-forwarded-host")).toBe("other.test:81");
  });

  rule("RFC 9112 §3.2.2: an absolute target without a path asks for /", async () => {
    const exchange = await forwarded("GET http://other.test HTTP/1.1\r\nHost: h\r\n\r\n");
    expect(exchange.url).toBe("/");
    expect((await forwarded("GET http://other.test?q HTTP/1.1\r\nHost: h\r\n\r\n")).url).toBe("/?q");
  });

  rule("RFC 9112 §3.2.4: OPTIONS of an absolute target without a path becomes OPTIONS *", async () => {
    const exchange = await forwarded("OPTIONS http://other.test HTTP/1.1\r\nHost: h\r\n\r\n");
    expect(exchange.request.startLine).toBe("OPTIONS * HTTP/1.1");
  });

  rule("RFC 9112 §3.2.2: an absolute target does not make up for a Host that is missing", () =>
    expectRefused(bench, "GET http://other.test/ HTTP/1.1\r\n\r\n", 400),
  );

  for (const target of ["http:///x", "http://a@b/", "http://a b/", "http://", "ftp://a/", "http:/x"]) {
    rule(`RFC 9112 §3.2.2: the target ${target} is refused`, () =>
      expectRefused(bench, `GET ${target} HTTP/1.1\r\n${host}\r\n`, 400),
    );
  }

  rule("RFC 9110 §7.4: an absolute target with https on a plain listener is answered 421", async () => {
    bench.takeSeen();
    const response = await bench.ask("GET https://h/ HTTP/1.1\r\nHost: h\r\n\r\n");
    expect(response.status).toBe(421);
    expect(bench.takeSeen()).toEqual([]);
  });

  rule("RFC 9112 §3.2.3: an authority as target is refused but for CONNECT", () =>
    expectRefused(bench, "GET h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n", 400),
  );

  rule("RFC 9112 §3.2.4: OPTIONS * passes as it is", async () => {
    const exchange = await forwarded("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n");
    expect(exchange.request.startLine).toBe("OPTIONS * HTTP/1.1");
  });

  rule("RFC 9112 §3.2.4: * is refused but for OPTIONS", () =>
    expectRefused(bench, "GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400),
  );
});

describe("Host", () => {
  const wrong: [what: string, lines: string][] = [
    ["no Host", ""],
    ["two Host fields", "Host: h\r\nHost: h\r\n"],
    ["two Host fields in other letters", "Host: h\r\nhOST: i\r\n"],
    ["a space in it", "Host: a b\r\n"],
    ["a path in it", "Host: a/b\r\n"],
    ["a user in it", "Host: a@b\r\n"],
    ["a list", "Host: a, b\r\n"],
    ["a port that is no number", "Host: a:b\r\n"],
    ["a port above 65535", "Host: a:65536\r\n"],
    ["a bracket that is not closed", "Host: [::1\r\n"],
    ["a query in it", "Host: a?b\r\n"],
    ["a fragment in it", "Host: a#b\r\n"],
    ["a backslash in it", "Host: a\\b\r\n"],
  ];
  for (const [what, lines] of wrong) {
    rule(`RFC 9112 §3.2: ${what} is answered 400`, () =>
      expectRefused(bench, `GET /x HTTP/1.1\r\n${lines}\r\n`, 400),
    );
  }

  for (const value of ["h", "h:80", "[::1]:8080", "EXAMPLE.test", "under_score.test", "192.0.2.1"]) {
    rule(`RFC 9112 §3.2: Host ${value} passes to the letter`, async () => {
      const exchange = await forwarded(`GET /x HTTP/1.1\r\nHost: ${value}\r\n\r\n`);
      expect(fieldOf(exchange.request, "host")).toBe(value);
    });
  }

  rule("RFC 9112 §3.2: an HTTP/1.0 request without Host passes with one", async () => {
    const exchange = await forwarded("GET /old HTTP/1.0\r\n\r\n");
    expect(exchange.request.startLine).toBe("GET /old HTTP/1.1");
    expect(fieldOf(exchange.request, "host")).not.toBeNull();
  });
});

describe("limits", () => {
  rule("RFC 9112 §3: a request line of 8,000 bytes passes", async () => {
    const path = `/${"a".repeat(7_980)}`;
    expect((await forwarded(get(path))).url).toBe(path);
  });

  rule("RFC 9110 §15.5.15: a longer one is answered 414", () =>
    expectRefused(bench, get(`/${"a".repeat(20_000)}`), 414),
  );

  rule("RFC 9110 §15.5.15: a request line that never ends is answered 414", () =>
    expectRefused(bench, `GET /${"a".repeat(40_000)}`, 414),
  );
});
