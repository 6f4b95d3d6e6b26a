import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ErrorBody } from "../../src/model/error.ts";
import { type Load, startLoad } from "../../tools/load/load.ts";
import { type TestApp, testApp, up } from "../support/app.ts";
import type { TestInstance } from "../support/instance.ts";
import { type IsolatedEngine, isolatedEngine, noIsolation } from "../support/isolated-engine.ts";
import { eventually, observer } from "../support/observation.ts";

/** An engine whose disk is full says so, whatever it was doing, and the running release serves on. */
describe.skipIf(noIsolation !== null)("an engine with a small disk", () => {
  let engine: IsolatedEngine;
  let look: ReturnType<typeof observer>;
  let instance: TestInstance;
  let app: TestApp;
  let load: Load;
  let dockerfile: string;

  beforeAll(async () => {
    engine = await isolatedEngine({ images: ["node:24-slim"], diskMb: 700 });
    look = observer(engine.env);
    instance = engine.instance("small");
    app = await testApp(instance);
    dockerfile = await readFile(join(app.directory, "Dockerfile"), "utf8");
  });

  afterAll(async () => {
    await load?.[Symbol.asyncDispose]();
    await app?.[Symbol.asyncDispose]();
    await engine?.[Symbol.asyncDispose]();
  });

  /** Takes what is left of the disk but so many mebibytes, in a volume of the engine. */
  async function fill(leaveMb: number): Promise<() => Promise<void>> {
    const file = join(engine.directory, "data", "filler");
    const inside = (script: string) =>
      execa("nsenter", [...engine.view, "sh", "-c", script, "sh", file], { reject: false });
    const { stdout } = await inside('df -m --output=avail "$(dirname "$1")" | tail -1');
    await inside(`head -c ${Number(stdout) - leaveMb}M /dev/zero > "$1"`);
    return async () => void (await inside('rm "$1"'));
  }

  async function diskFull(args: string[], env: Record<string, string> = {}): Promise<void> {
    const before = await look.everything();
    const ran = await app.cutover([...args, "--json"], env);
    const shown = `${ran.stdout}\n${ran.stderr}`;
    const last = ran.lines.at(-1) as { error?: ErrorBody };
    expect(last.error, shown).toMatchObject({ code: "DISK_FULL" });
    expect(ran.exitCode).toBe(6);
    await eventually(look.everything, (now) => now.join() === before.join());
  }

  it("has no room for the daemons' image", async () => {
    const free = await fill(20);
    await diskFull(["up"]);
    await free();
  });

  it("has no room for a build", async () => {
    await up(instance);
    expect(await app.deploy("1")).toMatchObject({ outcome: "live", release: 1 });
    load = await startLoad({
      url: app.url,
      enter: engine.enter,
      mix: { keepalive: { connections: 4, rate: 100 }, close: { lanes: 1, rate: 20 } },
    });
    await writeFile(
      join(app.directory, "Dockerfile"),
      dockerfile.replace("USER node", "RUN dd if=/dev/zero of=/app/big bs=1M count=900\nUSER node"),
    );
    await diskFull(["deploy"], { VERSION: "2" });
    await writeFile(join(app.directory, "Dockerfile"), dockerfile);
  });

  it("has no room for a container", async () => {
    await execa("docker", ["compose", "build", "--quiet", "web"], {
      cwd: app.directory,
      env: { ...instance.env, VERSION: "3", COMPOSE_PROJECT_NAME: app.project, PORT: String(app.port) },
    });
    const free = await fill(0);
    const before = await look.colours(app.project);
    const ran = await app.cutover(["deploy", "--no-build", "--json"], { VERSION: "3" });
    const outcome = ran.lines.findLast((line) => line.type === "outcome");
    expect(ran.exitCode, `${ran.stdout}\n${ran.stderr}`).toBe(6);
    expect(ran.lines.at(-1)).toMatchObject({ error: { code: "DISK_FULL" } });
    expect(outcome === undefined || outcome.outcome === "aborted").toBe(true);
    expect(await look.colours(app.project)).toEqual(before);
    await free();
  });

  it("serves on, and the next deployment goes through", async () => {
    expect(await app.deploy("4")).toMatchObject({ outcome: "live", exitCode: 0 });
    await load.until(({ version }) => version === "4");
    const report = await load.stop({ order: ["1", "4"] });
    expect(report.failed).toEqual([]);
    expect(report.byVersion.map(({ version }) => version)).toEqual(["1", "4"]);
  });
});
