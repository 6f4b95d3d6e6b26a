import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { parserRoom } from "../../../src/gateway/http1/head.ts";
import { headroom } from "../../../src/gateway/transport/block.ts";
import { type Connection, Written } from "../../../src/gateway/transport/transport.ts";
import { Recorder, blockOf, hashOf, send } from "./recorder.ts";
import { Setting, big, both, settle, transports, turn } from "./transport-setting.ts";

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
});
