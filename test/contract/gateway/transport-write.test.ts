import { describe, expect, it } from "vitest";
import { Written } from "../../../src/gateway/transport/transport.ts";
import { blockOf, hashOf, send } from "./recorder.ts";
import { Setting, big, both, settle, transports } from "./transport-setting.ts";

describe.each(transports)("the %s transport", (_name, make) => {
  const setting = (host?: string) => Setting.make(make(), host);

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
});
