import { get } from "node:http";
import { type Socket, connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Check } from "../../model/check.ts";
import type { ProbeEvent, ProbeRequest } from "../../model/gateway-api.ts";
import type { Target } from "../../model/route.ts";
import { writeProxyHeader } from "../edge/proxy-protocol.ts";

/** Version of the PROXY protocol that a target wants to be spoken to in; 0 for none. */
export type ProxyVersion = 0 | 1 | 2;

/** Outcome of one probe; `reason` is null on success. */
export interface Probed {
  reason: string | null;
  ms: number;
}

/** What is asked of a target. */
export interface Subject {
  target: Target;
  check: Check;
  proxyProtocol: ProxyVersion;
}

/**
 * Probes all targets, each in a loop of its own over connections of its own, until each had `check.successes`
 * successes in a row. A failure is told when its reason changes.
 */
export async function probeAll(
  { targets, check, proxyProtocol = 0 }: ProbeRequest,
  version: string,
  tell: (event: ProbeEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const subjects = targets.map((target): Subject => ({ target, check, proxyProtocol }));
  await Promise.all(subjects.map((subject) => probeUntilReady(subject, version, tell, signal)));
  if (!signal.aborted) tell({ type: "done" });
}

async function probeUntilReady(
  subject: Subject,
  version: string,
  tell: (event: ProbeEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const { target, check } = subject;
  let streak = 0;
  let firstGoodAt = 0;
  let lastReason: string | null = null;
  while (!signal.aborted) {
    const { reason, ms } = await probe(subject, version, signal);
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

/** One probe: a GET, or a TCP connection when the check has no path. Never rejects. @param version of the gateway */
export async function probe(subject: Subject, version: string, signal: AbortSignal): Promise<Probed> {
  const { check } = subject;
  const from = performance.now();
  const limit = AbortSignal.timeout(check.timeoutMs);
  const either = AbortSignal.any([signal, limit]);
  const reason = await (check.path === null
    ? probeTcp(subject, either)
    : probeHttp(subject, check.path, version, either)
  ).catch((error: unknown) => (limit.aborted ? `no answer within ${check.timeoutMs} ms` : describe(error)));
  return { reason, ms: performance.now() - from };
}

function probeTcp(subject: Subject, signal: AbortSignal): Promise<null> {
  return new Promise((resolve, reject) => {
    const socket = open(subject, signal);
    socket.once("connect", () => {
      socket.destroySoon();
      resolve(null);
    });
    socket.on("error", reject);
  });
}

function probeHttp(
  subject: Subject,
  path: string,
  version: string,
  signal: AbortSignal,
): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const { target, check } = subject;
    const authority = target.address.includes(":") ? `[${target.address}]` : target.address;
    const request = get({
      path,
      setHost: false,
      createConnection: () => open(subject, signal),
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

/** A connection to the target; where it wants a PROXY header, one that says that the gateway speaks for itself. */
function open({ target, proxyProtocol }: Subject, signal: AbortSignal): Socket {
  const socket = connect({ host: target.address, port: target.port, signal });
  if (proxyProtocol !== 0) socket.write(writeProxyHeader(proxyProtocol, null, null));
  return socket;
}

function describe(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ECONNREFUSED") return "connection refused";
  if (code === "ECONNRESET") return "connection closed before an answer";
  if (code === "EHOSTUNREACH" || code === "ENETUNREACH") return "address unreachable";
  return error instanceof Error ? error.message : String(error);
}
