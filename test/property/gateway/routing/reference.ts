import { BlockList, isIPv4, isIPv6 } from "node:net";
import type { Condition, Route } from "../../../../src/model/route.ts";
import type { RequestText } from "../../../../src/gateway/routing/find-text.ts";

/** The route that the rules give, one after the other, for tables without strange expressions. */
export function byTheRules(routes: Route[], listener: string, request: RequestText): string | null {
  const name = nameOf(request.host);
  const rank = (route: Route) => {
    if (route.hosts.length === 0) return 0;
    return Math.max(...route.hosts.map((one) => hostRank(one, name)));
  };
  const on = (route: Route) => (route.listener === "port:80" ? "http" : route.listener) === listener;
  const [best] = routes
    .filter((route) => on(route) && rank(route) >= 0 && isUnder(pathOf(request), route.path))
    .filter((route) => route.when === undefined || isTrue(route.when, request))
    .sort(
      (a, b) =>
        rank(b) - rank(a) ||
        b.priority - a.priority ||
        b.path.length - a.path.length ||
        (a.when === undefined ? 1 : 0) - (b.when === undefined ? 1 : 0) ||
        (a.id < b.id ? -1 : 1),
    );
  return best?.id ?? null;
}

function isTrue(condition: Condition, request: RequestText): boolean {
  const name = nameOf(request.host);
  const path = pathOf(request);
  if ("all" in condition) return condition.all.every((part) => isTrue(part, request));
  if ("any" in condition) return condition.any.some((part) => isTrue(part, request));
  if ("not" in condition) return !isTrue(condition.not, request);
  if ("host" in condition) return hostRank(condition.host, name) > 0;
  if ("hostRegexp" in condition) return name !== null && expression(condition.hostRegexp, "iu").test(name);
  if ("path" in condition) return path === condition.path;
  if ("pathPrefix" in condition) return path.startsWith(condition.pathPrefix);
  if ("pathRegexp" in condition) return expression(condition.pathRegexp, "u").test(path);
  if ("method" in condition) return request.method === condition.method;
  if ("client" in condition) return isIn(condition.client, request.client);
  const values =
    "header" in condition
      ? request.headers
          .filter(([field]) => field.toLowerCase() === condition.header.toLowerCase())
          .map(([, value]) => value)
      : new URLSearchParams(request.path.slice(pathOf(request).length)).getAll(condition.query);
  if ("regexp" in condition) return values.some((value) => expression(condition.regexp, "u").test(value));
  return condition.value === null ? values.length > 0 : values.includes(condition.value);
}

function expression(text: string, flags: string): RegExp {
  return text.startsWith("(?i)") ? new RegExp(text.slice(4), "iu") : new RegExp(text, flags);
}

function isIn(block: string, client: string): boolean {
  const address = client.startsWith("::ffff:") ? client.slice(7) : client;
  const [base = "", bits] = block.split("/");
  const family = isIPv4(base) ? "ipv4" : "ipv6";
  if (family === "ipv4" ? !isIPv4(address) : !isIPv6(address)) return false;
  const list = new BlockList();
  if (bits === undefined) list.addAddress(base, family);
  else list.addSubnet(base, Number(bits), family);
  return list.check(address, family);
}

function hostRank(pattern: string, name: string | null): number {
  if (name === null) return -1;
  if (pattern === name) return 1_000;
  return pattern.startsWith("*.") && name.endsWith(pattern.slice(1)) ? pattern.length : -1;
}

function nameOf(host: string | null): string | null {
  return host?.toLowerCase().replace(/\.?(:\d+)?$/, "") ?? null;
}

function pathOf(request: RequestText): string {
  return request.path.replace(/\?.*$/s, "");
}

/** Segment by segment; a slash at a prefix's end means nothing. */
function isUnder(path: string, prefix: string): boolean {
  const wanted = prefix.replace(/\/$/, "").split("/");
  const given = path.split("/");
  return wanted.every((part, index) => given[index] === part);
}
