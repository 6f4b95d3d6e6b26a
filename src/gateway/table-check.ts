import { CutoverError } from "../model/error.ts";
import { type RoutingTable, httpListener } from "../model/route.ts";
import { isHostPattern } from "./host.ts";

/**
 * The value as a routing table.
 *
 * @throws CutoverError GATEWAY_REFUSED with everything that is wrong with it in `details`
 */
export function checkTable(value: unknown): RoutingTable {
  const problems = tableProblems(value);
  if (problems.length > 0) {
    throw new CutoverError("GATEWAY_REFUSED", `the routing table is not valid: ${problems[0]}`, {
      details: problems,
    });
  }
  return value as RoutingTable;
}

/** All that is wrong with a table, in words; empty for a valid one. Never throws. */
export function tableProblems(value: unknown): string[] {
  if (!isRecord(value)) return ["it is not an object"];
  const problems: string[] = [];
  const say = (problem: string) => problems.push(problem);
  if (!Number.isSafeInteger(value.generation) || (value.generation as number) < 0) {
    say("generation is not a whole number from 0");
  }
  const listeners = records(value.listeners, "listeners", say);
  const names = unique(listeners, "name", "listener", say);
  for (const [index, listener] of listeners.entries()) {
    if (listener.name === httpListener) say(`listeners[${index}] has the name of the gateway's own listener`);
    if (listener.host !== null && !isText(listener.host)) say(`listeners[${index}].host is no address`);
    if (!isPort(listener.port)) say(`listeners[${index}].port is no port`);
  }
  const backends = records(value.backends, "backends", say);
  const backendIds = unique(backends, "id", "backend", say);
  for (const [index, backend] of backends.entries()) checkBackend(backend, `backends[${index}]`, say);
  const routes = records(value.routes, "routes", say);
  unique(routes, "id", "route", say);
  for (const [index, route] of routes.entries()) {
    const place = `routes[${index}]`;
    if (!isText(route.app)) say(`${place}.app is empty`);
    if (route.listener !== httpListener && !names.has(route.listener)) {
      say(`${place}.listener ${show(route.listener)} is not in listeners`);
    }
    if (!backendIds.has(route.backend)) say(`${place}.backend ${show(route.backend)} is not in backends`);
    if (typeof route.path !== "string" || !/^\/[^?#\s]*$/.test(route.path)) {
      say(`${place}.path does not start with a slash, or holds a query`);
    }
    if (typeof route.priority !== "number" || !Number.isFinite(route.priority)) {
      say(`${place}.priority is no number`);
    }
    const hosts: unknown[] = Array.isArray(route.hosts) ? route.hosts : [null];
    for (const host of hosts) {
      if (typeof host !== "string" || !isHostPattern(host))
        say(`${place}.hosts: ${show(host)} is no host name`);
    }
  }
  return problems;
}

function checkBackend(backend: Fields, place: string, say: (problem: string) => void): void {
  if (!isText(backend.app)) say(`${place}.app is empty`);
  if (!isText(backend.service)) say(`${place}.service is empty`);
  if (!Number.isSafeInteger(backend.release)) say(`${place}.release is no whole number`);
  const targets = records(backend.targets, `${place}.targets`, say);
  unique(targets, "id", `${place} target`, say);
  for (const [index, target] of targets.entries()) {
    if (!isText(target.address)) say(`${place}.targets[${index}].address is empty`);
    if (!isPort(target.port)) say(`${place}.targets[${index}].port is no port`);
  }
}

type Fields = Record<string, unknown>;

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** A TCP port that can be connected to. */
export function isPort(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65_535;
}

function records(value: unknown, name: string, say: (problem: string) => void): Fields[] {
  if (Array.isArray(value) && value.every(isRecord)) return value;
  say(`${name} is no list of objects`);
  return [];
}

function unique(items: Fields[], key: string, kind: string, say: (problem: string) => void): Set<unknown> {
  const seen = new Set<unknown>();
  for (const item of items) {
    const value = item[key];
    if (!isText(value)) say(`a ${kind} has no ${key}`);
    else if (seen.has(value)) say(`${kind} ${show(value)} stands twice`);
    seen.add(value);
  }
  return seen;
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? "undefined";
}
