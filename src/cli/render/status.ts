import type { AppSummary, ControlStatus } from "../../model/control-api.ts";
import type { Listener, Route, StreamRoute } from "../../model/route.ts";
import { shortId, showAge } from "./quantity.ts";
import type { Style } from "./style.ts";
import { indent, table } from "./table.ts";

export interface StatusView {
  control: ControlStatus;
  apps: AppSummary[];
}

/** Apps with their live releases, where they are served and their containers; control and gateway below. */
export function renderStatus(view: StatusView, style: Style, now: number): string {
  const listeners = view.control.gateway?.listeners ?? [];
  const apps = view.apps.map((app) => renderApp(app, listeners, style, now));
  const none = style.dim("No app is deployed. `cutover deploy` deploys the one in this directory.\n");
  return `${apps.length === 0 ? none : apps.join("\n")}\n${daemons(view.control, style, now)}`;
}

function renderApp(app: AppSummary, listeners: Listener[], style: Style, now: number): string {
  return (
    `${style.bold(app.app)}  ${liveRelease(app, style, now)}\n` +
    underWay(app, style, now) +
    indent(table(addressRows(app, listeners, style))) +
    indent(table(app.services.flatMap((service) => targetRows(service, style))))
  );
}

function liveRelease(app: AppSummary, style: Style, now: number): string {
  if (!app.live) return style.yellow("no release is live");
  const parts = [
    `release ${app.live.number}`,
    app.colour ?? "",
    `live ${showAge(app.live.liveAt ?? app.live.createdAt, now)}`,
  ];
  const git = app.live.git ? `${app.live.git.revision.slice(0, 9)}${app.live.git.dirty ? "+" : ""}` : "";
  return [style.green(parts[0] ?? ""), ...parts.slice(1), git, `by ${app.live.who}`]
    .filter(Boolean)
    .join("  ");
}

function underWay(app: AppSummary, style: Style, now: number): string {
  if (!app.deployment) return "";
  const { deployment, who, step, since } = app.deployment;
  return indent(
    style.yellow(`deployment ${deployment} by ${who} under way: ${step}, begun ${showAge(since, now)}\n`),
  );
}

function targetRows(service: AppSummary["services"][number], style: Style): string[][] {
  if (service.targets.length === 0) return [[service.name, service.role, style.yellow("no container")]];
  return service.targets.map((target, index) => [
    index === 0 ? service.name : "",
    index === 0 ? service.role : "",
    shortId(target.id),
    target.address === "" ? "" : `${bracket(target.address)}:${target.port}`,
    /unhealthy|exited|dead|restarting/.test(target.state) ? style.red(target.state) : target.state,
  ]);
}

function addressRows(app: AppSummary, listeners: Listener[], style: Style): string[][] {
  return [
    ...app.routes.map((route) => [style.cyan(routeUrl(route, listeners)), serviceOf(route)]),
    ...(app.streams ?? []).map((stream) => [style.cyan(streamUrl(stream, listeners)), serviceOf(stream)]),
  ];
}

/** `tcp://localhost:5432`, `tls://db.example:443`: the first server name, or the address the listener is bound to. */
export function streamUrl(stream: StreamRoute, listeners: readonly Listener[]): string {
  const listener = listeners.find((candidate) => candidate.name === stream.listener);
  const host = stream.serverNames[0] ?? bracket(listener?.host ?? "localhost");
  return `${listener?.protocol ?? "tcp"}://${host}${listener ? `:${listener.port}` : ""}`;
}

/** `http://shop.example:8080/api`: the first host, or the address the listener is bound to. */
export function routeUrl(route: Route, listeners: readonly Listener[]): string {
  const listener = listeners.find((candidate) => candidate.name === route.listener);
  const host = route.hosts[0] ?? bracket(listener?.host ?? "localhost");
  const port = listener && listener.port !== 80 ? `:${listener.port}` : "";
  return `http://${host}${port}${route.path === "/" ? "/" : route.path}`;
}

/** The service in a backend's id, `<app>/<service>@<release>`. */
function serviceOf(route: Pick<Route, "backend">): string {
  return route.backend.slice(route.backend.indexOf("/") + 1, route.backend.lastIndexOf("@"));
}

function daemons(control: ControlStatus, style: Style, now: number): string {
  const { gateway } = control;
  const rows = [
    [
      "control",
      control.version,
      `started ${showAge(control.startedAt, now)}`,
      `engine ${control.engine.version}`,
    ],
  ];
  if (gateway) {
    const state = gateway.serving ? style.green("serving") : style.yellow("not serving yet");
    const ports = gateway.listeners
      .map((l) => (l.bound ? `${l.port}` : style.red(`${l.port} not bound`)))
      .join(", ");
    rows.push([
      "gateway",
      gateway.version,
      `started ${showAge(gateway.startedAt, now)}`,
      `${state} on ${ports}`,
    ]);
  } else {
    rows.push(["gateway", "", style.red("does not answer"), "`cutover up` repairs it"]);
  }
  return table(rows);
}

function bracket(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}
