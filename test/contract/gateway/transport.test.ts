import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { parserRoom } from "../../../src/gateway/http1/head.ts";
import { headroom } from "../../../src/gateway/transport/block.ts";
import { type Connection, Written } from "../../../src/gateway/transport/transport.ts";
import { blockOf, Recorder, send } from "./recorder.ts";
import { type Pair, Setting, settle, transports, turn } from "./transport-setting.ts";

/** More than the kernel takes at once. */
const big = Buffer.alloc(24 * 1_048_576, "0123456789abcdef~");

describe.each(transports)("the %s transport", (name, make) => {
  const setting = (host?: string) => Setting.make(make(), host);

  it("says which it is", () => {
    expect(make().name).toBe(name);
  });

  describe("connects", () => {
    it("and tells it once, not at once", async () => {
      await using it = await setting();
      const { recorder } = it.connect(it.port);
      expect(recorder.events).toEqual([]);
      await recorder.told("connected");
      await settle(it);
      expect(recorder.events).toEqual(["connected"]);
    });

    it("or tells why not", async () => {
      await using it = await setting();
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address() as AddressInfo;
      server.close();
      await once(server, "close");
      const { recorder, connection } = it.connect(port);
      expect(recorder.events).toEqual([]);
      await recorder.over();
      expect(recorder.events).toEqual(["failed ECONNREFUSED"]);
      expect(send(connection, blockOf("late"))).toBe(Written.refused);
    });

    it("to addresses only", async () => {
      await using it = await setting();
      const { recorder } = it.connect(it.port, new Recorder(), "localhost");
      expect(recorder.events).toEqual([]);
      await recorder.over();
      expect(recorder.events).toEqual(["failed EINVAL"]);
    });

    it("knows the addresses of both ends", async () => {
      await using it = await setting();
      const { outgoing, accepted } = await it.pair();
      const [from, to] = [outgoing.connection, accepted.connection];
      expect([from.remoteAddress(), from.remotePort()]).toEqual(["127.0.0.1", it.port]);
      expect([to.localAddress(), to.localPort()]).toEqual(["127.0.0.1", it.port]);
      expect([to.remoteAddress(), to.remotePort()]).toEqual([from.localAddress(), from.localPort()]);
      const gone = it.connect(it.port).connection;
      gone.close();
      expect([gone.remoteAddress(), gone.localAddress()]).toEqual(["", ""]);
    });

    it("writes IPv4 in IPv6 as IPv4, and IPv6 as it is", async () => {
      await using it = await setting("::");
      const four = await it.pair("127.0.0.1");
      expect(four.accepted.connection.remoteAddress()).toBe("127.0.0.1");
      expect(four.accepted.connection.localAddress()).toBe("127.0.0.1");
      const six = await it.pair("::1");
      expect(six.accepted.connection.remoteAddress()).toBe("::1");
      expect(six.outgoing.connection.remoteAddress()).toBe("::1");
    });

    it("sends what was written before it stood", async () => {
      await using it = await setting();
      const accepted = it.accepted();
      const { connection, recorder } = it.connect(it.port);
      const [one, two] = [blockOf("one,"), blockOf("two")];
      expect([send(connection, one), send(connection, two)]).toEqual([Written.queued, Written.queued]);
      expect([one.lent, two.lent, connection.queued]).toEqual([1, 1, 2]);
      connection.end();
      const { recorder: other } = await accepted;
      await other.told("ended");
      expect(other.digest()).toBe(hashOf("one,two"));
      await recorder.told("drained");
      expect([one.lent, two.lent, connection.queued]).toEqual([0, 0, 0]);
      expect(recorder.events).toEqual(["connected", "drained"]);
    });

    it("and fails with bytes that wait", async () => {
      await using it = await setting();
      const { recorder, connection } = it.connect(1);
      const block = blockOf("never");
      expect(send(connection, block)).toBe(Written.queued);
      await recorder.over();
      await turn();
      expect(recorder.events).toEqual(["failed ECONNREFUSED"]);
      connection.close();
      await turn();
      expect(block.lent).toBe(0);
    });

    it("or is closed before: then nothing is told", async () => {
      await using it = await setting();
      const block = blockOf("never");
      const sides = [it.port, 1].map((port) => it.connect(port));
      for (const { connection } of sides) {
        send(connection, block);
        connection.close();
      }
      await settle(it);
      expect(sides.map(({ recorder }) => recorder.events)).toEqual([[], []]);
      expect(block.lent).toBe(0);
    });

    it("or is reset before", async () => {
      await using it = await setting();
      const { recorder, connection } = it.connect(it.port);
      connection.reset();
      await settle(it);
      expect(recorder.events).toEqual([]);
    });
  });

  describe("accepts", () => {
    it("for whom it is told", async () => {
      await using it = await setting();
      const { accepted } = await it.pair();
      expect(accepted.connection.closed).toBe(false);
      expect(accepted.recorder.events).toEqual([]);
    });

    it("and refuses when there is nobody", async () => {
      const transport = make();
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      const refused: Connection[] = [];
      transport.accept(server, (connection) => {
        refused.push(connection);
        return null;
      });
      const recorder = new Recorder();
      const connection = transport.connect("127.0.0.1", (server.address() as AddressInfo).port, recorder);
      await recorder.over();
      expect(refused.map((one) => one.closed)).toEqual([true]);
      connection.close();
      server.close();
    });

    it("and lets the connection be closed by the one who is asked", async () => {
      const transport = make();
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      const never = new Recorder();
      transport.accept(server, (connection) => {
        connection.close();
        return never;
      });
      const recorder = new Recorder();
      const connection = transport.connect("127.0.0.1", (server.address() as AddressInfo).port, recorder);
      await recorder.over();
      connection.close();
      server.close();
      expect(never.events).toEqual([]);
    });

    it("until the server is closed, which waits for no connection", async () => {
      await using it = await setting();
      const { outgoing, accepted } = await it.pair();
      it.server.close();
      const { recorder } = it.connect(it.port);
      await recorder.told("failed ECONNREFUSED");
      send(outgoing.connection, blockOf("still here"));
      await accepted.recorder.until(() => accepted.recorder.size === 10);
    });

    it("only of a server that listens", () => {
      expect(() => make().accept(createServer(), () => null)).toThrow("does not listen");
    });
  });

  describe("reads", () => {
    it("with room before and behind, which may be overwritten", async () => {
      await using it = await setting();
      const { outgoing, accepted } = await it.pair();
      for (const side of [outgoing, accepted]) {
        side.recorder.onReceived = (block, start, end) => {
          expect(start).toBeGreaterThanOrEqual(headroom);
          expect(end + parserRoom).toBeLessThanOrEqual(block.bytes.length);
          const grown = start - headroom;
          block.bytes.copyWithin(grown, start, end);
          block.bytes.fill(33, grown + end - start, end + parserRoom);
          if (side === accepted) side.connection.write(block, grown, grown + end - start);
        };
      }
      send(outgoing.connection, blockOf("hello"));
      await outgoing.recorder.until(() => outgoing.recorder.size === 5);
      send(outgoing.connection, blockOf(", world"));
      await outgoing.recorder.until(() => outgoing.recorder.size === 12);
      expect(outgoing.recorder.digest()).toBe(hashOf("hello, world"));
    });

    it("nothing while it is paused, not even the end", async () => {
      await using it = await setting();
      const { outgoing, accepted } = await it.pair();
      for (const [from, to] of both({ outgoing, accepted })) {
        to.connection.pause();
        to.connection.pause();
        send(from.connection, blockOf("wait"));
        from.connection.end();
        await settle(it);
        expect(to.recorder.size).toBe(0);
        expect(to.recorder.has("ended")).toBe(false);
        to.connection.resume();
        to.connection.resume();
        await to.recorder.told("ended");
        expect(to.recorder.size).toBe(4);
      }
    });

    it("nothing more when it is paused by the one who reads", async () => {
      await using it = await setting();
      const { outgoing, accepted } = await it.pair();
      for (const [from, to] of both({ outgoing, accepted })) {
        let calls = 0;
        to.recorder.onReceived = () => {
          calls += 1;
          to.connection.pause();
        };
        const block = blockOf(big);
        expect(send(from.connection, block)).toBe(Written.queued);
        await to.recorder.until(() => calls === 1);
        await settle(it);
        expect(calls).toBe(1);
        to.recorder.onReceived = () => undefined;
        to.connection.resume();
        await to.recorder.until(() => to.recorder.size === big.length);
      }
    });

    it("nothing when it is paused before it stands", async () => {
      await using it = await setting();
      const accepting = it.accepted();
      const { connection, recorder } = it.connect(it.port);
      connection.pause();
      const accepted = await accepting;
      accepted.connection.pause();
      await recorder.told("connected");
      send(accepted.connection, blockOf("wait"));
      send(connection, blockOf("wait"));
      await settle(it);
      expect([recorder.size, accepted.recorder.size]).toEqual([0, 0]);
      connection.resume();
      accepted.connection.resume();
      await recorder.until(() => recorder.size === 4);
      await accepted.recorder.until(() => accepted.recorder.size === 4);
    });

    it("the end once, and the other direction still stands", async () => {
      await using it = await setting();
      for (const turned of [false, true]) {
        const pair = await it.pair();
        const [from, to] = turned ? [pair.accepted, pair.outgoing] : [pair.outgoing, pair.accepted];
        from.connection.end();
        from.connection.end();
        expect(send(from.connection, blockOf("late"))).toBe(Written.refused);
        await to.recorder.told("ended");
        to.connection.pause();
        to.connection.resume();
        await settle(it);
        send(to.connection, blockOf(big));
        to.connection.end();
        await from.recorder.told("ended");
        expect(from.recorder.size).toBe(big.length);
        expect(to.recorder.count("ended")).toBe(1);
      }
    });

    it("for another endpoint from the moment it is set", async () => {
      await using it = await setting();
      const { outgoing, accepted } = await it.pair();
      const second = new Recorder();
      accepted.recorder.onReceived = () => {
        accepted.connection.endpoint = second;
      };
      send(outgoing.connection, blockOf("first"));
      await accepted.recorder.until(() => accepted.recorder.size === 5);
      send(outgoing.connection, blockOf("second"));
      outgoing.connection.end();
      await second.told("ended");
      expect([accepted.recorder.events, second.events]).toEqual([["received"], ["received", "ended"]]);
      expect(second.size).toBe(6);
    });
  });

  describe("writes", () => {
    it("what fits at once, and lends nothing", async () => {
      await using it = await setting();
      const { outgoing, accepted } = await it.pair();
      for (const [from, to] of both({ outgoing, accepted })) {
        const block = blockOf("at once");
        expect(send(from.connection, block)).toBe(Written.done);
        expect([block.lent, from.connection.queued]).toEqual([0, 0]);
        await to.recorder.until(() => to.recorder.size === 7);
        await settle(it);
        expect(from.recorder.has("drained")).toBe(false);
      }
    });

    it("nothing, which is done", async () => {
      await using it = await setting();
      const { outgoing, accepted } = await it.pair();
      const block = blockOf("");
      for (const [from] of both({ outgoing, accepted }))
        expect(send(from.connection, block)).toBe(Written.done);
      expect(block.lent).toBe(0);
      const unconnected = it.connect(it.port).connection;
      expect(send(unconnected, block)).toBe(Written.done);
      unconnected.close();
      expect(send(unconnected, block)).toBe(Written.refused);
    });

    it("and tells how much the kernel has not taken", async () => {
      await using it = await setting();
      const { outgoing, accepted } = await it.pair();
      for (const [from, to] of both({ outgoing, accepted })) {
        to.connection.pause();
        const { connection } = from;
        expect(connection.unsent()).toBe(0);
        for (let piece = 0; piece < 24; piece += 1) send(connection, blockOf(big.subarray(0, 1_048_576)));
        await settle(it);
        const waiting = connection.unsent();
        expect(waiting).toBeGreaterThan(1_048_576);
        expect(waiting).toBeLessThanOrEqual(24 * 1_048_576);
        to.recorder.onReceived = () => {
          if (connection.unsent() < waiting) to.connection.pause();
        };
        to.connection.resume();
        await to.recorder.until(() => connection.unsent() < waiting);
        to.recorder.onReceived = () => undefined;
        to.connection.resume();
        await from.recorder.told("drained");
        expect(connection.unsent()).toBe(0);
      }
    });

    it("what does not fit from the block, as the peer takes it", async () => {
      await using it = await setting();
      const { outgoing, accepted } = await it.pair();
      for (const [from, to] of both({ outgoing, accepted })) {
        const [first, second] = [blockOf(big), blockOf("the end")];
        to.connection.pause();
        expect(send(from.connection, first)).toBe(Written.queued);
        expect(send(from.connection, second)).toBe(Written.queued);
        expect([first.lent, second.lent, from.connection.queued]).toEqual([1, 1, 2]);
        let whenDrained: number[] = [];
        from.recorder.onDrained = () => {
          whenDrained = [first.lent, second.lent, from.connection.queued];
        };
        to.connection.resume();
        await from.recorder.told("drained");
        expect(whenDrained).toEqual([0, 0, 0]);
        await to.recorder.until(() => to.recorder.size === big.length + 7);
        expect(from.recorder.count("drained")).toBe(1);
        expect(to.recorder.digest()).toBe(hashOf(big, Buffer.from("the end")));
      }
    });

    it("FIN after what is queued", async () => {
      await using it = await setting();
      const { outgoing, accepted } = await it.pair();
      for (const [from, to] of both({ outgoing, accepted })) {
        to.connection.pause();
        expect(send(from.connection, blockOf(big))).toBe(Written.queued);
        from.connection.end();
        to.connection.resume();
        await to.recorder.told("ended");
        expect(to.recorder.size).toBe(big.length);
      }
    });

    it("out of blocks of a pool, which come back", async () => {
      await using it = await setting();
      const { outgoing, accepted } = await it.pair();
      const { blocks } = it.transport;
      const before = blocks.used;
      accepted.connection.pause();
      let written: Written = Written.done;
      let count = 0;
      while (written === Written.done) {
        const block = blocks.take();
        written = send(outgoing.connection, block);
        blocks.large.give(block);
        count += 1;
      }
      expect(written).toBe(Written.queued);
      expect(blocks.used).toBe(before + 1);
      let whenDrained = -1;
      outgoing.recorder.onDrained = () => {
        whenDrained = blocks.used;
      };
      accepted.recorder.onReceived = () => undefined;
      accepted.connection.resume();
      await accepted.recorder.until(() => accepted.recorder.size === count * blocks.large.size);
      await outgoing.recorder.told("drained");
      // The reader may have one of its own now.
      expect(whenDrained).toBeLessThanOrEqual(before + 1);
    });

    it("what is read into a shared block, as a copy", async () => {
      await using it = await setting();
      const pairs = await Promise.all([it.pair(), it.pair(), it.pair()]);
      const kept: number[] = [];
      for (const { accepted } of pairs) {
        accepted.recorder.onReceived = (block, start, end) => {
          accepted.connection.write(block, start, end);
          if (block.shared) kept.push(block.lent);
          block.bytes.fill(0, start, end);
        };
      }
      await Promise.all(
        pairs.map(async ({ outgoing }, index) => {
          outgoing.connection.pause();
          const text = Buffer.alloc(3_000_000, `pair ${index}, `);
          send(outgoing.connection, blockOf(text));
          outgoing.connection.resume();
          await outgoing.recorder.until(() => outgoing.recorder.size === text.length);
          expect(outgoing.recorder.digest()).toBe(hashOf(text));
        }),
      );
      expect(kept.length).toBeGreaterThan(0);
      expect(new Set(kept)).toEqual(new Set([0]));
    });
  });

  describe("after close", () => {
    it("all calls are allowed, and do nothing", async () => {
      await using it = await setting();
      const { outgoing, accepted } = await it.pair();
      for (const { connection, recorder } of [outgoing, accepted]) {
        const events = recorder.events.length;
        connection.close();
        const block = blockOf("late");
        expect(send(connection, block)).toBe(Written.refused);
        connection.pause();
        connection.resume();
        connection.end();
        connection.reset();
        connection.close();
        expect([connection.closed, block.lent, connection.queued]).toEqual([true, 0, 0]);
        await settle(it);
        expect(recorder.events.length).toBe(events);
      }
    });

    it("nothing is told, whatever was queued", async () => {
      await using it = await setting();
      for (const how of ["close", "reset"] as const) {
        for (const turned of [false, true]) {
          const pair = await it.pair();
          const [from, to] = turned ? [pair.accepted, pair.outgoing] : [pair.outgoing, pair.accepted];
          to.connection.pause();
          const [one, two] = [blockOf(big), blockOf("two")];
          expect([send(from.connection, one), send(from.connection, two)]).toEqual([1, 1]);
          from.connection[how]();
          expect(from.connection.closed).toBe(true);
          while (from.connection.queued > 0) await turn();
          expect([one.lent, two.lent]).toEqual([0, 0]);
          await settle(it);
          expect(from.recorder.events).toEqual(turned ? [] : ["connected"]);
        }
      }
    });

    it.each(["close", "reset"] as const)("nothing is told when %s is called in a callback", async (how) => {
      await using it = await setting();
      const connecting = it.connect(it.port);
      connecting.recorder.onConnected = () => connecting.connection[how]();
      await connecting.recorder.told("connected");

      const failing = it.connect(1);
      failing.recorder.onFailed = () => failing.connection[how]();
      send(failing.connection, blockOf("x"));
      await failing.recorder.over();

      for (const side of ["outgoing", "accepted"] as const) {
        const other = side === "outgoing" ? "accepted" : "outgoing";
        const reading = await it.pair();
        reading[side].recorder.onReceived = () => reading[side].connection[how]();
        send(reading[other].connection, blockOf(big));
        await reading[side].recorder.told("received");

        const ending = await it.pair();
        ending[side].recorder.onEnded = () => ending[side].connection[how]();
        ending[other].connection.end();
        await ending[side].recorder.told("ended");

        const draining = await it.pair();
        draining[other].connection.pause();
        draining[side].recorder.onDrained = () => draining[side].connection[how]();
        send(draining[side].connection, blockOf(big));
        draining[other].connection.resume();
        await draining[side].recorder.told("drained");

        await settle(it);
        const begin = side === "outgoing" ? ["connected"] : [];
        expect(reading[side].recorder.events).toEqual([...begin, "received"]);
        expect(ending[side].recorder.events).toEqual([...begin, "ended"]);
        expect(draining[side].recorder.events).toEqual([...begin, "drained"]);
      }
      expect(connecting.recorder.events).toEqual(["connected"]);
      expect(failing.recorder.events).toEqual(["failed ECONNREFUSED"]);
    });

    it("the block that was being read may still be written elsewhere", async () => {
      await using it = await setting();
      const [from, to] = [await it.pair(), await it.pair()];
      const text = Buffer.alloc(100_000, "kept, ");
      // Closed while the block of the outgoing connection is read, then written to a reader that is slow.
      to.outgoing.connection.pause();
      send(to.accepted.connection, blockOf(big));
      let copied = 0;
      from.outgoing.recorder.onReceived = (block, start, end) => {
        from.outgoing.connection.close();
        expect(to.accepted.connection.write(block, start, end)).toBe(Written.queued);
        expect(block.lent).toBe(1);
        copied = end - start;
      };
      send(from.accepted.connection, blockOf(text));
      await from.outgoing.recorder.until(() => copied > 0);
      const others = await Promise.all([it.pair(), it.pair()]);
      for (const other of others) send(other.accepted.connection, blockOf(Buffer.alloc(100_000, "noise")));
      for (const { outgoing } of others)
        await outgoing.recorder.until(() => outgoing.recorder.size === 100_000);
      to.outgoing.connection.resume();
      await to.outgoing.recorder.until(() => to.outgoing.recorder.size === big.length + copied);
      expect(to.outgoing.recorder.digest()).toBe(hashOf(big, text.subarray(0, copied)));
    });
  });

  describe("breaks", () => {
    it("with a reset, which the peer is told", async () => {
      await using it = await setting();
      for (const turned of [false, true]) {
        const pair = await it.pair();
        const [from, to] = turned ? [pair.accepted, pair.outgoing] : [pair.outgoing, pair.accepted];
        send(from.connection, blockOf("half"));
        await to.recorder.until(() => to.recorder.size === 4);
        from.connection.reset();
        await to.recorder.over();
        expect(to.recorder.events.at(-1)).toBe("failed ECONNRESET");
        expect(send(to.connection, blockOf("late"))).toBe(Written.refused);
        to.connection.resume();
        await settle(it);
        expect(to.recorder.count("failed ECONNRESET")).toBe(1);
      }
    });

    it("with a reset in the middle of what is queued, also when the end was asked for", async () => {
      await using it = await setting();
      for (const ends of [false, true]) {
        const pair = await it.pair();
        const [from, to] = [pair.outgoing, pair.accepted];
        to.connection.pause();
        const block = blockOf(big);
        expect(send(from.connection, block)).toBe(Written.queued);
        if (ends) from.connection.end();
        from.connection.reset();
        to.connection.resume();
        await to.recorder.over();
        expect(to.recorder.events.at(-1)).toBe("failed ECONNRESET");
        while (from.connection.queued > 0) await turn();
        expect(block.lent).toBe(0);
      }
    });

    it("with a reset that a write is told: what came before is read, and no end is told", async () => {
      await using it = await setting();
      for (const from of ["outgoing", "accepted"] as const) {
        const side = from === "outgoing" ? await it.target() : await it.outsider();
        const { connection, recorder } = "outgoing" in side ? side.outgoing : side.accepted;
        connection.pause();
        await new Promise((resolve) => side.socket.write("half", resolve));
        side.socket.resetAndDestroy();
        while (send(connection, blockOf("x")) !== Written.refused) await turn();
        expect(send(connection, blockOf("x"))).toBe(Written.refused);
        connection.resume();
        await recorder.over();
        expect(recorder.has("ended")).toBe(false);
        expect(recorder.events.at(-1)).toMatch(/^failed E(CONNRESET|PIPE)$/);
        if (name === "raw") expect(recorder.size).toBe(4);
      }
    });

    it("under what is queued: the block comes back, and it is told once", async () => {
      await using it = await setting();
      for (const turned of [false, true]) {
        const pair = await it.pair();
        const [from, to] = turned ? [pair.accepted, pair.outgoing] : [pair.outgoing, pair.accepted];
        to.connection.pause();
        const [one, two] = [blockOf(big), blockOf("two")];
        expect([send(from.connection, one), send(from.connection, two)]).toEqual([1, 1]);
        to.connection.reset();
        await from.recorder.until(
          () => from.recorder.has("failed ECONNRESET") || from.recorder.has("refused"),
        );
        await settle(it);
        expect([one.lent, two.lent, from.connection.queued]).toEqual([0, 0, 0]);
        expect(from.recorder.has("drained")).toBe(false);
        expect(from.recorder.count("refused")).toBeLessThanOrEqual(1);
        expect(from.recorder.count("failed ECONNRESET")).toBeLessThanOrEqual(1);
        expect(send(from.connection, two)).toBe(Written.refused);
      }
    });
  });
});

function both(pair: Pair): [Pair["outgoing"], Pair["outgoing"]][] {
  return [
    [pair.outgoing, pair.accepted],
    [pair.accepted, pair.outgoing],
  ];
}

function hashOf(...parts: (string | Uint8Array)[]): string {
  const recorder = new Recorder();
  for (const part of parts) {
    const block = blockOf(part);
    recorder.received(block, headroom, headroom + block.readable.length);
  }
  return recorder.digest();
}
