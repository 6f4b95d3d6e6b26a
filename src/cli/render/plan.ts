import type { Plan, PlanAction, PlannedService } from "../../compose/plan.ts";
import { httpListener } from "../../model/route.ts";
import { showPosition } from "./error.ts";
import type { Style } from "./style.ts";
import { indent, table, wrap } from "./table.ts";

/** A plan for people: each service with what happens to it and why, then routes, hooks, warnings and refusals. */
export function renderPlan(plan: Plan, composeWarnings: readonly string[], style: Style): string {
  const from = plan.live === null ? "first release" : `replaces release ${plan.live}`;
  const parts = [
    `${style.bold(plan.app)} → ${plan.colour}  ${style.dim(from)}\n`,
    indent(table(plan.services.map((service) => row(service, style)))),
    notes(plan, style),
    section("routes", indent(table(plan.routes.map(routeRow))), style),
    section("hooks", indent(table(plan.hooks.map((hook) => [hook.phase, hook.service]))), style),
    ...composeWarnings.map((message) => notice(style.yellow(style.warn), message, style)),
    ...plan.warnings.map((warning) => notice(style.yellow(style.warn), placed(warning, style), style)),
    ...plan.refusals.map((refusal) => notice(style.red(style.bad), placed(refusal, style), style)),
  ];
  const ending =
    plan.refusals.length > 0
      ? style.red("The deployment would be refused.\n")
      : style.dim("This is the plan; nothing was done.\n");
  return `${parts.join("")}${ending}`;
}

function row(service: PlannedService, style: Style): string[] {
  const paint = paintOf(service.action, style);
  return [paint(service.action), service.name, service.role ?? "", style.dim(`because ${service.why}`)];
}

function paintOf(action: PlanAction, style: Style): (text: string) => string {
  if (action === "remove") return style.red;
  return action === "keep" ? style.dim : style.green;
}

function notes(plan: Plan, style: Style): string {
  const lines = plan.services.flatMap((service) =>
    [...(service.interrupts === null ? [] : [style.yellow(service.interrupts)]), ...service.notes].map(
      (note) => `${wrap(`  ${service.name}: ${note}`, style.wrapAt, 4)}\n`,
    ),
  );
  return lines.join("");
}

function routeRow(route: Plan["routes"][number]): string[] {
  const named = route.hosts.length === 0 ? "any host" : route.hosts.join(", ");
  const host = route.protocol === "http" ? named : route.protocol === "tls" ? `tls, ${named}` : "tcp";
  const listener =
    route.listener === httpListener ? "the gateway's port" : route.listener.replace(/^port:/, "port ");
  const path = `${route.path ?? ""}${route.when === null ? "" : ` (${route.when})`}`;
  return [listener, host, path, `→ ${route.service}${route.port === null ? "" : `:${route.port}`}`];
}

function section(title: string, body: string, style: Style): string {
  return body === "" ? "" : `${style.dim(title)}\n${body}`;
}

function notice(sign: string, text: string, style: Style): string {
  return `${wrap(`${sign} ${text}`, style.wrapAt, 2)}\n`;
}

function placed(
  { message, where, code }: Plan["warnings"][number] | Plan["refusals"][number],
  style: Style,
): string {
  return `${where ? `${showPosition(where)}: ` : ""}${message} ${style.dim(`[${code}]`)}`;
}
