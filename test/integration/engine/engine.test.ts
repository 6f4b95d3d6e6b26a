import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EngineConnection } from "../../../src/engine/connection.ts";
import { createContainer, startContainer } from "../../../src/engine/containers.ts";
import { resolveEndpoint } from "../../../src/engine/endpoint.ts";
import { createEngine } from "../../../src/engine/engine.ts";
import { execStream } from "../../../src/engine/exec-stream.ts";
import { ensureNetwork } from "../../../src/engine/networks.ts";
import { label } from "../../../src/model/labels.ts";

const instance = `cutover-t${randomBytes(4).toString("hex")}`;
const app = { [label.app]: "shop" };
const labels = { ...app, [label.instance]: instance };
const image = "node:24-slim";

/** Goes on with an iterator that was begun by hand. */
function iterate<T>(iterator: AsyncIterator<T>): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => iterator };
}

describe("the engine of a deployment", () => {
  let connection: EngineConnection;

  beforeAll(async () => {
    connection = await EngineConnection.open(resolveEndpoint({ env: process.env }));
  });

  afterAll(async () => {
    const engine = createEngine(connection, instance);
    for (const { id } of await engine.containers({})) await engine.remove(id);
    await engine.removeNetworks({});
    await connection[Symbol.asyncDispose]();
  });

  function make(name: string, command: string[], more: object = {}): Promise<string> {
    return createContainer(connection, `${instance}-${name}`, {
      Image: image,
      Cmd: command,
      Entrypoint: [],
      Labels: labels,
      ...more,
    });
  }

  test("tells its version", async () => {
    const { version, apiVersion } = await createEngine(connection, instance).version();
    expect(version).toMatch(/^\d+\.\d+/);
    expect(apiVersion).toBe(connection.apiVersion);
  });

  test("follows a container from its start to its removal", async () => {
    const engine = createEngine(connection, instance);
    const id = await make(
      "life",
      ["sh", "-c", "echo out; echo err >&2; trap 'exit 7' USR1; while :; do sleep 0.1; done"],
      {
        StopSignal: "SIGUSR1",
        StopTimeout: 30,
      },
    );
    const abort = new AbortController();
    const events = engine.events(abort.signal)[Symbol.asyncIterator]();
    expect(await events.next()).toEqual({ done: false, value: null });

    expect(await engine.inspect(id)).toMatchObject({ status: "created", startedAt: "", exitCode: null });
    await engine.start(id);
    await engine.start(id);
    const running = await engine.inspect(id);
    expect(running).toMatchObject({
      status: "running",
      health: "none",
      stopTimeoutSeconds: 30,
      restartCount: 0,
    });
    expect(running?.networks).toEqual([
      { name: "bridge", driver: "bridge", address: expect.stringMatching(/^\d+\./) },
    ]);

    const followed = engine.follow(id, abort.signal)[Symbol.asyncIterator]();
    const lines = [(await followed.next()).value, (await followed.next()).value];
    expect(lines.toSorted()).toEqual(["err", "out"]);
    const ended = engine.wait(id, abort.signal);
    await engine.stop(id);
    await engine.stop(id);
    expect(await ended).toBe(7);
    expect(await followed.next()).toEqual({ done: true, value: undefined });
    expect(await engine.inspect(id)).toMatchObject({ status: "exited", exitCode: 7, oomKilled: false });
    expect((await engine.lastLines(id, 1)).length).toBe(1);
    expect((await engine.lastLines(id, 10)).toSorted()).toEqual(["err", "out"]);

    await engine.remove(id);
    await engine.remove(id);
    await engine.stop(id);
    expect(await engine.inspect(id)).toBeNull();
    expect(await engine.lastLines(id, 10)).toEqual([]);

    const actions: string[] = [];
    for await (const event of iterate(events)) {
      if (event === null) continue;
      expect(event.labels[label.app]).toBe("shop");
      expect(event.id).toBe(id);
      actions.push(event.action);
      if (event.action === "destroy") abort.abort();
    }
    expect(actions.filter((action) => action !== "create" && action !== "stop")).toEqual([
      "start",
      "kill",
      "die",
      "destroy",
    ]);
  });

  test("reports Docker's health as an event", async () => {
    const engine = createEngine(connection, instance);
    const id = await make("health", ["sleep", "60"], {
      Healthcheck: { Test: ["CMD", "true"], Interval: 1_000_000_000, Retries: 1 },
    });
    const abort = new AbortController();
    const events = engine.events(abort.signal)[Symbol.asyncIterator]();
    await events.next();
    await engine.start(id);
    for await (const event of iterate(events)) {
      if (event?.id === id && event.action === "health_status: healthy") break;
    }
    abort.abort();
    expect(await engine.inspect(id)).toMatchObject({ health: "healthy" });
    await engine.remove(id);
  });

  test("sees and changes only what carries the instance's label", async () => {
    const stranger = createEngine(connection, `${instance}-other`);
    const id = await make("own", ["sleep", "60"]);
    expect(await stranger.containers(app)).toEqual([]);
    expect(await stranger.inspect(id)).toBeNull();
    await expect(stranger.remove(id)).rejects.toMatchObject({ code: "INTERNAL" });
    await expect(stranger.stop(id)).rejects.toMatchObject({ code: "INTERNAL" });
    const engine = createEngine(connection, instance);
    expect((await engine.containers(app)).map((container) => container.id)).toContain(id);
    expect(await engine.containers({ [label.app]: "other" })).toEqual([]);
    await engine.remove(id);
  });

  test("leaves out containers that vanish while they are listed", async () => {
    const engine = createEngine(connection, instance);
    const ids = await Promise.all(["a", "b", "c", "d"].map((name) => make(`vanish-${name}`, ["true"])));
    const [listed] = await Promise.all([engine.containers(app), ...ids.map((id) => engine.remove(id))]);
    expect(listed.length).toBeLessThanOrEqual(ids.length);
    expect((await engine.containers(app)).filter(({ id }) => ids.includes(id))).toEqual([]);
  });

  test("reads the output of a container with a terminal", async () => {
    const engine = createEngine(connection, instance);
    const id = await make("tty", ["sh", "-c", "echo one; echo two"], { Tty: true });
    await engine.start(id);
    await engine.wait(id, AbortSignal.timeout(20_000));
    expect(await engine.lastLines(id, 10)).toEqual(["one", "two"]);
    await engine.remove(id);
  });

  test("removes networks by label, once", async () => {
    const engine = createEngine(connection, instance);
    const name = `${instance}-net`;
    const id = await ensureNetwork(connection, name, labels);
    expect(await ensureNetwork(connection, name, labels)).toBe(id);
    expect(await engine.removeNetworks({ [label.app]: "other" })).toEqual([]);
    expect(await engine.removeNetworks(app)).toEqual([name]);
    expect(await engine.removeNetworks(app)).toEqual([]);
  });

  test("knows images by name", async () => {
    const engine = createEngine(connection, instance);
    expect(await engine.hasImage(image)).toBe(true);
    expect(await engine.hasImage(`${instance}/none:1`)).toBe(false);
    expect(await engine.removeImage(`${instance}/none:1`)).toBe(false);
  });

  test("carries bytes both ways through exec, each side ending by itself", async () => {
    const id = await make("exec", ["sleep", "60"]);
    await startContainer(connection, id);
    const stream = await execStream(connection, id, ["sh", "-c", "echo ready; cat; echo ended"]);
    const payload = randomBytes(3_000_000).toString("base64");
    stream.end(payload);
    const received: Buffer[] = [];
    for await (const chunk of stream) received.push(chunk);
    expect(Buffer.concat(received).toString()).toBe(`ready\n${payload}ended\n`);

    const failing = await execStream(connection, id, ["sh", "-c", "echo no >&2; exit 3"]);
    await expect(failing.toArray()).rejects.toThrow(/ended with code 3: no/);
    await createEngine(connection, instance).remove(id);
    await expect(execStream(connection, id, ["true"])).rejects.toMatchObject({ code: "ENGINE_ERROR" });
  });
});
