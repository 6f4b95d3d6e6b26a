import { randomFillSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { readProxyHeader, writeProxyHeader } from "../../../src/gateway/edge/proxy-protocol.ts";
import { Recorder, sha1 } from "../../contract/gateway/recorder.ts";
import { transports, turn } from "../../contract/gateway/transport-setting.ts";
import { StreamSetting, StreamTarget, deadPort, read, readAll } from "./stream-setting.ts";

const megabyte = 1_048_576;

describe.each(transports)("a TCP stream over %s", (name, make) => {
  const setting = (settings = {}) => StreamSetting.make(make(), settings);

  it("carries 64 MiB each way to the byte", async () => {
    await using it = await setting();
    await using target = await StreamTarget.start((socket) => socket.pipe(socket));
    it.serve([{ ports: [target.port] }]);
    const client = await it.client();
    const sent = randomFillSync(Buffer.allocUnsafe(64 * megabyte));
    const answer = readAll(client);
    client.end(sent);
    const { bytes, error } = await answer;
    expect([error, bytes.length, sha1(bytes)]).toEqual([null, sent.length, sha1(sent)]);
    expect(await it.report()).toMatchObject({
      bytesUp: sent.length,
      bytesDown: sent.length,
      app: "app",
      service: "s0",
      release: 1,
    });
    expect(it.reports[0]?.part).toBe("");
  });

  it("lets the target speak first", async () => {
    await using it = await setting();
    await using target = await StreamTarget.start((socket) => socket.write("220 ready"));
    it.serve([{ ports: [target.port] }]);
    const client = await it.client();
    expect((await read(client, 9)).toString()).toBe("220 ready");
  });

  it("passes the end of each direction on by itself", async () => {
    await using it = await setting();
    await using target = await StreamTarget.start();
    it.serve([{ ports: [target.port] }]);
    const arriving = target.socket();
    const client = await it.client();
    const server = await arriving;
    const asked = readAll(server);
    client.end("question");
    expect(await asked).toMatchObject({ bytes: Buffer.from("question"), error: null });
    expect(it.state(target.port).inFlight).toBe(1);
    const answered = readAll(client);
    server.end("answer");
    expect(await answered).toMatchObject({ bytes: Buffer.from("answer"), error: null });
    expect(await it.report()).toMatchObject({ bytesUp: 8, bytesDown: 6 });

    const again = target.socket();
    const other = await it.client();
    const second = await again;
    const first = readAll(other);
    second.end("bye");
    expect(await first).toMatchObject({ bytes: Buffer.from("bye"), error: null });
    const last = readAll(second);
    other.end("thanks");
    expect(await last).toMatchObject({ bytes: Buffer.from("thanks"), error: null });
    expect(await it.report(2)).toMatchObject({ bytesUp: 6, bytesDown: 3 });
  });

  it("holds kilobytes for a reader that does not read", async () => {
    await using it = await setting();
    await using target = await StreamTarget.start();
    it.serve([{ ports: [target.port] }]);
    const arriving = target.socket();
    const client = await it.client();
    const server = await arriving;
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      to.pause();
      let written = 0;
      const push = () => {
        for (let more = true; more; written += megabyte) more = from.write(Buffer.alloc(megabyte));
      };
      from.on("drain", push);
      push();
      for (let still = 0, before = -1; still < 300; still = written === before ? still + 1 : 0) {
        before = written;
        await turn();
      }
      expect(written).toBeLessThan(64 * megabyte);
    }
    expect(it.transport.blocks.used).toBeLessThanOrEqual(6);
  });

  it("resets one side when the other is reset", async () => {
    await using it = await setting();
    await using target = await StreamTarget.start();
    it.serve([{ ports: [target.port] }]);
    for (const turned of [false, true]) {
      const arriving = target.socket();
      const client = await it.client();
      const server = await arriving;
      const [from, to] = turned ? [server, client] : [client, server];
      from.write("half");
      await read(to, 4);
      const rest = readAll(to);
      from.resetAndDestroy();
      expect((await rest).error).toBe("ECONNRESET");
      const { part, reason } = (await it.report(turned ? 2 : 1)) as { part: string; reason: string };
      expect([part, reason]).toEqual([turned ? "target" : "client", "reset"]);
    }
    expect(it.state(target.port).inFlight).toBe(0);
  });

  it("gives the client what a target said before it stopped listening", async () => {
    await using it = await setting();
    await using target = await StreamTarget.start((socket) => {
      // The answer and FIN come with unread bytes left, so that a reset follows them.
      socket.once("readable", () => {
        socket.end("enough");
        socket.once("finish", () => socket.destroy());
      });
    });
    it.serve([{ ports: [target.port] }]);
    const client = await it.client();
    const answer = readAll(client);
    client.write("start");
    const piece = Buffer.alloc(65_536);
    const push = () => {
      while (client.writable && client.write(piece));
    };
    client.on("drain", push);
    push();
    await it.report();
    const { bytes } = await answer;
    // Where only `net` is to be had, a write that fails takes what was not read yet with it.
    expect(bytes.toString()).toMatch(name === "raw" ? /^enough$/ : /^(enough)?$/);
    expect(it.state(target.port).inFlight).toBe(0);
  });

  it("is a long claim of its target, which a drain cuts: both sides get FIN", async () => {
    await using it = await setting();
    await using target = await StreamTarget.start();
    it.serve([{ ports: [target.port] }]);
    const arriving = target.socket();
    const client = await it.client();
    const server = await arriving;
    client.write("hello");
    await read(server, 5);
    const [claim] = it.targets.claims();
    expect(claim?.phase).toBe("long");
    const ends = [readAll(client), readAll(server)];
    claim?.cutter.close();
    expect((await Promise.all(ends)).map(({ error }) => error)).toEqual([null, null]);
    client.end();
    server.end();
    expect(await it.report()).toMatchObject({ part: "gateway", reason: "drained" });
    expect(it.state(target.port).inFlight).toBe(0);
  });

  it("is closed a second after the cut when the two do not end", async () => {
    await using it = await setting();
    await using target = await StreamTarget.start();
    it.serve([{ ports: [target.port] }]);
    const arriving = target.socket();
    const client = await it.client();
    const server = await arriving;
    client.write("hello");
    await read(server, 5);
    const closing = Promise.all([readAll(client), readAll(server)]);
    const begun = performance.now();
    it.targets.claims()[0]?.cutter.timeout();
    await closing;
    await it.report();
    expect(performance.now() - begun).toBeGreaterThan(900);
  });

  it("ends when nothing moves for the time that is set", async () => {
    await using it = await setting({ tunnelMs: 5_000 });
    await using target = await StreamTarget.start((socket) => socket.pipe(socket));
    it.serve([{ ports: [target.port] }]);
    const client = await it.client();
    client.write("x");
    await read(client, 1);
    const now = Math.ceil(performance.now());
    it.streams.tick(now);
    it.streams.tick(now + 4_999);
    client.write("y");
    await read(client, 1);
    it.streams.tick(now + 5_000);
    it.streams.tick(now + 9_999);
    expect(it.streams.count).toBe(1);
    const end = readAll(client);
    it.streams.tick(now + 10_000);
    expect((await end).error).toBeNull();
    client.end();
    expect(await it.report()).toMatchObject({ part: "gateway", reason: "idle" });
  });

  describe("finds a target", () => {
    it("that answers when others refuse", async () => {
      await using it = await setting();
      await using target = await StreamTarget.start((socket) => socket.pipe(socket));
      const dead = await deadPort();
      it.serve([{ ports: [dead, target.port] }]);
      for (let round = 1; round <= 10; round++) {
        const client = await it.client();
        client.end("echo");
        expect((await readAll(client)).bytes.toString()).toBe("echo");
        await it.report(round);
      }
      const retried = it.reports.filter((report) => report.retries > 0);
      // The first failure makes it suspect, so that the others come to the one that answers.
      expect(retried.length).toBeLessThanOrEqual(1);
      expect(it.state(dead).inFlight).toBe(0);
    });

    it("that is just being started again", async () => {
      await using it = await setting();
      const port = await deadPort();
      it.serve([{ ports: [port] }]);
      const client = await it.client();
      client.end("patience");
      const answer = readAll(client);
      const target = new StreamTarget((socket) => socket.pipe(socket));
      while (it.state(port).failures === 0) await turn();
      target.server.listen(port, "127.0.0.1");
      expect((await answer).bytes.toString()).toBe("patience");
      expect((await it.report()).retries).toBeGreaterThan(0);
      await target[Symbol.asyncDispose]();
    });

    it("or resets the client when none answers", async () => {
      await using it = await setting();
      it.serve([{ ports: [await deadPort()] }]);
      expect((await readAll(it.dial())).error).toBe("ECONNRESET");
      expect(await it.report()).toMatchObject({ part: "target", reason: "connect-refused", bytesUp: 0 });
    });

    it("within the time for a connection", async () => {
      await using it = await setting();
      it.serve([{ ports: [await deadPort()], policy: { connectMs: 20 } }]);
      const { connect } = it.transport;
      // Nobody is told what comes of a connection, as of one whose packets get lost.
      Object.assign(it.transport, {
        connect: (address: string, port: number) => connect(address, port, new Recorder()),
      });
      expect((await readAll(it.dial())).error).toBe("ECONNRESET");
      expect(await it.report()).toMatchObject({ part: "target", reason: "connect-timeout" });
    });

    it("or resets the client when there is no route", async () => {
      await using it = await setting();
      it.serve([]);
      expect((await readAll(it.dial())).error).toBe("ECONNRESET");
      expect(await it.report()).toMatchObject({ part: "gateway", reason: "no-route" });
    });

    it("of the new table after a hold, and keeps what was said before", async () => {
      await using it = await setting();
      await using target = await StreamTarget.start((socket) => socket.pipe(socket));
      const client = await it.client();
      client.end("said early");
      const answer = readAll(client);
      while (it.gate.waiting === 0) await turn();
      it.serve([{ ports: [target.port] }]);
      expect((await answer).bytes.toString()).toBe("said early");
    });

    it("after a hold in which the client said much, and not more than is kept", async () => {
      await using it = await setting();
      await using target = await StreamTarget.start((socket) => socket.pipe(socket));
      const client = await it.client();
      const sent = randomFillSync(Buffer.allocUnsafe(16 * megabyte));
      client.end(sent);
      for (let still = 0, before = -1; still < 300; still = client.bytesWritten === before ? still + 1 : 0) {
        before = client.bytesWritten;
        await turn();
      }
      expect(client.writableFinished).toBe(false);
      const answer = readAll(client);
      it.serve([{ ports: [target.port] }]);
      expect(sha1((await answer).bytes)).toBe(sha1(sent));
    });

    it("unless the client leaves while it is held", async () => {
      await using it = await setting();
      await using target = await StreamTarget.start();
      const client = await it.client();
      while (it.gate.waiting === 0) await turn();
      client.resetAndDestroy();
      expect(await it.report()).toMatchObject({ part: "client", reason: "left" });
      expect(it.gate.waiting).toBe(0);
      it.serve([{ ports: [target.port] }]);
      expect(it.state(target.port).inFlight).toBe(0);
    });

    it("elsewhere when it is drained before it is connected to", async () => {
      await using it = await setting();
      await using target = await StreamTarget.start((socket) => socket.pipe(socket));
      const leaving = await deadPort();
      it.serve([{ ports: [leaving] }]);
      const client = await it.client();
      client.end("moved");
      const answer = readAll(client);
      while (it.state(leaving).claims === null) await turn();
      const claims = it.targets.claims();
      it.serve([{ ports: [target.port] }]);
      for (const claim of claims) claim.cutter.close();
      expect((await answer).bytes.toString()).toBe("moved");
    });

    it("and none once the worker closes", async () => {
      await using it = await setting();
      const client = await it.client();
      while (it.gate.waiting === 0) await turn();
      const end = readAll(client);
      await it.streams.close();
      expect((await end).error).toBe("ECONNRESET");
      await readAll(it.dial());
      expect(it.reports.length).toBe(1);
    });
  });

  describe("with the PROXY protocol", () => {
    const source = { address: "203.0.113.7", port: 4_711 };
    const destination = { address: "198.51.100.1", port: 443 };

    it.each([1, 2] as const)("tells a target in version %i who the client is", async (version) => {
      await using it = await setting();
      await using target = await StreamTarget.start();
      it.serve([{ ports: [target.port], policy: { proxyProtocol: version } }]);
      const arriving = target.socket();
      const client = await it.client();
      const server = await arriving;
      client.end("hello");
      const { bytes } = await readAll(server);
      const header = readProxyHeader(bytes, 0, bytes.length);
      expect(header).toMatchObject({
        kind: "header",
        version,
        source: { address: "127.0.0.1", port: client.localPort },
        destination: { address: "127.0.0.1", port: it.port },
      });
      expect(bytes.subarray(header.kind === "header" ? header.end : 0).toString()).toBe("hello");
      server.end();
      expect(await it.report()).toMatchObject({ bytesUp: 5 });
    });

    it("believes a trusted proxy, and hands it on", async () => {
      await using it = await setting({ proxyProtocol: true, trusts: true });
      await using target = await StreamTarget.start();
      it.serve([{ ports: [target.port], policy: { proxyProtocol: 1 } }]);
      const client = await it.client();
      const arriving = target.socket();
      const header = Buffer.from(writeProxyHeader(2, source, destination));
      client.write(header.subarray(0, 5));
      client.end(Buffer.concat([header.subarray(5), Buffer.from("hello")]));
      const { bytes } = await readAll(await arriving);
      expect(bytes.toString()).toBe("PROXY TCP4 203.0.113.7 198.51.100.1 4711 443\r\nhello");
    });

    it("does not believe others", async () => {
      await using it = await setting({ proxyProtocol: true });
      await using target = await StreamTarget.start();
      it.serve([{ ports: [target.port], policy: { proxyProtocol: 1 } }]);
      const client = await it.client();
      const arriving = target.socket();
      client.end(Buffer.concat([writeProxyHeader(1, source, destination), Buffer.from("hello")]));
      const { bytes } = await readAll(await arriving);
      expect(bytes.toString()).toBe(`PROXY TCP4 127.0.0.1 127.0.0.1 ${client.localPort} ${it.port}\r\nhello`);
    });

    it("refuses what is no header, and a header that does not come", async () => {
      await using it = await setting({ proxyProtocol: true, headerMs: 50 });
      it.serve([]);
      const wrong = await it.client();
      const refused = readAll(wrong);
      wrong.write("GET / HTTP/1.1\r\n");
      expect((await refused).error).toBe("ECONNRESET");
      expect(await it.report()).toMatchObject({ part: "client", reason: "no-proxy-header" });
      const silent = await it.client();
      expect((await readAll(silent)).error).toBe("ECONNRESET");
      expect(await it.report(2)).toMatchObject({ part: "client", reason: "head-timeout" });
    });
  });
});
