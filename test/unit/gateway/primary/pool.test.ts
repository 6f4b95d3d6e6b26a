import { mkdtemp, rm, writeFile } from "node:fs/promises";
import cluster from "node:cluster";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { type Member, Pool, workerLost } from "../../../../src/gateway/primary/pool.ts";
import { pino } from "pino";

it("tries again when the system can make no process for a worker", async () => {
  const directory = await mkdtemp(join(tmpdir(), "cutover-pool-"));
  const program = join(directory, "worker.mjs");
  await writeFile(program, "process.once('disconnect', () => process.exit());");
  const { execPath } = process;
  cluster.setupPrimary({ exec: program, args: [], execArgv: [] });
  const died: Member[] = [];
  const pool = new Pool({
    size: 1,
    log: pino({ level: "silent" }),
    async init(member) {
      await new Promise((resolve) => setImmediate(resolve));
      if (member.worker.isDead()) throw workerLost();
      member.ready = true;
    },
    news: () => undefined,
    died: (member) => void died.push(member),
  });
  try {
    process.execPath = join(directory, "missing");
    await expect(pool.start()).rejects.toThrow("ended while it was starting");
    expect(died).toHaveLength(1);
    expect(await pool.ask(died[0] as Member, { type: "hold" })).toBe(null);
    process.execPath = execPath;
    await vi.waitFor(() => expect(pool.ready).toHaveLength(1), 5_000);
    expect(pool.ready[0]?.pid).toBeGreaterThan(0);
  } finally {
    process.execPath = execPath;
    await pool.stop(0);
    await rm(directory, { recursive: true });
  }
});
