import { CutoverError } from "../model/error.ts";
import type { RouteSpec, StreamSpec } from "../model/release.ts";
import { httpListener, type Listener } from "../model/route.ts";
import type { ComposePort, ComposeService } from "./compose-model.ts";
import { invalid } from "./extension-error.ts";
import type { Refusal, Warning } from "./notice.ts";
import { readCondition } from "./policy.ts";
import type { ServiceFacts } from "./roles.ts";
import { isTrue } from "./schema-parts.ts";
import { type SourceFile, locate } from "./source-file.ts";

/** How a web service is reached. */
export interface Routing {
  /** Container port; null where a refusal says why there is none. */
  port: number | null;
  routes: RouteSpec[];
  /** In place of routes, where connections are passed on as they are. */
  streams: StreamSpec[];
  listeners: Listener[];
  /** First exact host name, for the probe's Host header. */
  firstHost: string | null;
  warnings: Warning[];
  refusals: Refusal[];
}

/**
 * The container port of a web service and the routes to it. The port is `x-cutover.port`, the label, the target of the
 * published ports, or the only exposed one, in this order. Every published port becomes a listener of the gateway;
 * a host or path becomes a route on the gateway's own HTTP listener, as does a service that publishes nothing. With
 * `protocol` tcp or tls every published port becomes a stream, and there is no route.
 * Throws EXTENSION_INVALID when no port can be told, and when a stream has no published port.
 */
export function readRouting(
  name: string,
  service: ComposeService,
  facts: ServiceFacts,
  sources: readonly SourceFile[],
): Routing {
  const routing: Routing = {
    port: null,
    routes: [],
    streams: [],
    listeners: [],
    firstHost: null,
    warnings: [],
    refusals: [],
  };
  const where = (key: string, ...rest: (string | number)[]) =>
    locate(sources, ["services", name, key, ...rest]);
  const tcp = (service.ports ?? []).filter((port) => (port.protocol ?? "tcp") === "tcp");
  const said = facts.extension.port === undefined ? facts.labels.port : Number(facts.extension.port);
  const targets = [...new Set(tcp.map((port) => port.target))];

  for (const port of service.ports ?? []) {
    if (port.protocol === "udp") {
      const message = `Service "${name}" publishes the UDP port ${port.published ?? port.target}, which the gateway can't serve.`;
      routing.refusals.push({ code: "UNSUPPORTED", message, where: where("ports") });
    }
  }
  if (said === null && targets.length > 1) {
    const message =
      `Service "${name}" publishes several container ports (${targets.join(", ")}), and one of them can be served. ` +
      "Name it with `x-cutover: {port: …}`; the others are then not published.";
    routing.refusals.push({ code: "UNSUPPORTED", message, where: where("ports") });
    return routing;
  }
  routing.port = said ?? targets[0] ?? onlyExposed(service);
  if (routing.port === null) throw noPort(name, sources);

  const { protocol = "http" } = facts.extension;
  let unnamed = false;
  for (const port of tcp) {
    if (port.target !== routing.port) {
      const message = `The port ${portText(port)} of service "${name}" is not served: requests go to its port ${routing.port}.`;
      routing.warnings.push({ code: "PORT_NOT_SERVED", message, where: where("ports") });
    } else if (port.published === undefined || port.published === "0") {
      unnamed = true;
      if (protocol !== "http") throw notPublished(name, protocol, "its port without a number", sources);
      const message =
        `Service "${name}" publishes its port ${port.target} without a number: ` +
        "the gateway serves it on its own HTTP port.";
      routing.warnings.push({ code: "PORT_UNNAMED", message, where: where("ports") });
    } else if (!/^\d+$/.test(port.published)) {
      const message = `Service "${name}" publishes the port range ${port.published}, of which two colours can't share one port each.`;
      routing.refusals.push({ code: "UNSUPPORTED", message, where: where("ports") });
    } else {
      addPublished(routing, facts, port, Number(port.published));
    }
  }
  if (protocol === "http") addNamed(routing, facts, unnamed || routing.routes.length === 0);
  else if (routing.streams.length === 0 && routing.refusals.length === 0) {
    throw notPublished(name, protocol, "no TCP port", sources);
  }
  return routing;
}

function addPublished(routing: Routing, facts: ServiceFacts, port: ComposePort, published: number): void {
  const { protocol = "http", kernel } = facts.extension;
  const host = listenAddress(port.host_ip);
  const name = listenerName(host, published);
  if (routing.listeners.some((one) => one.name === name)) return;
  if (protocol === "http") {
    routing.listeners.push({ name, host, port: published });
    routing.routes.push({ listener: name, hosts: [], path: "/", ...rules(facts) });
  } else {
    const serverNames = protocol === "tls" ? hostsOf(facts) : [];
    routing.listeners.push({
      name,
      host,
      port: published,
      protocol,
      ...(isTrue(kernel) ? { kernel: true } : {}),
    });
    routing.streams.push({ listener: name, serverNames });
    routing.firstHost = firstExact(serverNames);
  }
}

/** The route on the gateway's own HTTP listener, where a host or path is said or nothing else leads to the service. */
function addNamed(routing: Routing, facts: ServiceFacts, alone: boolean): void {
  const { extension, labels } = facts;
  const hosts = hostsOf(facts);
  const path = extension.path ?? labels.path ?? "/";
  routing.firstHost = firstExact(hosts);
  if (hosts.length > 0 || path !== "/" || alone) {
    routing.routes.push({ listener: httpListener, hosts, path: trimmedPath(path), ...rules(facts) });
  }
}

function hostsOf({ extension, labels }: ServiceFacts): string[] {
  const said = extension.host === undefined ? labels.hosts : [extension.host].flat();
  return said.map((host) => host.toLowerCase());
}

function firstExact(hosts: readonly string[]): string | null {
  return hosts.find((host) => !host.startsWith("*")) ?? null;
}

/** What all routes of a service have in common. */
function rules({ extension }: ServiceFacts): Pick<RouteSpec, "priority" | "when"> {
  const when = readCondition(extension.match);
  return { priority: Number(extension.priority ?? 0), ...(when ? { when } : {}) };
}

/** Name of the gateway's listener for a published port: `port:8080`, `port:127.0.0.1:8080`, `port:[::1]:8080`. */
export function listenerName(host: string | null, port: number): string {
  if (host === null) return `port:${port}`;
  return `port:${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Null, every address, for what compose calls `0.0.0.0` or `::`. */
function listenAddress(hostIp: string | undefined): string | null {
  return hostIp === undefined || hostIp === "" || hostIp === "0.0.0.0" || hostIp === "::" ? null : hostIp;
}

function trimmedPath(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, "") || "/" : path;
}

function onlyExposed(service: ComposeService): number | null {
  const ports = [...new Set((service.expose ?? []).map((one) => String(one).split("/")[0]))];
  const only = ports.length === 1 ? Number(ports[0]) : Number.NaN;
  return Number.isInteger(only) ? only : null;
}

function portText(port: ComposePort): string {
  return `${port.published ?? ""}:${port.target}`.replace(/^:/, "");
}

function noPort(name: string, sources: readonly SourceFile[]): CutoverError {
  const where = locate(sources, ["services", name, "x-cutover"]);
  return new CutoverError(
    "EXTENSION_INVALID",
    `Service "${name}" is a web service, but nothing says which of its ports takes the requests.`,
    {
      ...(where ? { where } : {}),
      hint: `Give it \`x-cutover: {port: 3000}\`, a label \`cutover.port: "3000"\`, or one port under \`ports\` or \`expose\`.`,
    },
  );
}

function notPublished(
  name: string,
  protocol: string,
  how: string,
  sources: readonly SourceFile[],
): CutoverError {
  return invalid(
    `${name}.x-cutover.protocol is ${protocol}, and the service publishes ${how}: say \`ports: ["5432:5432"]\` with the port that the gateway is to listen on.`,
    ["services", name, "x-cutover", "protocol"],
    "value",
    sources,
  );
}
