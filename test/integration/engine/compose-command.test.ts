import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { composeVersion, runCompose } from "../../../src/engine/compose-command.ts";

describe("docker compose", () => {
  let cwd: string;

  beforeAll(() => {
    cwd = mkdtempSync(join(tmpdir(), "compose-"));
    writeFileSync(join(cwd, "compose.yaml"), 'name: shop\nservices:\n  web:\n    image: "web:$TAG"\n');
  });

  afterAll(() => rmSync(cwd, { recursive: true }));

  test("is there", async () => {
    expect(await composeVersion({})).toMatch(/^\d+\.\d+\.\d+$/);
  });

  test("gives lines as they come and all of its output", async () => {
    const lines: string[] = [];
    const result = await runCompose({
      endpointEnv: { TAG: "7" },
      args: ["config"],
      cwd,
      onLine: (line, stream) => lines.push(`${stream} ${line}`),
    });
    expect(result.exitCode).toBe(0);
    expect(result.stdout).toContain("image: web:7\n");
    expect(lines).toContain("stdout name: shop");
    expect(
      lines
        .filter((line) => line.startsWith("stdout"))
        .map((line) => line.slice(7))
        .join("\n"),
    ).toBe(result.stdout.trimEnd());
  });

  test("reads a file from its input", async () => {
    const input = "name: piped\nservices: {a: {image: b}}\n";
    const { stdout } = await runCompose({ endpointEnv: {}, args: ["-f", "-", "config"], cwd, input });
    expect(stdout).toContain("name: piped");
  });

  test("a failure is a result with compose's own words", async () => {
    const result = await runCompose({ endpointEnv: {}, args: ["-f", "none.yaml", "config"], cwd });
    expect(result.exitCode).not.toBe(0);
    expect(result.stderr).toMatch(/none\.yaml/);
  });

  test("is interrupted by the signal, with the processes it has started", async () => {
    // The run is over when nobody holds its output any more: the inner process has to go, not only the first.
    const script = "#!/bin/sh\nsh -c 'echo started; exec sleep 600'\n";
    writeFileSync(join(cwd, "docker"), script, { mode: 0o755 });
    vi.stubEnv("PATH", `${cwd}:${process.env.PATH}`);
    try {
      const abort = new AbortController();
      const { promise: started, resolve } = Promise.withResolvers<string>();
      const run = runCompose({ endpointEnv: {}, args: [], onLine: resolve, signal: abort.signal });
      run.catch(() => {});
      expect(await started).toBe("started");
      const at = performance.now();
      abort.abort(new Error("enough"));
      await expect(run).rejects.toThrow("enough");
      expect(performance.now() - at).toBeLessThan(5_000);
    } finally {
      vi.unstubAllEnvs();
      rmSync(join(cwd, "docker"));
    }
  });

  test("says when there is no docker command", async () => {
    vi.stubEnv("PATH", cwd);
    try {
      await expect(composeVersion({})).rejects.toMatchObject({ code: "COMPOSE_MISSING" });
    } finally {
      vi.unstubAllEnvs();
    }
  });
});
