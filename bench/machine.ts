import { cpus, loadavg, release, totalmem } from "node:os";
import { execa } from "execa";

/** What the figures were measured on. */
export interface Machine {
  processor: string;
  cpus: number;
  memoryGiB: number;
  kernel: string;
  engine: string;
  compose: string;
  nginx: string;
  node: string;
  /** Load average of the last minute before the bench began: above 0.5, others were at work too. */
  loadBefore: number;
}

export async function describeMachine(): Promise<Machine> {
  const [engine, compose, nginx] = await Promise.all([
    execa("docker", ["version", "--format", "{{.Server.Version}}"]),
    execa("docker", ["compose", "version", "--short"]),
    execa("nginx", ["-v"]),
  ]);
  return {
    processor: cpus()[0]?.model ?? "unknown",
    cpus: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    engine: engine.stdout,
    compose: compose.stdout,
    nginx: nginx.stderr.replace(/^.*nginx\//, ""),
    node: process.version,
    loadBefore: loadavg()[0] ?? 0,
  };
}
