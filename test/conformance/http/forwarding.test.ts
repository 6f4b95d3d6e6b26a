import { afterAll, beforeAll, describe, expect } from "vitest";
import { type Bench, get, startBench } from "../../support/conformance.ts";
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

const uuid = /^[\w-]{16,128}$/;
const traceparent = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

describe("fields about the client", () => {
  rule("X-Forwarded-*: the gateway says who asks, how and for what", async () => {
    const request = await forwarded("");
    const says = ["for", "proto", "host", "port"].map((name) => valuesOf(request, `x-forwarded-${name}`));
    expect(says).toEqual([["127.0.0.1"], ["http"], ["h"], [String(bench.gateway.httpPort)]]);
    expect(valuesOf(request, "x-real-ip")).toEqual(["127.0.0.1"]);
  });

  rule("X-Forwarded-*: what a client that is no trusted proxy says there is replaced", async () => {
    const request = await forwarded(
      "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 6.6.6.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Port: 443\r\nX-Forwarded-Server: evil\r\nX-Real-IP: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\n",
    );
    expect(request.head).not.toMatch(/6\.6\.6|evil|https/);
    expect(valuesOf(request, "x-forwarded-for")).toEqual(["127.0.0.1"]);
    expect(valuesOf(request, "x-forwarded-port")).toEqual([String(bench.gateway.httpPort)]);
  });

  rule("RFC 3875 §4.1.18: so is what it says with underscores, or with both", async () => {
    const request = await forwarded(
      "X_Forwarded_For: 6.6.6.6\r\nX-Forwarded_For: 6.6.6.6\r\nx_real_ip: 6.6.6.6\r\nX_REQUEST_ID: evil\r\nX_Forwarded-Proto: https\r\nX_Kept: yes\r\n",
    );
    expect(request.head).not.toMatch(/6\.6\.6|evil|https/);
    expect(fieldOf(request, "x_kept")).toBe("yes");
  });

  rule("RFC 9110 §7.6.3: Via is added behind the client's own, with the version it spoke", async () => {
    const own = fieldOf(await forwarded(""), "via");
    expect(own).toMatch(/^1\.1 \S+$/);
    const request = await forwarded("Via: 1.0 fred\r\nVia: 1.1 p.example.net\r\n");
    expect(fieldOf(request, "via")).toBe(`1.0 fred, 1.1 p.example.net, ${own}`);
    bench.takeSeen();
    await bench.ask("GET /x HTTP/1.0\r\n\r\n");
    const [old] = bench.takeSeen();
    expect(old && fieldOf(old.request, "via")).toBe(own?.replace("1.1", "1.0"));
  });

  rule("RFC 9110 §7.2: Host passes", async () => {
    expect(valuesOf(await forwarded(""), "host")).toEqual(["h"]);
  });
});

describe("ids", () => {
  rule("X-Request-Id: one is made for a request that has none, another one for each", async () => {
    const ids = [await forwarded(""), await forwarded("")].map((each) => fieldOf(each, "x-request-id"));
    expect(ids[0]).toMatch(uuid);
    expect(ids[1]).toMatch(uuid);
    expect(ids[0]).not.toBe(ids[1]);
  });

  rule("X-Request-Id: a harmless one is kept", async () => {
    for (const id of ["abc-123", "a.b:c_d", "x".repeat(128)]) {
      expect(valuesOf(await forwarded(`X-Request-Id: ${id}\r\n`), "x-request-id")).toEqual([id]);
    }
  });

  rule("X-Request-Id: one that is long, empty or odd is replaced, and so are two", async () => {
    for (const id of ["x".repeat(129), "", "a b", "a;b", '"a"', "<script>", "\xe4"]) {
      const [made, ...more] = valuesOf(await forwarded(`X-Request-Id: ${id}\r\n`), "x-request-id");
      expect([made !== id, more]).toEqual([true, []]);
      expect(made).toMatch(uuid);
    }
    const two = valuesOf(await forwarded("X-Request-Id: a-1\r\nX-Request-Id: b-2\r\n"), "x-request-id");
    expect(two).toHaveLength(1);
  });

  rule("Trace Context §3.2: a valid traceparent is kept, with its tracestate", async () => {
    const value = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const request = await forwarded(`traceparent: ${value}\r\ntracestate: a=b,c=d\r\n`);
    expect(valuesOf(request, "traceparent")).toEqual([value]);
    expect(fieldOf(request, "tracestate")).toBe("a=b,c=d");
  });

  rule("Trace Context §3.2: one is made where there is none", async () => {
    expect(fieldOf(await forwarded(""), "traceparent")).toMatch(traceparent);
  });

  for (const value of [
    "00-00000000000000000000000000000000-b7ad6b7169203331-01",
    "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
    "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
    "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-02",
    "nonsense",
  ]) {
    rule(`Trace Context §3.2.2: the traceparent ${value} is replaced`, async () => {
      const [made, ...more] = valuesOf(await forwarded(`traceparent: ${value}\r\n`), "traceparent");
      expect([made !== value, more]).toEqual([true, []]);
      expect(made).toMatch(traceparent);
    });
  }
});

describe("what passes", () => {
  rule("RFC 9110 §7.7: fields of a request pass to the letter", async () => {
    const request = await forwarded(
      "Accept: */*\r\nAuthorization: Basic eDp5\r\nCookie: a=b; c=d\r\nUser-Agent: x\r\nAccept-Encoding: br\r\nRange: bytes=0-\r\nX-Odd:  two  spaces \t\r\n",
    );
    expect(fieldOf(request, "authorization")).toBe("Basic eDp5");
    expect(fieldOf(request, "cookie")).toBe("a=b; c=d");
    expect(fieldOf(request, "accept-encoding")).toBe("br");
    expect(fieldOf(request, "range")).toBe("bytes=0-");
    expect(fieldOf(request, "x-odd")).toBe("two  spaces");
  });

  rule("RFC 9110 §7.7: fields of a response pass to the letter, and none is added but Via", async () => {
    const own =
      'Date: Mon, 23 Nov 2026 12:00:00 GMT\r\nServer: x\r\nContent-Encoding: br\r\nETag: "a"\r\nx-MiXeD:  1 \r\n';
    bench.on("/fields", (exchange) => exchange.answer("ok", own));
    const response = await bench.ask(get("/fields"));
    const names = response.fields.map(([name]) => name).filter((name) => !/^(via|connection)$/i.test(name));
    expect(names.sort()).toEqual(["Content-Encoding", "Content-Length", "Date", "ETag", "Server", "x-MiXeD"]);
    expect(fieldOf(response, "x-mixed")).toBe("1");
  });
});
