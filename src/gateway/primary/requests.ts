import type { Check } from "../../model/check.ts";
import { CutoverError } from "../../model/error.ts";
import type { DrainRequest, ProbeRequest } from "../../model/gateway-api.ts";
import type { Listener, Target } from "../../model/route.ts";
import { isPort } from "../table-check.ts";

/**
 * Bodies of the admin API, checked. Each throws GATEWAY_REFUSED that names the wrong field.
 */
export function checkListenersBody(body: unknown): Listener[] {
  const { listeners } = fields(body, "the body");
  return list(listeners, "listeners").map((item, index) => {
    const { name, host, port } = fields(item, `listeners[${index}]`);
    if (!isPort(port)) throw wrong(`listeners[${index}].port`);
    return {
      name: text(name, "name"),
      host: host === null ? null : text(host, `listeners[${index}].host`),
      port,
    };
  });
}

export function drainOf(body: unknown): DrainRequest {
  const { targets, requestsMs, connectionsMs, spreadMs } = fields(body, "the body");
  return {
    targets: [...new Set(list(targets, "targets").map((id, index) => text(id, `targets[${index}]`)))],
    requestsMs: duration(requestsMs, "requestsMs"),
    connectionsMs: duration(connectionsMs, "connectionsMs"),
    spreadMs: duration(spreadMs, "spreadMs"),
  };
}

export function probeOf(body: unknown): ProbeRequest {
  const { targets, check, proxyProtocol = 0 } = fields(body, "the body");
  if (proxyProtocol !== 0 && proxyProtocol !== 1 && proxyProtocol !== 2) throw wrong("proxyProtocol");
  return {
    targets: list(targets, "targets").map((item, index) => targetOf(item, `targets[${index}]`)),
    check: checkOf(check),
    proxyProtocol,
  };
}

function targetOf(item: unknown, place: string): Target {
  const { id, address, port } = fields(item, place);
  if (!isPort(port)) throw wrong(`${place}.port`);
  return { id: text(id, `${place}.id`), address: text(address, `${place}.address`), port };
}

function checkOf(value: unknown): Check {
  const { path, host, successes, intervalMs, timeoutMs, status } = fields(value, "check");
  if (path !== null && !/^\/[\x21-\x7e]*$/.test(text(path, "check.path"))) throw wrong("check.path");
  const { from, to } = fields(status, "check.status");
  const count = duration(successes, "check.successes");
  const timeout = duration(timeoutMs, "check.timeoutMs");
  if (count < 1) throw wrong("check.successes");
  if (timeout < 1) throw wrong("check.timeoutMs");
  return {
    path: path === null ? null : text(path, "check.path"),
    host: host === null ? null : text(host, "check.host"),
    successes: count,
    intervalMs: duration(intervalMs, "check.intervalMs"),
    timeoutMs: timeout,
    status: { from: duration(from, "check.status.from"), to: duration(to, "check.status.to") },
  };
}

function fields(value: unknown, place: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(place);
  return value as Record<string, unknown>;
}

function list(value: unknown, place: string): unknown[] {
  if (!Array.isArray(value)) throw wrong(place);
  return value;
}

function text(value: unknown, place: string): string {
  if (typeof value !== "string" || value === "") throw wrong(place);
  return value;
}

function duration(value: unknown, place: string): number {
  if (typeof value !== "number" || !(value >= 0) || value > 2 ** 31 - 1) throw wrong(place);
  return value;
}

function wrong(place: string): CutoverError {
  return new CutoverError("GATEWAY_REFUSED", `${place} is not what the gateway's API takes`);
}
