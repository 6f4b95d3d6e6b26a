import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Load, startLoad } from "../../tools/load/load.ts";
import { docker, type TestApp, testApp, up } from "../support/app.ts";
import { type TestInstance, testInstance } from "../support/instance.ts";

/**
 * The main promise: an app is deployed again and again under every kind of load, and nobody notices.
 */
describe("deployments back to back under mixed load", () => {
  const deployments = 20;
  const wanted = 100_000;
  /** As the compose file says, in milliseconds: short, so that twenty deployments fit; longer than a slow request. */
  const drain = { requests: 5_000, connections: 2_500, spread: 500 };
  let instance: TestInstance;
  let app: TestApp;
  let load: Load;

  beforeAll(async () => {
    instance = await testInstance();
    await up(instance);
    app = await testApp(instance);
    await app.edit((text) =>
      text
        .replace("requests: 30s", `requests: ${drain.requests}ms`)
        .replace("connections: 60s", `connections: ${drain.connections}ms\n    spread: ${drain.spread}ms`)
        .replace("x-cutover:\n      check:", "deploy:\n      replicas: 2\n    x-cutover:\n      check:"),
    );
  });

  afterAll(async () => {
    await load?.[Symbol.asyncDispose]();
    await app?.cutover(["down"]);
    await app?.[Symbol.asyncDispose]();
    await instance?.[Symbol.asyncDispose]();
  });

  it(`serves ${wanted} requests over ${deployments} deployments without one failing`, async () => {
    expect(await app.deploy("0")).toMatchObject({ outcome: "live", exitCode: 0 });
    const database = await docker(
      "ps",
      "--quiet",
      "--filter",
      `label=com.docker.compose.project=${app.project}`,
    );
    expect(database).toHaveLength(1);

    load = await startLoad({
      url: app.url,
      mix: {
        keepalive: { connections: 12, rate: 700 },
        close: { lanes: 4, rate: 100 },
        post: { connections: 4, rate: 120, bytes: 4096 },
        slow: { lanes: 4, ms: 2000 },
        websocket: { connections: 6, everyMs: 100 },
        sse: { connections: 6 },
        download: { lanes: 2, mb: 10, pauseMs: 250 },
      },
    });
    const order = ["0"];
    for (let i = 1; i <= deployments; i++) {
      const outcome = await app.deploy(String(i));
      expect(outcome).toMatchObject({ outcome: "live", release: i + 1, exitCode: 0 });
      expect(outcome.receipt?.failures).toBe(0);
      load.mark(String(i), outcome.receipt?.switchedAt);
      order.push(String(i));
    }
    await load.until((progress) => progress.requests >= wanted, 600_000);
    const report = await load.stop({ order });

    expect(report.failed).toEqual([]);
    expect(report.failures).toBe(0);
    expect(report.requests).toBeGreaterThanOrEqual(wanted);
    expect(report.regressions.listed).toEqual([]);
    expect(report.byVersion.map(({ version }) => version)).toEqual(order);
    for (const kind of ["keepalive", "close", "post", "slow", "websocket", "sse", "download"] as const) {
      expect(report.byKind[kind]?.requests, kind).toBeGreaterThan(0);
    }

    const byServer = report.closings.filter((closing) => closing.byServer);
    expect(byServer.length).toBeGreaterThanOrEqual(deployments * 6);
    expect(byServer.filter((closing) => !closing.clean)).toEqual([]);
    expect(byServer.filter(({ kind, code }) => kind === "websocket" && code !== 1012)).toEqual([]);
    const tooSoon = byServer.filter(
      ({ sinceMarkMs }) => sinceMarkMs === null || sinceMarkMs < drain.connections - 50,
    );
    expect(tooSoon).toEqual([]);
    expect(report.messages.sse.missed).toBe(0);

    expect(
      await docker("ps", "--quiet", "--filter", `label=com.docker.compose.project=${app.project}`),
    ).toEqual(database);
  });

  it("leaves exactly what should be there", async () => {
    const names = await docker(
      "ps",
      "--all",
      "--filter",
      `label=dev.cutover.instance=${instance.name}`,
      "--format",
      "{{.Names}} {{.State}}",
    );
    expect(names.toSorted()).toEqual(
      [
        `${instance.name}-control running`,
        `${instance.name}-gateway running`,
        `${app.project}-blue-web-blue-1 running`,
        `${app.project}-blue-web-blue-2 running`,
        `${app.project}-green-web-green-1 exited`,
        `${app.project}-green-web-green-2 exited`,
      ].toSorted(),
    );
    const images = await docker("image", "ls", "--format", "{{.Tag}}", `cutover.local/${app.project}/web`);
    expect(images.toSorted()).toEqual(["17", "18", "19", "20", "21"]);
  });

  it("takes everything away again but the data and what compose built", async () => {
    expect(await app.cutover(["down"])).toMatchObject({ exitCode: 0 });
    expect(await app.cutover(["down", "--all", "-y"])).toMatchObject({ exitCode: 0 });
    expect(await instance.leftovers()).toEqual([
      `volume ${app.project}_data`,
      `image ${app.project}-db:latest`,
      `image ${app.project}-web:latest`,
    ]);
  });
});
