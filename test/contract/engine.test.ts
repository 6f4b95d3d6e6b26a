import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ContainerEvent, Engine } from "../../src/deploy/ports.ts";
import { EngineConnection } from "../../src/engine/connection.ts";
import { resolveEndpoint } from "../../src/engine/endpoint.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { label } from "../../src/model/labels.ts";
import { FakeEngine } from "../support/fake-engine.ts";

const run = promisify(execFile);

type Behaviour = "runs" | "prints and exits with 3";

interface Subject extends AsyncDisposable {
  engine: Engine;
  create(behaviour: Behaviour, labels: Record<string, string>): Promise<string>;
}

const instance = `cutover-t${randomBytes(4).toString("hex")}`;
const own = { [label.instance]: instance };

async function fakeSubject(): Promise<Subject> {
  const engine = new FakeEngine();
  return {
    engine,
    create: async (behaviour, labels) =>
      engine.create({
        labels: { ...own, ...labels },
        ...(behaviour === "runs" ? { output: ["up"] } : { exitCode: 3, output: ["one", "two", "three"] }),
      }),
    [Symbol.asyncDispose]: async () => {
      for (const container of await engine.containers({})) await engine.remove(container.id);
    },
  };
}

async function realSubject(): Promise<Subject> {
  const connection = await EngineConnection.open(resolveEndpoint({ env: process.env }));
  const engine = createEngine(connection, instance);
  return {
    engine,
    create: async (behaviour, labels) => {
      const script =
        behaviour === "runs" ? "echo up; exec sleep 600" : "echo one; echo two >&2; echo three; exit 3";
      const flags = Object.entries({ ...own, ...labels }).flatMap(([key, value]) => [
        "--label",
        `${key}=${value}`,
      ]);
      const args = ["create", "--init", "--network", "none", ...flags, "node:24-slim", "sh", "-c", script];
      return (await run("docker", args)).stdout.trim();
    },
    [Symbol.asyncDispose]: async () => {
      for (const container of await engine.containers({})) await engine.remove(container.id);
      await connection[Symbol.asyncDispose]();
    },
  };
}

describe.each([
  ["the fake engine", fakeSubject],
  ["the real engine", realSubject],
])("%s", (_name, open) => {
  let subject: Subject;
  let stop: AbortController;

  beforeEach(async () => {
    subject = await open();
    stop = new AbortController();
  });

  afterEach(async () => {
    stop.abort();
    await subject[Symbol.asyncDispose]();
  });

  /** Starts listening and resolves when the subscription stands. */
  async function listen(): Promise<{
    events: ContainerEvent[];
    until: (action: string, id: string) => Promise<void>;
  }> {
    const events: ContainerEvent[] = [];
    const stands = Promise.withResolvers<void>();
    const waiters: { action: string; id: string; resolve: () => void }[] = [];
    void (async () => {
      for await (const event of subject.engine.events(stop.signal)) {
        if (event === null) stands.resolve();
        else {
          events.push(event);
          for (const waiter of waiters)
            if (waiter.action === event.action && waiter.id === event.id) waiter.resolve();
        }
      }
    })();
    await stands.promise;
    const until = (action: string, id: string): Promise<void> =>
      new Promise((resolve) => {
        if (events.some((event) => event.action === action && event.id === id)) resolve();
        else waiters.push({ action, id, resolve });
      });
    return { events, until };
  }

  it("lists created, running and ended containers by their labels", async () => {
    const created = await subject.create("runs", { [label.app]: "a", [label.service]: "web" });
    const running = await subject.create("runs", { [label.app]: "a", [label.service]: "api" });
    await subject.create("runs", { [label.app]: "b" });
    await subject.engine.start(running);
    const found = await subject.engine.containers({ [label.app]: "a" });
    expect(new Map(found.map((c) => [c.id, c.status]))).toEqual(
      new Map([
        [created, "created"],
        [running, "running"],
      ]),
    );
    const api = await subject.engine.containers({ [label.app]: "a", [label.service]: "api" });
    expect(api.map((container) => container.id)).toEqual([running]);
    expect(Date.parse(api[0]?.startedAt ?? "")).toBeGreaterThan(Date.now() - 60_000);
    expect((await subject.engine.inspect(created))?.startedAt).toBe("");
  });

  it("can be asked for the same thing twice", async () => {
    const id = await subject.create("runs", {});
    await subject.engine.start(id);
    await subject.engine.start(id);
    await subject.engine.stop(id);
    await subject.engine.stop(id);
    await subject.engine.remove(id);
    await subject.engine.remove(id);
    expect(await subject.engine.inspect(id)).toBeNull();
  });

  it("tells start, die and destroy of this instance, in order", async () => {
    const { events, until } = await listen();
    const id = await subject.create("runs", { [label.app]: "a" });
    await subject.engine.start(id);
    await until("start", id);
    await subject.engine.stop(id);
    await until("die", id);
    await subject.engine.remove(id);
    await until("destroy", id);
    const told = events.filter(
      (event) => event.id === id && ["start", "die", "destroy"].includes(event.action),
    );
    expect(told.map((event) => [event.action, event.id])).toEqual([
      ["start", id],
      ["die", id],
      ["destroy", id],
    ]);
    expect(told.every((event) => event.labels[label.app] === "a")).toBe(true);
  });

  it("knows how a container ended and what it said last", async () => {
    const id = await subject.create("prints and exits with 3", {});
    await subject.engine.start(id);
    expect(await subject.engine.wait(id, stop.signal)).toBe(3);
    const state = await subject.engine.inspect(id);
    expect([state?.status, state?.exitCode, state?.oomKilled]).toEqual(["exited", 3, false]);
    expect((await subject.engine.lastLines(id, 20)).toSorted()).toEqual(["one", "three", "two"]);
    expect(await subject.engine.lastLines(id, 1)).toHaveLength(1);
  });

  it("starts a stopped container again as it was", async () => {
    const id = await subject.create("runs", {});
    await subject.engine.start(id);
    await subject.engine.stop(id);
    await subject.engine.start(id);
    const state = await subject.engine.inspect(id);
    expect([state?.status, state?.restartCount]).toEqual(["running", 0]);
  });

  it("gives up waiting when told to", async () => {
    const id = await subject.create("runs", {});
    await subject.engine.start(id);
    const impatient = new AbortController();
    const waiting = subject.engine.wait(id, impatient.signal);
    impatient.abort();
    await expect(waiting).rejects.toThrow();
    expect((await subject.engine.inspect(id))?.status).toBe("running");
  });
});
