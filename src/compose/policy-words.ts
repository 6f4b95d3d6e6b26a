import { durationText } from "../model/duration.ts";
import type { BackendPolicy, Condition } from "../model/route.ts";
import { sizeText } from "../model/size.ts";

/** What a policy says, in the words of `x-cutover`: one text a key, empty for none. */
export function policyWords(policy: BackendPolicy): string[] {
  const { sticky, ejection, probe, retry, host, bufferRequests } = policy;
  const words: [key: string, value: string | null][] = [
    ["timeouts.connect", ms(policy.connectMs)],
    ["timeouts.response", ms(policy.responseMs)],
    ["timeouts.keep-alive", ms(policy.keepAliveMs)],
    ["max-in-flight", number(policy.maxInFlight)],
    ["queue.size", number(policy.maxQueued)],
    ["queue.wait", ms(policy.queueMs)],
    ["sticky", sticky ? `by the cookie ${sticky.cookie}` : null],
    ["eject", ejection === undefined ? null : ejectionWords(ejection)],
    ["probe", probe ? `every ${durationText(probe.everyMs)}, ${probe.failures} failures` : null],
    ["slow-start", ms(policy.slowStartMs)],
    ["retry", retry ? retryWords(retry) : null],
    ["host-header", typeof host === "object" ? host.name : (host ?? null)],
    ["proxy-protocol", policy.proxyProtocol ? `v${policy.proxyProtocol}` : null],
    [
      "buffer-requests",
      bufferRequests
        ? `${sizeText(bufferRequests.memoryBytes)} in memory, ${sizeText(bufferRequests.diskBytes)} on disk`
        : null,
    ],
    ["max-body", policy.maxBodyBytes === undefined ? null : sizeText(policy.maxBodyBytes)],
  ];
  return words.flatMap(([key, value]) => (value === null ? [] : [`${key} ${value}`]));
}

function ejectionWords(ejection: Exclude<BackendPolicy["ejection"], undefined>): string {
  if (!ejection) return "never";
  const { failures, baseMs, maxMs } = ejection;
  return `after ${failures} failures, ${durationText(baseMs)} to ${durationText(maxMs)}`;
}

function retryWords({ attempts, budget }: NonNullable<BackendPolicy["retry"]>): string {
  return attempts === 0
    ? "never"
    : `up to ${attempts} more, ${Number((budget * 100).toPrecision(6))}% of requests`;
}

function ms(value: number | undefined): string | null {
  return value === undefined ? null : durationText(value);
}

function number(value: number | undefined): string | null {
  return value === undefined ? null : String(value);
}

/** What a condition asks for, for people: `GET or HEAD, x-beta: 1`. */
export function conditionWords(condition: Condition): string {
  if ("all" in condition) return condition.all.map(conditionWords).join(", ");
  if ("any" in condition) return condition.any.map(conditionWords).join(" or ");
  if ("not" in condition) return `not ${conditionWords(condition.not)}`;
  if ("host" in condition) return condition.host;
  if ("hostRegexp" in condition) return `host ~ ${condition.hostRegexp}`;
  if ("path" in condition) return condition.path;
  if ("pathPrefix" in condition) return `${condition.pathPrefix}…`;
  if ("pathRegexp" in condition) return `path ~ ${condition.pathRegexp}`;
  if ("method" in condition) return condition.method;
  if ("client" in condition) return `from ${condition.client}`;
  const [name, sign] = "header" in condition ? [condition.header, ": "] : [`?${condition.query}`, "="];
  if ("regexp" in condition) return `${name} ~ ${condition.regexp}`;
  return condition.value === null ? name : `${name}${sign}${condition.value}`;
}
