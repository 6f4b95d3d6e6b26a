import { Buffer } from "node:buffer";
import { beforeEach, describe, expect, it } from "vitest";
import { Framing, createResponseHead, defaultHeadLimits } from "../../../../src/gateway/http1/head.ts";
import { parseResponseHead } from "../../../../src/gateway/http1/response-head.ts";
import { ResponseRelay } from "../../../../src/gateway/proxy/response-relay.ts";
import { Block } from "../../../../src/gateway/transport/block.ts";
import { ReadBlocks } from "../../../../src/gateway/transport/read-blocks.ts";
import { Written } from "../../../../src/gateway/transport/transport.ts";
import { MockConnection } from "./mock-transport.ts";

const blocks = new ReadBlocks();
const head = createResponseHead();
let client: MockConnection;
let relay: ResponseRelay;

beforeEach(() => {
  const shared = new Block(1_024);
  shared.shared = true;
  client = new MockConnection(blocks, shared);
  relay = new ResponseRelay();
});

function blockOf(text: string): { block: Block; end: number } {
  const block = new Block(text.length);
  return { block, end: block.start + block.readable.write(text, "latin1") };
}

interface Answer {
  framing: Framing;
  minor?: 0 | 1;
  goOn?: boolean;
  fields?: string;
}

function sendHead(text: string, { framing, minor = 1, goOn = true, fields }: Answer): Written {
  const { block, end } = blockOf(text);
  expect(
    parseResponseHead(block.bytes, block.words, block.start, end, head, defaultHeadLimits),
  ).toBeGreaterThan(0);
  relay.watch(block.bytes, head);
  const added = fields === undefined ? null : Buffer.from(fields);
  return relay.head(client, block, head, framing, end, minor, goOn, added);
}

function sendBody(text: string): Written {
  const { block, end } = blockOf(text);
  return relay.body(client, block, block.start, end);
}

describe("an answer on its way to the client", () => {
  it("of a length goes as it is", () => {
    sendHead("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc", { framing: Framing.length });
    sendBody("def");
    relay.finish(client);
    expect(client.text).toBe("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcdef");
    expect([relay.bytes, relay.status, relay.started, relay.goesOn]).toEqual([6, 200, true, true]);
  });

  it("that ends with the target's connection comes in chunks, so that the client's goes on", () => {
    sendHead("HTTP/1.1 200 OK\r\n\r\nabc", { framing: Framing.untilClose });
    sendBody("defghijklmnopqrs");
    sendBody("");
    relay.finish(client);
    expect(client.text).toBe(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n10\r\ndefghijklmnopqrs\r\n0\r\n\r\n",
    );
    expect([relay.goesOn, relay.endsWithConnection]).toEqual([true, false]);
  });

  it("has no chunk of nothing, which would be the last", () => {
    sendHead("HTTP/1.1 200 OK\r\n\r\n", { framing: Framing.untilClose });
    relay.finish(client);
    expect(client.text).toBe("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  });

  it.each([
    ["chunks", Framing.chunked, "Transfer-Encoding: chunked\r\nTrailer: X-T\r\n"],
    ["the connection's end", Framing.untilClose, ""],
  ])(
    "for a client of HTTP/1.0 ends with the connection, where the target ends it with %s",
    (_, framing, fields) => {
      sendHead(`HTTP/1.1 200 OK\r\n${fields}Server: s\r\n\r\n`, { framing, minor: 0 });
      sendBody("content");
      relay.finish(client);
      expect(client.text).toBe("HTTP/1.1 200 OK\r\nConnection: close\r\nServer: s\r\n\r\ncontent");
      expect([relay.goesOn, relay.endsWithConnection]).toEqual([false, true]);
    },
  );

  it.each<[0 | 1, boolean, string]>([
    [1, true, ""],
    [1, false, "Connection: close\r\n"],
    [0, true, "Connection: keep-alive\r\n"],
    [0, false, "Connection: close\r\n"],
  ])("says to a client of HTTP/1.%i whether the connection goes on: %s", (minor, goOn, says) => {
    sendHead("HTTP/1.1 204 No Content\r\nConnection: whatever\r\n\r\n", {
      framing: Framing.none,
      minor,
      goOn,
    });
    expect(client.text).toBe(`HTTP/1.1 204 No Content\r\n${says}\r\n`);
    expect(relay.goesOn).toBe(goOn);
  });

  it("gets lines of the gateway's own beside what it needs", () => {
    sendHead("HTTP/1.1 200 OK\r\n\r\n", {
      framing: Framing.untilClose,
      goOn: false,
      fields: "Set-Cookie: a=b\r\n",
    });
    expect(client.text).toBe(
      "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nSet-Cookie: a=b\r\n\r\n",
    );
  });

  it("tells what came of each write", () => {
    client.congested = true;
    expect(sendHead("HTTP/1.1 200 OK\r\n\r\nabc", { framing: Framing.untilClose })).toBe(Written.queued);
    expect(sendBody("x")).toBe(Written.queued);
    client.congested = false;
    client.flush();
    expect(client.text.endsWith("3\r\nabc\r\n1\r\nx\r\n")).toBe(true);
    expect(client.faults).toEqual([]);
    client.broken = true;
    expect(sendBody("y")).toBe(Written.refused);
  });

  it("begins anew for the next request", () => {
    sendHead("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nabc", {
      framing: Framing.untilClose,
    });
    relay.reset();
    expect(relay).toMatchObject({
      started: false,
      status: 0,
      bytes: 0,
      goesOn: false,
      endsWithConnection: false,
    });
    expect(relay.atEventBorder(true)).toBe(false);
    relay.finish(client);
    expect(client.text).not.toContain("0\r\n\r\n");
  });
});

const stream = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";

describe("an event stream", () => {
  it("that ends with the target's connection can be ended at a border, for a client of either version", () => {
    for (const minor of [0, 1] as const) {
      relay.reset();
      sendHead(`${stream}\r\ndata: 1\n`, { framing: Framing.untilClose, minor });
      expect(relay.atEventBorder(false)).toBe(false);
      sendBody("\n");
      expect(relay.atEventBorder(false)).toBe(true);
      const before = client.text.length;
      expect(relay.endEarly(client, false)).toBe(true);
      expect(client.text.slice(before)).toBe(minor === 1 ? "0\r\n\r\n" : "");
    }
  });

  it("of the target's chunks can be ended between two of them", () => {
    sendHead(`${stream}Transfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n`, { framing: Framing.chunked });
    expect([relay.atEventBorder(true), relay.atEventBorder(false)]).toEqual([true, false]);
    expect(relay.endEarly(client, true)).toBe(true);
    expect(client.text.endsWith("data: 1\n\n\r\n0\r\n\r\n")).toBe(true);
  });

  it("within a chunk can't be ended", () => {
    sendHead(`${stream}Transfer-Encoding: chunked\r\n\r\nff\r\ndata: 1\n\n`, { framing: Framing.chunked });
    expect(relay.endEarly(client, false)).toBe(false);
    expect(client.text).not.toContain("0\r\n\r\n");
  });

  it("is framed anew from a chunk's end on, so that it can be ended at the next border", () => {
    sendHead(`${stream}Transfer-Encoding: chunked\r\n\r\n7\r\ndata: 1\r\n`, { framing: Framing.chunked });
    expect(relay.atEventBorder(true)).toBe(false);
    relay.takeOverChunks();
    const next = "\n\ndata: 2";
    const { block, end } = blockOf(next);
    const border = relay.eventEnd(block, block.start, end);
    expect(border - block.start).toBe(2);
    relay.body(client, block, block.start, border);
    relay.endEarly(client, false);
    expect(client.text.endsWith("7\r\ndata: 1\r\n2\r\n\n\n\r\n0\r\n\r\n")).toBe(true);
  });

  it("is none where its borders can't be seen", () => {
    for (const line of ["Content-Length: 9", "Content-Encoding: gzip"]) {
      const { block, end } = blockOf(`${stream}${line}\r\n\r\n`);
      parseResponseHead(block.bytes, block.words, block.start, end, head, defaultHeadLimits);
      expect(relay.watch(block.bytes, head)).toBe(false);
    }
  });
});
