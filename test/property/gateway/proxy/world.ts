import { expect, vi } from "vitest";
import { claimsOf } from "../../../../src/gateway/claims.ts";
import type { BackendPolicy } from "../../../../src/model/route.ts";
import type { TargetState } from "../../../../src/gateway/target-state.ts";
import { type MockPlane, mockTarget } from "../../../unit/gateway/proxy/plane.ts";
import { type Message, type Script, answerContent, content, readMessage, upgradedBytes } from "./messages.ts";
import { Client, Server, idOf } from "./players.ts";

export type Kind =
  | "connect"
  | "refuse"
  | "send"
  | "end"
  | "fail"
  | "congest"
  | "flush"
  | "break"
  | "reply"
  | "targetEnd"
  | "targetFail"
  | "targetCongest"
  | "targetFlush"
  | "targetBreak"
  | "pass"
  | "switch"
  | "hold"
  | "drain";

/** One step: what happens, to which of those that it can happen to, and how much. */
export interface Step {
  kind: Kind;
  which: number;
  amount: number;
}

let base = 0;

/** Clients, a data plane and targets, and what must hold of them. */
export class World {
  readonly mock: MockPlane;
  readonly clients: Client[];
  readonly servers: Server[] = [];
  readonly #base: number;
  readonly #policy: BackendPolicy;
  readonly #scripts: readonly (readonly Script[])[];

  /** @param policy of the backend, beside its time limits */
  constructor(mock: MockPlane, scripts: readonly (readonly Script[])[], policy: BackendPolicy = {}) {
    this.mock = mock;
    this.#policy = policy;
    this.#scripts = scripts;
    base += 2;
    this.#base = base;
    mock.transport.outgoing.length = 0;
    mock.transport.connecting = (connection, port) => {
      this.servers.push(new Server(connection, port, (id) => this.#scriptOf(id)));
    };
    this.#switch(2);
    this.clients = scripts.map((own, index) => new Client(mock.transport.client(), index, own));
  }

  run(step: Step): void {
    this.#run(step);
    this.#checkClaims();
  }

  #run(step: Step): void {
    const { which, amount } = step;
    const client = this.clients[which % this.clients.length] as Client;
    const server = this.servers.length > 0 ? this.servers[which % this.servers.length] : undefined;
    switch (step.kind) {
      case "send":
        client.send(amount);
        while (client.connection.deliver(amount));
        return;
      case "end":
        client.end();
        client.connection.deliver();
        return;
      case "fail":
        client.failed = true;
        client.connection.peerFail();
        return;
      case "congest":
        client.connection.congested = true;
        return;
      case "flush":
        client.connection.congested = amount % 2 === 0;
        client.connection.flush(1 + (amount % 4));
        return;
      case "break":
        client.failed = true;
        client.connection.broken = true;
        client.connection.failWrites();
        return;
      case "pass":
        vi.advanceTimersByTime(amount);
        return;
      case "switch":
        this.#switch(which);
        return;
      case "hold":
        this.mock.gate.hold();
        return;
      case "drain":
        this.#drain(which, amount);
        return;
      default:
        if (server) this.#serve(step, server);
    }
  }

  #serve({ kind, amount }: Step, server: Server): void {
    const { connection } = server;
    switch (kind) {
      case "connect":
        connection.stand();
        return;
      case "refuse":
        if (!connection.standing) connection.peerFail("ECONNREFUSED");
        return;
      case "reply":
        server.reply(amount);
        connection.deliver(amount);
        return;
      case "targetEnd":
        server.end();
        connection.deliver();
        return;
      case "targetFail":
        connection.peerFail();
        return;
      case "targetCongest":
        connection.congested = true;
        return;
      case "targetFlush":
        connection.congested = amount % 2 === 0;
        connection.flush(1 + (amount % 4));
        return;
      case "targetBreak":
        connection.broken = true;
        connection.failWrites();
        return;
    }
  }

  /** Lets everything come to its end, in a world that is kind from here on. */
  settle(): void {
    this.#switch(2);
    for (let round = 0; round < 12; round += 1) {
      this.#flow();
      vi.advanceTimersByTime(40);
    }
    this.check();
    for (const client of this.clients) client.end();
    for (let round = 0; round < 6; round += 1) {
      this.#flow();
      vi.advanceTimersByTime(2_000);
    }
  }

  /** All bytes come to their ends. What could not be written to shows that it is gone once it is read from. */
  #flow(): void {
    for (const client of this.clients) {
      client.send(Number.POSITIVE_INFINITY);
      client.connection.congested = false;
      client.connection.flush();
      while (client.connection.deliver());
      if (client.connection.broken) client.connection.peerFail();
    }
    // Connections may be made while others are served.
    for (let index = 0; index < this.servers.length; index += 1) {
      const server = this.servers[index] as Server;
      server.connection.stand();
      server.connection.congested = false;
      server.connection.flush();
      server.reply(Number.POSITIVE_INFINITY);
      while (server.connection.deliver());
      if (server.connection.broken) server.connection.peerFail();
    }
  }

  /** What holds at every moment. */
  check(): void {
    for (const [index, client] of this.clients.entries()) this.#checkClient(index, client);
    const posts = new Set<string>();
    this.#checkClaims();
    for (const server of this.servers) {
      expect(server.connection.faults).toEqual([]);
      for (const request of server.requests()) this.#checkRequest(request, posts);
    }
  }

  /** What holds after all is over. */
  checkEnd(): void {
    this.check();
    for (const client of this.clients) expect(client.connection.closed).toBe(true);
    for (const target of this.#states()) expect([target.inFlight, claimsOf(target).length]).toEqual([0, 0]);
    expect(this.mock.gate.waiting).toBe(0);
    expect([this.mock.memory.clients.lent, this.mock.memory.join.lent]).toEqual([0, 0]);
  }

  /** Every request has its target's answer, unless the one before it said that it was the last. */
  checkCalm(): void {
    for (const [index, client] of this.clients.entries()) {
      const answers = this.answers(index);
      const last = answers.at(-1);
      const ends =
        last?.fields.get("connection") === "close" || this.#isLast(client, answers.length - 1, last);
      expect(answers.map((answer) => answer.fields.get("x-id") ?? answer.first)).toEqual(
        client.scripts.slice(0, ends ? answers.length : undefined).map((_, number) => `${index}-${number}`),
      );
      for (const [number, answer] of answers.entries()) {
        expect(answer.whole || answer.untilClose).toBe(true);
        this.#checkUpgraded(`${index}-${number}`, answer);
      }
    }
  }

  /** Both sides got all that the other said. */
  #checkUpgraded(id: string, answer: Message): void {
    const script = this.#scriptOf(id);
    if (script.upgraded === null) return;
    expect(answer.body.equals(upgradedBytes(id, script, "down"))).toBe(true);
    const asked = this.servers
      .flatMap((server) => server.requests())
      .filter((request) => idOf(request) === id);
    expect(asked.map(({ body }) => body.equals(upgradedBytes(id, script, "up")))).toEqual([true]);
  }

  /** Targets of this world, also those that left the table. */
  #states(): TargetState[] {
    const own = [mockTarget(this.#base).port, mockTarget(this.#base + 1).port];
    return this.mock.targets.all().filter((target) => own.includes(target.port));
  }

  /** A target that was asked and has not said all it has to say is claimed for as many requests. */
  #checkClaims(): void {
    for (const own of [0, 1]) {
      const { port } = mockTarget(this.#base + own);
      const states = this.#states().filter((target) => target.port === port);
      const owing = this.servers.filter((server) => server.port === port && server.owes);
      const inFlight = states.reduce((sum, target) => sum + target.inFlight, 0);
      expect(inFlight).toBeGreaterThanOrEqual(owing.length);
      expect(states.flatMap(claimsOf)).toHaveLength(inFlight);
    }
  }

  #isLast(client: Client, number: number, last: Message | undefined): boolean {
    return client.scripts[number]?.minor === 0 && last?.fields.get("connection") !== "keep-alive";
  }

  /** Final responses that a client got. */
  answers(index: number): Message[] {
    const { connection, scripts } = this.clients[index] as Client;
    const found: Message[] = [];
    for (let at = 0; at < connection.output.length; ) {
      const script = scripts[found.length];
      // Before the method is known an answer has content.
      const bare = (first: string) =>
        / (?:1\d\d|204|304) /.test(first) || (script?.method === "HEAD" && !/ 408 /.test(first));
      const message = readMessage(connection.output, at, bare, false);
      if (message === null) {
        expect(connection.queued > 0 || connection.closed || this.clients[index]?.failed).toBe(true);
        break;
      }
      expect(message.first).toMatch(/^HTTP\/1\.1 \d\d\d /);
      at = message.end;
      if (!/^HTTP\/1\.1 1(?!01)/.test(message.first)) found.push(message);
      else expect(script?.minor).toBe(1);
      if (!message.whole) break;
    }
    return found;
  }

  #checkClient(index: number, client: Client): void {
    const { connection, scripts, ends, sent } = client;
    expect(connection.faults).toEqual([]);
    const answers = this.answers(index);
    const begun = ends.filter((_, number) => (ends[number - 1] ?? 0) < sent).length;
    expect(answers.length).toBeLessThanOrEqual(Math.max(begun, 1));
    for (const [number, answer] of answers.entries()) {
      const script = scripts[number] as Script;
      const id = answer.fields.get("x-id");
      if (number < answers.length - 1) expect(answer.fields.get("connection")).not.toBe("close");
      if (id === undefined) {
        expect(answer.first).toMatch(/^HTTP\/1\.1 (408|502|503|504) /);
        continue;
      }
      expect(id).toBe(`${index}-${number}`);
      expect(answer.fields.has("x-drop")).toBe(false);
      const expected = answerContent(id, script);
      expect(expected.subarray(0, answer.body.length).equals(answer.body)).toBe(true);
      if (script.upgraded !== null) continue;
      const takenForWhole = answer.whole || (answer.untilClose && connection.isOver && !connection.wasReset);
      const cut = script.answer.events && script.answer.framing !== "length";
      if (takenForWhole && !client.failed && !cut) expect(answer.body.length).toBe(expected.length);
    }
  }

  #checkRequest(request: Message, posts: Set<string>): void {
    const id = idOf(request);
    const script = this.#scriptOf(id);
    expect(request.first).toBe(`${script.method} /${id} HTTP/1.1`);
    const expected =
      script.upgraded === null ? content(id, script.body ?? []) : upgradedBytes(id, script, "up");
    expect(request.fields.has("upgrade")).toBe(script.upgraded !== null);
    expect(expected.subarray(0, request.body.length).equals(request.body)).toBe(true);
    if (request.whole && script.upgraded === null) expect(request.body.length).toBe(expected.length);
    if (script.method !== "POST") return;
    expect(posts.has(id)).toBe(false);
    posts.add(id);
  }

  #drain(which: number, amount: number): void {
    const id = mockTarget(this.#base + (which % 2)).id;
    this.mock.drains.start({
      targets: [id],
      requestsMs: amount % 150,
      connectionsMs: (amount * 7) % 200,
      spreadMs: amount % 50,
    });
  }

  #switch(which: number): void {
    const both = [mockTarget(this.#base), mockTarget(this.#base + 1)];
    const targets = [both.slice(0, 1), both.slice(1), both, []][which % 4] ?? [];
    this.mock.switchTo(targets, { connectMs: 300, responseMs: 600, ...this.#policy });
  }

  #scriptOf(id: string): Script {
    const [client = -1, number = -1] = id.split("-").map(Number);
    const script = this.#scripts[client]?.[number];
    if (!script) throw new Error(`nobody asked for ${JSON.stringify(id)}`);
    return script;
  }
}
