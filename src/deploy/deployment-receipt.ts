import type { Receipt } from "../model/receipt.ts";
import { makeReceipt } from "../observe/receipt.ts";
import type { Balancer } from "./ports.ts";
import type { DeploymentRecord } from "./record.ts";

/** What reaches the receipt from before the deployment began, in milliseconds. */
const leadMs = 10_000;

/** The receipt of a deployment that has ended live; null for any other. Without counts when the balancer has none. */
export async function deploymentReceipt(
  balancer: Balancer,
  record: DeploymentRecord,
): Promise<Receipt | null> {
  if (record.release === null || record.switchedAt === null || record.endedAt === null) return null;
  const buckets = await balancer.stats(record.app, record.startedAt - leadMs).catch(() => []);
  return makeReceipt({
    deployment: record.id,
    app: record.app,
    release: record.release,
    previous: record.previous,
    startedAt: record.startedAt,
    switchedAt: record.switchedAt,
    endedAt: record.endedAt,
    stepMs: record.stepMs,
    firstGoodToSwitchMs: record.firstGoodAt === null ? null : record.switchedAt - record.firstGoodAt,
    drained: record.drained,
    workers: record.workers,
    buckets,
  });
}
