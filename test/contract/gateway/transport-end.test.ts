import { describe, expect, it } from "vitest";
import { Written } from "../../../src/gateway/transport/transport.ts";
import { blockOf, hashOf, send } from "./recorder.ts";
import { Setting, big, settle, transports, turn } from "./transport-setting.ts";

describe.each(transports)("the %s transport", (name, make) => {
  const setting = (host?: string) => Setting.make(make(), host);

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
