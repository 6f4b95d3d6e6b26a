import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { WebSocket } from "ws";
import { fallenWorkers } from "../../support/conformance.ts";
import { startGateway, type TestGateway } from "../../support/gateway.ts";
import { tableOf } from "../../support/gateway-target.ts";
import { rule } from "../../support/rule.ts";
import { python, runPythonClient, type Server, startPython, startWs } from "./servers.ts";

for (const [name, start] of [
  ["ws", startWs],
  ["Python's websockets", startPython],
] as const) {
  const missing = name !== "ws" && python === null;
  describe.skipIf(missing)(missing ? `${name}: not installed` : `a server of ${name}`, () => {
    let server: Server;
    let gateway: TestGateway;
    beforeAll(async () => {
      server = await start();
      gateway = await startGateway();
      await gateway.put(tableOf(1, 1, [{ id: name, address: "127.0.0.1", port: server.port }]));
    });
    afterAll(async () => {
      const fallen = fallenWorkers(gateway);
      await gateway[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      expect(fallen).toEqual([]);
    });

    async function open(path = "/echo", protocols: string[] = [], compress = false): Promise<WebSocket> {
      const socket = new WebSocket(`ws://127.0.0.1:${gateway.httpPort}${path}`, protocols, {
        perMessageDeflate: compress,
        maxPayload: 128 << 20,
      });
      await once(socket, "open");
      return socket;
    }

    async function echo(socket: WebSocket, message: string | Buffer): Promise<Buffer> {
      const answer = once(socket, "message") as Promise<[Buffer, boolean]>;
      socket.send(message);
      const [back, binary] = await answer;
      expect(binary).toBe(typeof message !== "string");
      return back;
    }

    const says = (what: string) => `RFC 6455 ${what} (ws, ${name})`;

    rule(says("§5.2: text and binary of all sizes of heads"), async () => {
      const socket = await open();
      for (const size of [0, 1, 125, 126, 65_535, 65_536, 1 << 20]) {
        const bytes = randomBytes(size);
        expect((await echo(socket, bytes)).equals(bytes)).toBe(true);
        const text = "ä".repeat(size / 2);
        expect((await echo(socket, text)).toString()).toBe(text);
      }
      socket.terminate();
    });

    rule(says("§5.4: a message in fragments, with a ping between, and one back"), async () => {
      const socket = await open("/fragments");
      const answer = once(socket, "message");
      const pong = once(socket, "pong");
      socket.send("one ", { fin: false });
      socket.send("two ", { fin: false });
      socket.ping("between");
      socket.send("three", { fin: true });
      expect(String((await pong)[0])).toBe("between");
      expect(String((await answer)[0])).toBe("one two three");
      socket.terminate();
    });

    rule(says("§5.5.2: ping and pong in both directions"), async () => {
      const socket = await open("/ping");
      const answered = once(socket, "message");
      const pong = once(socket, "pong");
      socket.ping("from client");
      expect(String((await pong)[0])).toBe("from client");
      expect(String((await answered)[0])).toBe("pong");
      socket.terminate();
    });

    rule(
      says("§7.4: the client's close code and reason reach the server, and the answer the client"),
      async () => {
        const socket = await open();
        const closed = once(socket, "close");
        socket.close(4001, "ws says bye");
        expect((await closed)[0]).toBe(4001);
        await expect.poll(() => server.closes).toContain("4001 ws says bye");
      },
    );

    rule(says("§7.4: the server's close code and reason reach the client"), async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${gateway.httpPort}/close`);
      const [code, reason] = (await once(socket, "close")) as [number, Buffer];
      expect([code, reason.toString()]).toEqual([4002, "server says bye"]);
    });

    rule(says("§1.9: the protocol that was agreed on"), async () => {
      const socket = await open("/echo", ["other", "chat"]);
      expect(socket.protocol).toBe("chat");
      socket.terminate();
    });

    rule(
      says("§5.2: a message of 64 MB"),
      async () => {
        const socket = await open();
        const bytes = Buffer.alloc(64 << 20, randomBytes(65_537));
        expect((await echo(socket, bytes)).equals(bytes)).toBe(true);
        socket.terminate();
      },
      30_000,
    );

    rule(`RFC 7692: compressed messages (ws, ${name})`, async () => {
      const socket = await open("/echo", [], true);
      expect(socket.extensions).toContain("permessage-deflate");
      const text = "compress me ".repeat(100_000);
      expect((await echo(socket, text)).toString()).toBe(text);
      socket.terminate();
    });

    rule(says("§5.1: a thousand messages in order"), async () => {
      const socket = await open();
      const got: string[] = [];
      const all = new Promise<void>((resolve) => {
        socket.on("message", (data) => {
          got.push(String(data));
          if (got.length === 1_000) resolve();
        });
      });
      const sent = Array.from({ length: 1_000 }, (_, number) => String(number));
      for (const text of sent) socket.send(text);
      await all;
      expect(got).toEqual(sent);
      socket.terminate();
    });

    rule(says("§4.1: a hundred connections at once, each with its own messages"), async () => {
      const sockets = await Promise.all(Array.from({ length: 100 }, () => open()));
      const answers = await Promise.all(sockets.map((socket, index) => echo(socket, `socket ${index}`)));
      expect(answers.map(String)).toEqual(sockets.map((_, index) => `socket ${index}`));
      for (const socket of sockets) socket.terminate();
    });

    describe.skipIf(python === null)("a client of Python's websockets", () => {
      let results: Record<string, unknown> = {};
      beforeAll(async () => {
        results = await runPythonClient(gateway.httpPort);
      });
      const cases: [what: string, key: string, expected: unknown][] = [
        ["§5.2: text and binary of all sizes of heads", "sizes", 1000],
        ["§9: compressed messages", "compressed", [true, ["permessage-deflate"]]],
        ["§9: no compression that was not offered", "plain", ["a", 0]],
        ["§5.4: messages in fragments", "fragments", ["one two three four", true]],
        ["§5.5.2: ping and pong in both directions", "pings", "pong"],
        ["§7.4: the client's close code", "closes", [4001, "client says bye"]],
        ["§7.4: the server's close code", "closed", [4002, "server says bye"]],
        ["§5.1: a thousand messages in order", "order", true],
        ["§5.2: a message of 64 MB", "large", true],
        ["§4.1: fifty connections at once", "parallel", 50],
        ["§1.9: the protocol that was agreed on", "protocol", "chat"],
      ];
      for (const [what, key, expected] of cases) {
        rule(`RFC 6455 ${what} (Python, ${name})`, async () => {
          expect(results[key]).toEqual(expected);
        });
      }
    });
  });
}
