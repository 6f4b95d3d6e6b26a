import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import { clientFields } from "../../../../src/gateway/edge/forwarding-fields.ts";
import { directClient } from "../../../../src/gateway/edge/client-identity.ts";
import { createRequestHead, defaultHeadLimits } from "../../../../src/gateway/http1/head.ts";
import { parseRequestHead } from "../../../../src/gateway/http1/request-head.ts";
import { type RequestAdditions, composeRequest } from "../../../../src/gateway/proxy/compose-request.ts";
import { Block } from "../../../../src/gateway/transport/block.ts";

const head = createRequestHead();
const valid = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const other = "00-11111111111111111111111111111111-2222222222222222-00";

interface Composition {
  first: string;
  /** The client's fields that stay. */
  own: string[];
  /** What the gateway says, by name. */
  added: Record<string, string>;
  /** All field lines in order. */
  lines: string[];
  body: string;
  id: string;
}

function composed(text: string, additions: Partial<RequestAdditions> = {}, upgrade = false): Composition {
  const block = new Block(text.length);
  const end = block.start + block.readable.write(text, "latin1");
  expect(
    parseRequestHead(block.bytes, block.words, block.start, end, head, defaultHeadLimits),
  ).toBeGreaterThan(0);
  const to = new Block(text.length + 8_192);
  const fields = clientFields(directClient("192.0.2.1", 80, false), false);
  const where = { end: 0, headEnd: 0, idStart: 0, idEnd: 0 };
  composeRequest(
    to,
    block.bytes,
    head,
    end,
    {
      fields: head.minor === 1 ? fields.fields : fields.fields10,
      localAuthority: Buffer.from("10.0.0.1:8080"),
      host: null,
      forwardedHost: null,
      forwarded: null,
      ...additions,
    },
    upgrade,
    where,
  );
  const made = (from: number, until: number) => Buffer.from(to.bytes.slice(from, until)).toString("latin1");
  const whole = made(to.start, where.headEnd);
  expect(whole.endsWith("\r\n\r\n")).toBe(true);
  const [first = "", ...lines] = whole.slice(0, -4).split("\r\n");
  const border = lines.findIndex((line) => /^(?:Host: .*rewritten|X-Forwarded-For)/.test(line));
  const added = lines.slice(border).map((line) => line.split(/: (.*)/) as [string, string]);
  return {
    first,
    own: lines.slice(0, border),
    added: Object.fromEntries(added),
    lines,
    body: made(where.headEnd, where.end),
    id: made(where.idStart, where.idEnd),
  };
}

describe("a request on its way to a target", () => {
  it("keeps what the client said, and says who it is for", () => {
    const { first, own, added, id } = composed("GET /a?b HTTP/1.1\r\nHost: shop\r\nUser-Agent: x\r\n\r\n");
    expect(first).toBe("GET /a?b HTTP/1.1");
    expect(own).toEqual(["Host: shop", "User-Agent: x"]);
    expect(Object.keys(added)).toEqual([
      "X-Forwarded-For",
      "X-Forwarded-Proto",
      "X-Forwarded-Port",
      "X-Real-IP",
      "Via",
      "X-Forwarded-Host",
      "X-Request-Id",
      "traceparent",
    ]);
    expect(added["X-Forwarded-For"]).toBe("192.0.2.1");
    expect(added["X-Forwarded-Host"]).toBe("shop");
    expect(added.Via).toBe("1.1 cutover");
    expect(added["X-Request-Id"]).toBe(id);
    expect(added.traceparent).toMatch(new RegExp(`^00-${id}-[0-9a-f]{16}-00$`));
  });

  it("does without what only the gateway may say, and what ends here (RFC 9110 section 7.6.1)", () => {
    const gone = [
      "Connection: keep-alive, X-Named",
      "Keep-Alive: timeout=5",
      "X-Named: 1",
      "Proxy-Connection: close",
      "TE: trailers",
      "Upgrade: h2c",
      "HTTP2-Settings: x",
      "X-Forwarded-For: 1.2.3.4",
      "X-Forwarded-Proto: https",
      "X-Forwarded-Host: evil",
      "X-Forwarded-Port: 1",
      "X-Forwarded-Server: s",
      "X-Real-IP: 1.2.3.4",
      "Forwarded: for=1.2.3.4",
      "X_Forwarded_For: 1.2.3.4",
      "Trailer: X-T",
    ];
    const kept = ["Accept: */*", "Cookie: a=b", "Via: 1.0 fred", "X-Last: 1"];
    // Runs of one and of several lines, at both ends and between.
    const lines = [
      ...gone.slice(0, 3),
      kept[0],
      gone[3],
      kept[1],
      ...gone.slice(4, 9),
      kept[2],
      ...gone.slice(9),
    ];
    const { own } = composed(
      `GET / HTTP/1.1\r\n${lines.join("\r\n")}\r\nHost: h\r\n${kept[3]}\r\nTE: x\r\n\r\n`,
    );
    expect(own).toEqual([...kept.slice(0, 3), "Host: h", kept[3]]);
  });

  it("keeps Trailer with chunks, and the body that is there", () => {
    const { own, body } = composed(
      "POST / HTTP/1.1\r\nHost: h\r\nTrailer: X-T\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    );
    expect(own).toEqual(["Host: h", "Trailer: X-T", "Transfer-Encoding: chunked"]);
    expect(body).toBe("3\r\nabc\r\n");
  });

  it("is of HTTP/1.1, with a Host, where the client spoke HTTP/1.0", () => {
    const { first, added, lines } = composed("GET /x HTTP/1.0\r\nAccept: a\r\n\r\n");
    expect(first).toBe("GET /x HTTP/1.1");
    expect(lines).toContain("Host: 10.0.0.1:8080");
    expect(added.Via).toBe("1.0 cutover");
    expect(added["X-Forwarded-Host"]).toBe("10.0.0.1:8080");
  });

  it.each([
    ["http://other:81/p?q", "GET /p?q HTTP/1.1"],
    ["http://other:81", "GET / HTTP/1.1"],
    ["http://other:81?q", "GET /?q HTTP/1.1"],
  ])("has the origin form for %s, and its authority as Host (RFC 9112 section 3.2.2)", (target, first) => {
    const request = composed(`GET ${target} HTTP/1.1\r\nHost: ignored\r\n\r\n`);
    expect(request.first).toBe(first);
    expect(request.lines.filter((line) => line.startsWith("Host:"))).toEqual(["Host: other:81"]);
    expect(request.added["X-Forwarded-Host"]).toBe("other:81");
  });

  it("asks for the server as a whole where the target of OPTIONS has no path (RFC 9112 section 3.2.4)", () => {
    expect(composed("OPTIONS http://other HTTP/1.1\r\nHost: x\r\n\r\n").first).toBe("OPTIONS * HTTP/1.1");
    expect(composed("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n").first).toBe("OPTIONS * HTTP/1.1");
  });

  it("names another Host where a service wants it, and the client's as forwarded", () => {
    const { lines, added } = composed("GET / HTTP/1.1\r\nHost: shop\r\nA: b\r\n\r\n", {
      host: Buffer.from("inner"),
    });
    expect(lines.filter((line) => line.startsWith("Host:"))).toEqual(["Host: inner"]);
    expect(added["X-Forwarded-Host"]).toBe("shop");
  });

  it("passes on what a trusted proxy said of the host", () => {
    const { added } = composed("GET / HTTP/1.1\r\nHost: shop\r\n\r\n", {
      forwardedHost: Buffer.from("outer"),
      forwarded: Buffer.from("Forwarded: for=192.0.2.1;proto=http"),
    });
    expect(added["X-Forwarded-Host"]).toBe("outer");
    expect(added.Forwarded).toBe('for=192.0.2.1;proto=http;host="shop"');
  });

  it("keeps an acceptable request id, the first, and has one of its own otherwise", () => {
    const two = composed(
      "GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: {bad}\r\nX-Request-Id: good-1\r\nX-Request-Id: b\r\n\r\n",
    );
    expect(two.id).toBe("good-1");
    expect(two.lines.filter((line) => line.startsWith("X-Request-Id"))).toEqual(["X-Request-Id: good-1"]);
    expect(two.added.traceparent).not.toContain("good");
    expect(composed("GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: a b\r\n\r\n").id).toMatch(/^[0-9a-f]{32}$/);
  });

  it.each([
    [
      "a valid one",
      [`traceparent: ${valid}`, "tracestate: a=b"],
      [`traceparent: ${valid}`, "tracestate: a=b"],
    ],
    [
      "the state before it",
      ["tracestate: a=b", `traceparent: ${valid}`],
      ["tracestate: a=b", `traceparent: ${valid}`],
    ],
    ["a bad one", ["traceparent: 00-bad", "tracestate: a=b"], []],
    ["none", ["tracestate: a=b"], []],
    ["two valid ones", [`traceparent: ${valid}`, `traceparent: ${other}`], [`traceparent: ${valid}`]],
    [
      "a bad one and a valid one",
      ["traceparent: 00-bad", "tracestate: a=b", `traceparent: ${valid}`],
      ["tracestate: a=b", `traceparent: ${valid}`],
    ],
  ])("belongs to one trace: %s", (_, lines, kept) => {
    const request = composed(`GET / HTTP/1.1\r\nHost: h\r\n${lines.join("\r\n")}\r\n\r\n`);
    expect(request.own.slice(1)).toEqual(kept);
    const parents = request.lines.filter((line) => line.startsWith("traceparent"));
    expect(parents).toHaveLength(1);
  });

  it("asks for the upgrade that the client asks for", () => {
    const text = "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    expect(composed(text, {}, true).lines.slice(-2)).toEqual(["Connection: Upgrade", "Upgrade: websocket"]);
    expect(composed(text).lines.join()).not.toContain("pgrade");
  });

  it.each([
    ["POST", true],
    ["PUT", true],
    ["PATCH", true],
    ["PROPFIND", true],
    ["GET", false],
    ["DELETE", false],
    ["HEAD", false],
  ])("says that there is no body where one is expected: %s (RFC 9110 section 8.6)", (method, says) => {
    const { lines } = composed(`${method} / HTTP/1.1\r\nHost: h\r\n\r\n`);
    expect(lines.includes("Content-Length: 0")).toBe(says);
  });
});
