import { get } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Check } from "../../model/check.ts";
import type { ProbeEvent } from "../../model/gateway-api.ts";
import type { Target } from "../../model/route.ts";

/** Outcome of one probe; `reason` is null on success. */
export interface Probed {
  reason: string | null;
  ms: number;
}

/**
 * Probes all targets, each in a loop of its own over connections of its own, until each had `check.successes`
 * successes in a row. A failure is told when its reason changes.
 */
export async function probeAll(
  targets: Target[],
  check: Check,
  version: string,
  tell: (event: ProbeEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(targets.map((target) => probeUntilReady(target, check, version, tell, signal)));
  if (!signal.aborted) tell({ type: "done" });
}

async function probeUntilReady(
  target: Target,
  check: Check,
  version: string,
  tell: (event: ProbeEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  let streak = 0;
  let firstGoodAt = 0;
  let lastReason: string | null = null;
  while (!signal.aborted) {
    const { reason, ms } = await probe(target, check, version, signal);
    if (signal.aborted) return;
    if (reason === null) {
      streak += 1;
      if (streak === 1) firstGoodAt = Date.now();
      tell({ type: "success", target: target.id, streak, ms });
      if (streak >= check.successes) {
        tell({ type: "ready", target: target.id, firstGoodAt });
        return;
      }
    } else {
      if (reason !== lastReason) tell({ type: "failure", target: target.id, reason });
      streak = 0;
    }
    lastReason = reason;
    await sleep(check.intervalMs, null, { signal }).catch(() => undefined);
  }
}

/** One probe: a GET, or a TCP connection when the check has no path. Never rejects. */
export async function probe(
  target: Target,
  check: Check,
  version: string,
  signal: AbortSignal,
): Promise<Probed> {
  const from = performance.now();
  const limit = AbortSignal.timeout(check.timeoutMs);
  const either = AbortSignal.any([signal, limit]);
  const reason = await (check.path === null
    ? probeTcp(target, either)
    : probeHttp(target, check, check.path, version, either)
  ).catch((error: unknown) => (limit.aborted ? `no answer within ${check.timeoutMs} ms` : describe(error)));
  return { reason, ms: performance.now() - from };
}

function probeTcp(target: Target, signal: AbortSignal): Promise<null> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: target.address, port: target.port, signal });
    socket.once("connect", () => {
      socket.destroy();
      resolve(null);
    });
    socket.on("error", reject);
  });
}

function probeHttp(
  target: Target,
  check: Check,
  path: string,
  version: string,
  signal: AbortSignal,
): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const authority = target.address.includes(":") ? `[${target.address}]` : target.address;
    const request = get({
      host: target.address,
      port: target.port,
      path,
      agent: false,
      setHost: false,
      signal,
      headers: {
        Host: check.host ?? `${authority}:${target.port}`,
        "User-Agent": `cutover-probe/${version}`,
        Accept: "*/*",
      },
    });
    request.once("response", (response) => {
      const status = response.statusCode ?? 0;
      const good = status >= check.status.from && status <= check.status.to;
      response.on("error", () => undefined);
      response.resume();
      resolve(good ? null : `HTTP ${status}`);
    });
    request.on("error", reject);
  });
}

function describe(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ECONNREFUSED") return "connection refused";
  if (code === "ECONNRESET") return "connection closed before an answer";
  if (code === "EHOSTUNREACH" || code === "ENETUNREACH") return "address unreachable";
  return error instanceof Error ? error.message : String(error);
}
