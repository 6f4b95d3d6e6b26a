import { CutoverError } from "../model/error.ts";
import { type RoutingTable, httpListener } from "../model/route.ts";
import { isHostPattern } from "./host.ts";
import { checkCondition, isPath } from "./routing/condition-check.ts";
import {
  type Fields,
  type Say,
  isPort,
  isRecord,
  isText,
  isWhole,
  records,
  show,
  unique,
} from "./routing/fields.ts";
import { checkPolicy } from "./routing/policy-check.ts";

export { isPort };

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
  if (!isWhole(value.generation, 0, Number.MAX_SAFE_INTEGER)) {
    say("generation is not a whole number from 0");
  }
  const listeners = records(value.listeners, "listeners", say);
  unique(listeners, "name", "listener", say);
  for (const [index, listener] of listeners.entries()) checkListener(listener, `listeners[${index}]`, say);
  const backends = records(value.backends, "backends", say);
  const backendIds = unique(backends, "id", "backend", say);
  for (const [index, backend] of backends.entries()) checkBackend(backend, `backends[${index}]`, say);
  const routes = records(value.routes, "routes", say);
  const streams = value.streams === undefined ? [] : records(value.streams, "streams", say);
  unique([...routes, ...streams], "id", "route", say);
  const protocols = new Map<unknown, unknown>([[httpListener, "http"]]);
  for (const { name, protocol } of listeners) protocols.set(name, protocol ?? "http");
  const known = { protocols, backendIds };
  const expressions = new Set<string>();
  for (const [index, route] of routes.entries()) {
    checkRoute(route, `routes[${index}]`, known, expressions, say);
  }
  for (const [index, stream] of streams.entries()) checkStream(stream, `streams[${index}]`, known, say);
  return problems;
}

/** What routes may name: listeners with their protocols, and backends. */
interface Known {
  protocols: ReadonlyMap<unknown, unknown>;
  backendIds: ReadonlySet<unknown>;
}

function checkListener(listener: Fields, place: string, say: Say): void {
  const { name, host, port, protocol, kernel } = listener;
  if (name === httpListener) say(`${place} has the name of the gateway's own listener`);
  if (host !== null && !isText(host)) say(`${place}.host is no address`);
  if (!isPort(port)) say(`${place}.port is no port`);
  if (protocol !== undefined && protocol !== "http" && protocol !== "tcp" && protocol !== "tls") {
    say(`${place}.protocol ${show(protocol)} is none of http, tcp, tls`);
  }
  if (kernel !== undefined && typeof kernel !== "boolean") say(`${place}.kernel is neither true nor false`);
  if (kernel === true && protocol !== "tcp") say(`${place}.kernel is for the protocol tcp only`);
}

function checkRoute(route: Fields, place: string, known: Known, expressions: Set<string>, say: Say): void {
  checkEnds(route, place, known, say);
  const protocol = known.protocols.get(route.listener);
  if (protocol !== undefined && protocol !== "http") say(`${place}.listener does not speak HTTP`);
  if (!isPath(route.path)) say(`${place}.path does not start with a slash, or holds a query`);
  if (typeof route.priority !== "number" || !Number.isFinite(route.priority)) {
    say(`${place}.priority is no number`);
  }
  checkNames(route.hosts, `${place}.hosts`, say);
  if (route.when !== undefined) checkCondition(route.when, `${place}.when`, expressions, say);
}

function checkStream(stream: Fields, place: string, known: Known, say: Say): void {
  checkEnds(stream, place, known, say);
  const protocol = known.protocols.get(stream.listener);
  if (protocol === "http") say(`${place}.listener speaks HTTP`);
  const names = checkNames(stream.serverNames, `${place}.serverNames`, say);
  if (protocol === "tcp" && names.length > 0) say(`${place}.serverNames are for the protocol tls only`);
}

/** What every route has: an app, a listener and a backend. */
function checkEnds(route: Fields, place: string, known: Known, say: Say): void {
  if (!isText(route.app)) say(`${place}.app is empty`);
  if (!known.protocols.has(route.listener)) {
    say(`${place}.listener ${show(route.listener)} is not in listeners`);
  }
  if (!known.backendIds.has(route.backend)) {
    say(`${place}.backend ${show(route.backend)} is not in backends`);
  }
}

function checkNames(value: unknown, place: string, say: Say): unknown[] {
  const names: unknown[] = Array.isArray(value) ? value : [null];
  for (const name of names) {
    if (!isHostPattern(name)) say(`${place}: ${show(name)} is no host name`);
  }
  return names;
}

function checkBackend(backend: Fields, place: string, say: Say): void {
  if (!isText(backend.app)) say(`${place}.app is empty`);
  if (!isText(backend.service)) say(`${place}.service is empty`);
  if (!Number.isSafeInteger(backend.release)) say(`${place}.release is no whole number`);
  const targets = records(backend.targets, `${place}.targets`, say);
  unique(targets, "id", `${place} target`, say);
  for (const [index, target] of targets.entries()) {
    if (!isText(target.address)) say(`${place}.targets[${index}].address is empty`);
    if (!isPort(target.port)) say(`${place}.targets[${index}].port is no port`);
    if (target.weight !== undefined && !isWhole(target.weight, 0, 1_000)) {
      say(`${place}.targets[${index}].weight is no whole number from 0 to 1000`);
    }
  }
  const { policy } = backend;
  if (isRecord(policy)) checkPolicy(policy, `${place}.policy`, say);
  else if (policy !== undefined) say(`${place}.policy is no object`);
}
