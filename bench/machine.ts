import { cpus, loadavg, release, totalmem } from "node:os";
import { execa } from "execa";

/** What the figures were measured on. */
export interface Host {
  processor: string;
  cpus: number;
  memoryGiB: number;
  kernel: string;
  node: string;
  /** Load average of the last minute before the bench began. */
  loadBefore: number;
}

/** A host with what deployments need. */
export interface Machine extends Host {
  engine: string;
  compose: string;
  nginx: string;
}

export function describeHost(): Host {
  return {
    processor: cpus()[0]?.model ?? "unknown",
    cpus: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    loadBefore: loadavg()[0] ?? 0,
  };
}

export async function describeMachine(): Promise<Machine> {
  const [engine, compose, nginx] = await Promise.all([
    execa("docker", ["version", "--format", "{{.Server.Version}}"]),
    execa("docker", ["compose", "version", "--short"]),
    execa("nginx", ["-v"]),
  ]);
  return {
    ...describeHost(),
    engine: engine.stdout,
    compose: compose.stdout,
    nginx: nginx.stderr.replace(/^.*nginx\//, ""),
  };
}

/** Starts to watch the processors; the function it gives tells which share of their time since then was idle. */
export function watchIdle(): () => number {
  const read = () => {
    const times = cpus().map((cpu) => cpu.times);
    const idle = times.reduce((sum, time) => sum + time.idle, 0);
    const all = times.reduce((sum, t) => sum + t.user + t.nice + t.sys + t.idle + t.irq, 0);
    return { idle, all };
  };
  const from = read();
  return () => {
    const to = read();
    return (to.idle - from.idle) / Math.max(1, to.all - from.all);
  };
}
