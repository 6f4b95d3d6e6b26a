import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { label } from "../../src/model/labels.ts";
import { type TestApp, testApp, up } from "../support/app.ts";
import { type TestInstance, testInstance } from "../support/instance.ts";
import { observer } from "../support/observation.ts";

/** Values that no output, label, receipt or log of Cutover may show, each from another place of the file. */
const canaries = {
  environment: "canary-environment-5f2c",
  envFile: "canary-env-file-91ab",
  shell: "canary-shell-c07d",
  url: "canary-password-77e1",
  hook: "canary-hook-command-3b68",
  secret: "canary-compose-secret-0d4e",
};

describe("values of the environment", () => {
  const engine = observer();
  let instance: TestInstance;
  let app: TestApp;
  /** Everything that was printed, by the command that printed it. */
  const printed = new Map<string, string>();

  beforeAll(async () => {
    instance = await testInstance();
    await up(instance);
    app = await testApp(instance);
    await writeFile(join(app.directory, "web.env"), `API_KEY=${canaries.envFile}\n`);
    await writeFile(join(app.directory, "token.txt"), `${canaries.secret}\n`);
    await app.edit((text) =>
      text
        .replace("connections: 60s", "connections: 0s\n    spread: 0s")
        .replace(
          "    environment:\n",
          [
            "    env_file: web.env",
            "    secrets: [token]",
            "    environment:",
            `      PLAIN: ${canaries.environment}`,
            "      FROM_SHELL: $" + "{FROM_SHELL:-}",
            `      CACHE_URL: redis://user:${canaries.url}@cache:6379/0`,
            "",
          ].join("\n"),
        )
        .concat(
          "  hooks:\n    pre-deploy:\n",
          `      - command: [node, -e, "process.exit(process.env.PLAIN && process.env.API_KEY ? 0 : 1)", ${canaries.hook}]\n`,
          "secrets:\n  token:\n    file: token.txt\n",
        ),
    );
  });

  afterAll(async () => {
    await app?.cutover(["down"]);
    await app?.[Symbol.asyncDispose]();
    await instance?.[Symbol.asyncDispose]();
  });

  async function run(args: string[], env: Record<string, string> = {}): Promise<number> {
    const ran = await app.cutover(args, { FROM_SHELL: canaries.shell, ...env });
    printed.set(`cutover ${args.join(" ")} (${JSON.stringify(env)})`, `${ran.stdout}\n${ran.stderr}`);
    return ran.exitCode;
  }

  it("reach the container", async () => {
    expect(await run(["deploy"], { VERSION: "1" }), [...printed.values()].join("\n")).toBe(0);
    const [container] = await engine.colours(app.project);
    const { stdout } = await execa("docker", [
      "exec",
      container?.name ?? "",
      "sh",
      "-c",
      "env; cat /run/secrets/token",
    ]);
    const { hook: _, ...inside } = canaries;
    for (const value of Object.values(inside)) expect(stdout).toContain(value);
  });

  it("are shown by no command, whatever becomes of the deployment", async () => {
    expect(await run(["deploy", "--json"], { VERSION: "2" })).toBe(0);
    expect(await run(["deploy", "--plan"], { VERSION: "3" })).toBe(0);
    expect(await run(["deploy", "--plan", "--json"], { VERSION: "3" })).toBe(0);
    expect(await run(["deploy", "--json"], { VERSION: "2" })).toBe(0);
    expect(await run(["deploy", "--json"], { VERSION: "3", FAIL: "exit" })).toBe(3);
    expect(await run(["deploy"], { VERSION: "3", FAIL: "never-healthy" })).toBe(3);
    expect(await run(["rollback", "--json"])).toBe(0);
    expect(await run(["rollback", "2"])).toBe(0);
    expect(await run(["deploy", "--json"], { PORT: "not-a-port" })).toBe(2);
    await app.edit((text) => text.replace("      check:\n", "      chekc:\n"));
    expect(await run(["deploy", "--json"])).toBe(2);
    await app.edit((text) => text.replace("      chekc:\n", "      check:\n"));
    await app.edit((text) => text.replace("      PLAIN: canary", "      PLAIN: [canary"));
    expect(await run(["deploy", "--json"])).toBe(2);
    await app.edit((text) => text.replace("      PLAIN: [canary", "      PLAIN: canary"));
    expect(await run(["status"])).toBe(0);
    expect(await run(["status", "--json"])).toBe(0);
    expect(await run(["history"])).toBe(0);
    expect(await run(["history", "--json"])).toBe(0);
    expect(await run(["version", "--json"])).toBe(0);
    for (const [command, text] of printed) {
      for (const value of Object.values(canaries)) expect(text, command).not.toContain(value);
    }
  });

  it("stand in no log of control and gateway", async () => {
    for (const name of ["control", "gateway"]) {
      const { all } = await execa("docker", ["logs", `${instance.name}-${name}`], { all: true });
      expect(all.length).toBeGreaterThan(0);
      for (const value of Object.values(canaries)) expect(all, name).not.toContain(value);
    }
  });

  it("stand in no label, and in no definition of control's and the gateway's containers", async () => {
    const filter = `label=${label.instance}=${instance.name}`;
    const ids = await engine.docker("ps", "--all", "--quiet", "--filter", filter);
    const networks = await engine.docker("network", "ls", "--quiet", "--filter", filter);
    const images = await engine.docker("image", "ls", "--quiet", `cutover.local/${app.project}/web`);
    const labels = await engine.docker("inspect", "--format", "{{json .Config.Labels}}", ...ids, ...images);
    const more =
      networks.length > 0
        ? await engine.docker("network", "inspect", "--format", "{{json .Labels}}", ...networks)
        : [];
    const daemons = await engine.docker("inspect", `${instance.name}-control`, `${instance.name}-gateway`);
    const text = [...labels, ...more, ...daemons].join("\n");
    expect(text).toContain(label.deployment);
    for (const value of Object.values(canaries)) expect(text).not.toContain(value);
  });
});
