import { afterAll, beforeAll, describe, expect } from "vitest";
import { type Bench, expectRefused, get, startBench } from "../../support/conformance.ts";
import { fieldOf, valuesOf } from "../../support/http1-message.ts";
import { rule } from "../../support/rule.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench[Symbol.asyncDispose]());

async function forwarded(fields: string) {
  bench.takeSeen();
  const response = await bench.ask(get("/x", fields));
  expect(response.status).toBe(200);
  const [exchange] = bench.takeSeen();
  if (exchange === undefined) throw new Error("nothing reached the target");
  return exchange.request;
}

describe("field lines", () => {
  const wrong: [section: string, what: string, lines: string][] = [
    ["5.1", "white space before the colon", "A : b\r\n"],
    ["5.1", "a tab before the colon", "A\t: b\r\n"],
    ["5.1", "a line without a colon", "A\r\n"],
    ["5.1", "an empty name", ": b\r\n"],
    ["5.1", "a space in a name", "A B: c\r\n"],
    ["5.1", "a byte above 127 in a name", "A\x80: b\r\n"],
    ["5.1", "a control character in a name", "A\x01: b\r\n"],
    ["5.1", "a separator in a name", "A(b): c\r\n"],
    ["5.2", "a folded line", "A: b\r\n c\r\n"],
    ["5.2", "a line folded with a tab", "A: b\r\n\tc\r\n"],
    ["5.2", "an empty value that is folded", "A:\r\n b\r\n"],
    ["2.2", "a field line that begins with a space", " A: b\r\n"],
    ["2.2", "a bare LF at a line's end", "A: b\n"],
    ["2.2", "a bare LF in a value", "A: b\nC: d\r\n"],
    ["2.2", "a bare CR in a value", "A: b\rc\r\n"],
    ["2.2", "CR CR LF at a line's end", "A: b\r\r\n"],
  ];
  for (const [section, what, lines] of wrong) {
    rule(`RFC 9112 §${section}: ${what} is answered 400`, () => expectRefused(bench, get("/x", lines), 400));
  }

  rule("RFC 9112 §2.2: white space between the request line and the first field is refused", () =>
    expectRefused(bench, "GET /x HTTP/1.1\r\n Host: h\r\n\r\n", 400),
  );

  rule("RFC 9112 §2.2: a head that ends with bare LFs is refused", () =>
    expectRefused(bench, "GET /x HTTP/1.1\r\nHost: h\r\nA: b\n\nGET /y HTTP/1.1\r\nHost: h\r\n\r\n", 400),
  );

  for (const [what, byte] of [
    ["NUL", "\x00"],
    ["a control character", "\x07"],
    ["a vertical tab", "\x0b"],
    ["a form feed", "\x0c"],
    ["DEL", "\x7f"],
  ]) {
    rule(`RFC 9110 §5.5: ${what} in a value is answered 400`, () =>
      expectRefused(bench, get("/x", `A: b${byte}c\r\n`), 400),
    );
  }

  rule("RFC 9110 §5.5: bytes above 127 in a value pass to the letter", async () => {
    expect(fieldOf(await forwarded("A: \xe4\xf6\xfc\xff\x80\r\n"), "a")).toBe("\xe4\xf6\xfc\xff\x80");
  });

  rule("RFC 9110 §5.5: an empty value and a tab in a value pass", async () => {
    const request = await forwarded("Empty:\r\nTab: a\tb\r\n");
    expect([fieldOf(request, "empty"), fieldOf(request, "tab")]).toEqual(["", "a\tb"]);
  });

  rule("RFC 9110 §5.3: fields of one name keep their order and stay apart", async () => {
    const request = await forwarded("X-A: 1\r\nX-B: 2\r\nX-A: 3\r\nCookie: a=1\r\nCookie: b=2\r\n");
    expect(valuesOf(request, "x-a")).toEqual(["1", "3"]);
    expect(valuesOf(request, "cookie")).toEqual(["a=1", "b=2"]);
  });

  rule("RFC 9110 §5.1: a name passes in the letters it was sent in", async () => {
    expect((await forwarded("x-MiXeD: 1\r\n")).head).toContain("\r\nx-MiXeD: 1\r\n");
  });
});

describe("limits", () => {
  rule("RFC 6585 §5: a head of 15 KiB and one of a hundred fields pass", async () => {
    const value = "b".repeat(15_000);
    expect(fieldOf(await forwarded(`A: ${value}\r\n`), "a")).toBe(value);
    expect(valuesOf(await forwarded("A: b\r\n".repeat(100)), "a")).toHaveLength(100);
  });

  rule("RFC 6585 §5: a head above 32 KiB is answered 431", () =>
    expectRefused(bench, get("/x", `A: ${"b".repeat(40_000)}\r\n`), 431),
  );

  rule("RFC 6585 §5: a head that never ends is answered 431", () =>
    expectRefused(bench, `GET /x HTTP/1.1\r\nHost: h\r\n${"A: b\r\n".repeat(7_000)}`, 431),
  );

  rule("RFC 6585 §5: three hundred fields are answered 431", () =>
    expectRefused(bench, get("/x", "A: b\r\n".repeat(300)), 431),
  );
});

describe("Connection and fields of the hop", () => {
  rule("RFC 9110 §7.6.1: fields of the hop are not passed on", async () => {
    const request = await forwarded(
      "Connection: keep-alive\r\nKeep-Alive: 5\r\nProxy-Connection: a\r\nTE: trailers\r\nUpgrade: h2c\r\nX-Keep: yes\r\n",
    );
    const names = request.fields.map(([name]) => name.toLowerCase());
    for (const name of ["keep-alive", "proxy-connection", "te", "upgrade"]) expect(names).not.toContain(name);
    expect(fieldOf(request, "connection") ?? "keep-alive").toMatch(/^keep-alive$/i);
    expect(fieldOf(request, "x-keep")).toBe("yes");
  });

  rule("RFC 9110 §7.6.1: fields that Connection names are not passed on, wherever they stand", async () => {
    const request = await forwarded(
      "X-Before: 1\r\nConnection: keep-alive, x-before ,X-AFTER,, x-absent\r\nX-After: 1\r\nConnection: x-third\r\nX-Third: 1\r\nX-Keep: yes\r\n",
    );
    const names = request.fields.map(([name]) => name.toLowerCase());
    for (const name of ["x-before", "x-after", "x-third"]) expect(names).not.toContain(name);
    expect(fieldOf(request, "x-keep")).toBe("yes");
  });

  for (const value of [
    "host",
    "transfer-encoding",
    "content-length",
    "x-forwarded-for",
    "X-Real-IP",
    "a b",
  ]) {
    rule(`RFC 9110 §7.6.1: Connection that names ${value} is answered 400`, () =>
      expectRefused(bench, get("/x", `Connection: ${value}\r\n`), 400),
    );
  }

  rule("RFC 9110 §7.6.1: fields of the target's hop are not passed to the client", async () => {
    bench.on("/hop", (exchange) =>
      exchange.answer(
        "ok",
        "Connection: keep-alive, X-Drop\r\nX-Drop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: a\r\nX-Keep: 2\r\n",
      ),
    );
    const response = await bench.ask(get("/hop"));
    const names = response.fields.map(([name]) => name.toLowerCase());
    for (const name of ["x-drop", "proxy-connection"]) expect(names).not.toContain(name);
    expect(response.head).not.toContain("timeout=5");
    expect(fieldOf(response, "x-keep")).toBe("2");
  });
});
