import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type ConnectionOptions, type Server, connect, createServer } from "node:tls";
import { describe, expect, it } from "vitest";
import { sha1 } from "../../contract/gateway/recorder.ts";
import { transports, turn } from "../../contract/gateway/transport-setting.ts";
import { helloMessage, records, serverNames } from "../../unit/gateway/stream/hello.ts";
import { StreamSetting, StreamTarget, read, readAll } from "./stream-setting.ts";

/** Both sides know a key, so that no certificate is needed (RFC 4279). */
const psk = Buffer.alloc(32, "test");
const common = { ciphers: "PSK", minVersion: "TLSv1.2", maxVersion: "TLSv1.2" } as const;

/** A TLS server that echoes, after a line with its own name and the one that it was asked for. */
class TlsTarget implements AsyncDisposable {
  readonly server: Server;

  constructor(name: string) {
    this.server = createServer({ ...common, pskCallback: () => psk, pskIdentityHint: "" }, (socket) => {
      socket.on("error", () => undefined);
      socket.write(`${name} for ${socket.servername || "nobody"}\n`);
      socket.pipe(socket);
    });
    this.server.on("tlsClientError", () => undefined);
  }

  static async start(name: string): Promise<TlsTarget> {
    const target = new TlsTarget(name);
    target.server.listen(0, "127.0.0.1");
    await once(target.server, "listening");
    return target;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.close();
  }
}

/** Says something over TLS, and gets all that comes back. */
async function ask(port: number, servername: string | null, said: Uint8Array): Promise<Buffer> {
  const options: ConnectionOptions = {
    ...common,
    port,
    host: "127.0.0.1",
    pskCallback: () => ({ psk, identity: "test" }),
    checkServerIdentity: () => undefined,
    ...(servername === null ? {} : { servername }),
  };
  const socket = connect(options);
  const pieces: Buffer[] = [];
  socket.on("data", (piece: Buffer) => pieces.push(piece));
  socket.end(said);
  await once(socket, "end");
  return Buffer.concat(pieces);
}

describe.each(transports)("a TLS stream over %s", (_name, make) => {
  const setting = (settings = {}) => StreamSetting.make(make(), { ...settings, protocol: "tls" });

  it("goes by the name that the client asks for, and ends at the target", async () => {
    await using it = await setting();
    await using one = await TlsTarget.start("one");
    await using many = await TlsTarget.start("many");
    await using rest = await TlsTarget.start("rest");
    it.serve([
      { names: ["one.example"], ports: [one.port] },
      { names: ["*.example"], ports: [many.port] },
      { ports: [rest.port] },
    ]);
    const said = Buffer.from("hello");
    expect((await ask(it.port, "one.example", said)).toString()).toBe("one for one.example\nhello");
    expect((await ask(it.port, "two.example", said)).toString()).toBe("many for two.example\nhello");
    expect((await ask(it.port, "ONE.example", said)).toString()).toMatch(/^one for one.example\nhello$/i);
    expect((await ask(it.port, "other.test", said)).toString()).toBe("rest for other.test\nhello");
    expect((await ask(it.port, null, said)).toString()).toBe("rest for nobody\nhello");
    await it.report(5);
    expect(
      it.reports.map(({ serverName, destination }) => [serverName, destination?.backend.service]),
    ).toEqual([
      ["one.example", "s0"],
      ["two.example", "s1"],
      ["one.example", "s0"],
      ["other.test", "s2"],
      [null, "s2"],
    ]);
  });

  it("carries megabytes", async () => {
    await using it = await setting();
    await using target = await TlsTarget.start("one");
    it.serve([{ ports: [target.port] }]);
    const said = Buffer.alloc(16 * 1_048_576, "0123456789abcdef~");
    const answer = await ask(it.port, "one.example", said);
    const line = Buffer.from("one for one.example\n");
    expect(sha1(answer)).toBe(sha1(Buffer.concat([line, said])));
  });

  it("finds the name in a hello that comes byte by byte, and passes every byte on", async () => {
    await using it = await setting();
    await using target = await StreamTarget.start();
    it.serve([{ names: ["one.example"], ports: [target.port] }]);
    const hello = records(helloMessage(), 40);
    const arriving = target.socket();
    const client = await it.client();
    client.setNoDelay(true);
    for (const byte of hello.subarray(0, -1)) {
      client.write(Buffer.from([byte]));
      await turn();
    }
    expect(target.sockets).toEqual([]);
    client.write(Buffer.concat([hello.subarray(-1), Buffer.from("and more")]));
    const bytes = await read(await arriving, hello.length + 8);
    expect(bytes.equals(Buffer.concat([hello, Buffer.from("and more")]))).toBe(true);
  });

  it("tells a client that asks for an unknown name, with an alert (RFC 8446 section 6.2)", async () => {
    await using it = await setting();
    it.serve([{ names: ["one.example"], ports: [1] }]);
    await expect(ask(it.port, "two.example", Buffer.from("x"))).rejects.toThrow(/unrecognized name/i);
    expect(await it.report()).toMatchObject({
      part: "gateway",
      reason: "no-route",
      serverName: "two.example",
    });
  });

  it("tells a client whose service has no target, with an alert", async () => {
    await using it = await setting();
    it.serve([{ ports: [] }]);
    await expect(ask(it.port, "one.example", Buffer.from("x"))).rejects.toThrow(/internal error/i);
    expect(await it.report()).toMatchObject({ part: "gateway", reason: "no-target" });
  });

  it.each([
    ["what is not TLS", Buffer.from("GET / HTTP/1.1\r\n\r\n"), "no-tls-handshake"],
    [
      "a hello with two names",
      records(helloMessage({ extensions: [serverNames("a.test", "b.test")] })),
      "two-server-names",
    ],
    [
      "a hello without end",
      Buffer.concat([records(Buffer.from([1, 0, 0x30, 0, 0])), Buffer.alloc(0)]),
      "head-timeout",
    ],
  ])("refuses %s", async (_what, bytes, reason) => {
    await using it = await setting({ headerMs: 50 });
    it.serve([{ ports: [1] }]);
    const client = await it.client();
    const end = readAll(client);
    client.write(bytes);
    expect((await end).error).toBe("ECONNRESET");
    expect(await it.report()).toMatchObject({ part: "client", reason });
  });

  it("forgets a client that leaves before or while it is held", async () => {
    await using it = await setting();
    const early = await it.client();
    early.end(records(helloMessage()).subarray(0, 20));
    expect(await it.report()).toMatchObject({ part: "client", reason: "left" });
    const held = await it.client();
    held.write(records(helloMessage()));
    while (it.gate.waiting === 0) await turn();
    held.end();
    expect(await it.report(2)).toMatchObject({ part: "client", reason: "left", serverName: "one.example" });
    expect(it.gate.waiting).toBe(0);
  });
});
