import { once } from "node:events";
import { expect, test } from "vitest";
import { startGateway } from "../../support/gateway.ts";
import { tableWith } from "./balance-setting.ts";
import { countingTarget } from "./balance-setting.ts";

test("workers end with a primary that is killed, also while they have something to tell it", async () => {
  await using gateway = await startGateway();
  await using target = await countingTarget();
  await gateway.put(tableWith(1, [target.target], { maxInFlight: 1 }));
  const { workers } = await gateway.status();
  const requests = Array.from({ length: 40 }, () => fetch(gateway.url).catch(() => null));
  await target.reached(1);
  // Requests that wait are reported ten times a second. Workers that were stopped have a report due before they can
  // learn that there is nobody to report to.
  for (const { pid } of workers) process.kill(pid, "SIGSTOP");
  const stoppedAt = performance.now();
  gateway.process.kill("SIGKILL");
  await once(gateway.process, "exit");
  while (performance.now() - stoppedAt < 200) await new Promise((resolve) => setImmediate(resolve));
  for (const { pid } of workers) signal(pid, "SIGCONT");
  for (const { pid } of workers) while (signal(pid, 0)) await new Promise((resolve) => setImmediate(resolve));
  target.open();
  expect((await Promise.all(requests)).filter((response) => response?.ok)).toEqual([]);
});

/** False when there is no such process. */
function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
