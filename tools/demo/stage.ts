import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { freePorts } from "../instance/ports.ts";

/** The demo's own installation: it never touches another. */
export const instance = "cutover-demo";

/** Long-lived connections get less time than the example's file gives them, so that a demo is short. */
const shorterDrain = "x-cutover:\n  drain:\n    connections: 4s\n    spread: 1s\n";

/** The app on a copy of an example, and the ports of the demo's installation. */
export interface Stage {
  app: string;
  directory: string;
  /** Origin the app is served on. */
  url: string;
  port: number;
  httpPort: number;
  httpsPort: number;
  files: string[];
}

export async function setStage(example: "node" | "flask"): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), "cutover-demo-"));
  await cp(fileURLToPath(new URL(`../../examples/${example}`, import.meta.url)), directory, {
    recursive: true,
  });
  await writeFile(join(directory, "demo.yaml"), shorterDrain);
  const [port = 0, httpPort = 0, httpsPort = 0] = await freePorts(3);
  const files = ["compose.yaml", "demo.yaml"].map((name) => join(directory, name));
  const app = `cutover-demo-${example}`;
  return { app, directory, url: `http://127.0.0.1:${port}`, port, httpPort, httpsPort, files };
}

export async function clearStage(stage: Stage): Promise<void> {
  await rm(stage.directory, { recursive: true, force: true });
}

/** Id and start time of each of the app's containers, by service and colour; sorted. */
export async function containersOf(app: string): Promise<string[]> {
  const projects = [app, `${app}-blue`, `${app}-green`];
  const ids = await Promise.all(
    projects.map(
      async (project) =>
        (
          await execa(
            "docker",
            ["ps", "--quiet", "--filter", `label=com.docker.compose.project=${project}`],
            {
              lines: true,
            },
          )
        ).stdout,
    ),
  );
  const all = ids.flat();
  if (all.length === 0) return [];
  const format = "{{.Name}} {{.Id}} {{.State.StartedAt}}";
  const { stdout } = await execa("docker", ["inspect", "--format", format, ...all], { lines: true });
  return stdout.sort();
}
