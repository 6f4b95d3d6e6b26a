import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { execa } from "execa";
import { label } from "../../src/model/labels.ts";

/** A Cutover installation of a test's own on the shared engine, and its apps. */
export interface TestInstance extends AsyncDisposable {
  /** Value of CUTOVER_INSTANCE. */
  name: string;
  httpPort: number;
  httpsPort: number;
  /** Environment for `cutover` and for the code under test. */
  env: Record<string, string>;
  /** A compose project name of this instance's own; it and its colours are removed with the instance. */
  project(name: string): string;
}

/** A TCP port of the loopback that nothing listens on just now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        address && typeof address === "object" ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}

/**
 * Makes up an instance with free ports; starts nothing. When it is disposed of, everything in the engine that
 * carries its label or belongs to one of its projects is removed: containers, networks, volumes and images.
 */
export async function testInstance(): Promise<TestInstance> {
  const name = `cutover-t${randomBytes(4).toString("hex")}`;
  const [httpPort, httpsPort] = await Promise.all([freePort(), freePort()]);
  const projects: string[] = [];
  return {
    name,
    httpPort,
    httpsPort,
    env: { CUTOVER_INSTANCE: name },
    project: (project) => {
      const unique = `${name}-${project}`;
      projects.push(unique);
      return unique;
    },
    [Symbol.asyncDispose]: () => removeInstance(name, projects),
  };
}

/** Removes by label; what is not there is no error. */
async function removeInstance(name: string, projects: readonly string[]): Promise<void> {
  const composed = projects.flatMap((project) => [project, `${project}-blue`, `${project}-green`]);
  const filters = [
    `label=${label.instance}=${name}`,
    ...composed.map((project) => `label=com.docker.compose.project=${project}`),
  ];
  await removeAll(filters, ["ps", "--all", "--quiet"], ["rm", "--force", "--volumes"]);
  await removeAll(filters, ["network", "ls", "--quiet"], ["network", "rm"]);
  await removeAll(filters, ["volume", "ls", "--quiet"], ["volume", "rm", "--force"]);
  await removeAll(filters, ["image", "ls", "--all", "--quiet"], ["image", "rm", "--force"]);
}

async function removeAll(filters: readonly string[], list: string[], remove: string[]): Promise<void> {
  const listed = await Promise.all(
    filters.map((filter) => execa("docker", [...list, "--filter", filter], { lines: true })),
  );
  const ids = [...new Set(listed.flatMap(({ stdout }) => stdout))];
  if (ids.length > 0) await execa("docker", [...remove, ...ids], { reject: false });
}

/** What is left in the engine of an instance, one line a thing; empty when nothing is. */
export async function leftovers(name: string): Promise<string[]> {
  const filter = ["--filter", `label=${label.instance}=${name}`];
  const lists = await Promise.all([
    execa("docker", ["ps", "--all", ...filter, "--format", "container {{.Names}}"], { lines: true }),
    execa("docker", ["network", "ls", ...filter, "--format", "network {{.Name}}"], { lines: true }),
    execa("docker", ["volume", "ls", ...filter, "--format", "volume {{.Name}}"], { lines: true }),
    execa("docker", ["image", "ls", ...filter, "--format", "image {{.Repository}}:{{.Tag}}"], {
      lines: true,
    }),
  ]);
  return lists.flatMap(({ stdout }) => stdout);
}
