import { beforeEach, describe, expect, it } from "vitest";
import { BackendMemory, Destination } from "../../../../src/gateway/destination.ts";
import { createResponseHead, defaultHeadLimits } from "../../../../src/gateway/http1/head.ts";
import { TargetPool } from "../../../../src/gateway/proxy/target-pool.ts";
import { UpstreamConnection } from "../../../../src/gateway/proxy/upstream.ts";
import { TargetState } from "../../../../src/gateway/target-state.ts";
import { ReadBlocks } from "../../../../src/gateway/transport/read-blocks.ts";
import type { BackendPolicy } from "../../../../src/model/route.ts";
import { MockConnection } from "./mock-transport.ts";

const blocks = new ReadBlocks();
const nobody = {
  targetConnected: () => undefined,
  targetUnreachable: () => undefined,
  interim: () => undefined,
  switched: () => undefined,
  responseHead: () => undefined,
  responseBody: () => undefined,
  responseEnded: () => undefined,
  responseBroken: () => undefined,
  targetDrained: () => undefined,
};
let now: number;
let pool: TargetPool;

beforeEach(() => {
  now = 100_000;
  pool = poolWith({});
});

function poolWith(policy: BackendPolicy): TargetPool {
  const target = new TargetState({ id: "t", address: "192.0.2.1", port: 80 }, 0);
  const made = new TargetPool(target, defaultHeadLimits, createResponseHead(), () => now);
  const backend = { id: "shop/web@1", app: "shop", service: "web", release: 1, targets: [], policy };
  made.prepare(new Destination(backend, [target], new BackendMemory()), new Uint8Array(0));
  return made;
}

/** A connection that has answered and waits in the pool. */
function idle(of = pool): { upstream: UpstreamConnection; connection: MockConnection } {
  const connection = new MockConnection(blocks, null);
  const upstream = new UpstreamConnection(of, nobody, (endpoint) => {
    connection.endpoint = endpoint;
    return connection;
  });
  connection.stand();
  upstream.begin(nobody, 1, false);
  connection.arrive("HTTP/1.1 204 No Content\r\n\r\n");
  return { upstream, connection };
}

describe("the idle connections to a target", () => {
  it("are used again, the last one first", () => {
    const [first, second] = [idle(), idle()];
    expect([pool.take(true), pool.take(true), pool.take(true)]).toEqual([
      second.upstream,
      first.upstream,
      null,
    ]);
  });

  it("are as many as may be, and no more", () => {
    const all = Array.from({ length: 260 }, () => idle());
    expect(pool.size).toBe(256);
    expect(all.filter(({ connection }) => connection.closed)).toHaveLength(4);
  });

  it("are not used and then closed when they have been idle for too long", () => {
    const { connection } = idle();
    now += 4_001;
    expect(pool.take(true)).toBeNull();
    pool.sweep();
    expect([pool.size, connection.closed]).toEqual([0, true]);
  });

  it("of a service that says for how long are kept for so long", () => {
    pool = poolWith({ keepAliveMs: 60_000 });
    const { upstream } = idle();
    now += 59_000;
    pool.sweep();
    expect(pool.take(true)).toBe(upstream);
  });

  it("take what must not be sent twice only while they are fresh", () => {
    const { upstream } = idle();
    now += 1_001;
    expect(pool.take(false)).toBeNull();
    expect(pool.take(true)).toBe(upstream);
  });

  it("are kept for a shorter time by a target that closes early, and for longer again after a while", () => {
    const { connection } = idle();
    now += 600;
    connection.peerEnd();
    connection.deliver();
    expect(pool.size).toBe(0);
    idle();
    now += 301;
    expect(pool.take(true)).toBeNull();
    for (let tick = 0; tick < 600; tick += 1) pool.sweep();
    const last = idle();
    now += 3_900;
    expect(pool.take(true)).toBe(last.upstream);
  });

  it("are gone from it when they break or say what nobody asked", () => {
    idle().connection.peerFail();
    idle().connection.arrive("HTTP/1.1 408 Request Timeout\r\n\r\n");
    expect([pool.size, pool.take(true)]).toEqual([0, null]);
  });

  it("are none where each is for one client", () => {
    pool = poolWith({ proxyProtocol: 2 });
    expect(idle().connection.closed).toBe(true);
    expect(pool.take(true)).toBeNull();
  });

  it("are closed with it, and no more are kept", () => {
    const { connection } = idle();
    pool.close();
    expect(connection.closed).toBe(true);
    expect(idle().connection.closed).toBe(true);
    expect(pool.size).toBe(0);
  });

  it("name the target as an authority, also by IPv6", () => {
    const target = new TargetState({ id: "t", address: "2001:db8::1", port: 80 }, 0);
    const six = new TargetPool(target, defaultHeadLimits, createResponseHead(), () => now);
    expect(Buffer.from(six.authority).toString()).toBe("[2001:db8::1]:80");
  });
});
