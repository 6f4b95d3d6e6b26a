import fc from "fast-check";
import type { Condition, Listener, Route, RoutingTable } from "../../../../src/model/route.ts";
import type { RequestText } from "../../../../src/gateway/routing/find-text.ts";

const label = fc.constantFrom("a", "b", "shop", "x-1");
export const host = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join("."));
const wildcard = host.map((name) => `*.${name}`);
const segment = fc.constantFrom("api", "apis", "ap", "v1", "a", "", "é", "%61");
export const path = fc.array(segment, { maxLength: 4 }).map((parts) => `/${parts.join("/")}`);
const method = fc.constantFrom("GET", "POST", "PURGE", "get");
const fieldName = fc.constantFrom("X-Beta", "x-beta", "Accept", "Cookie");
const fieldValue = fc.constantFrom("", "1", "yes", "a=b; c=d", "\u00e9");
const parameter = fc.constantFrom("q", "page", "a b", "é", "");
const value = fc.constantFrom("", "1", "a b", "a+b", "é", "%", "x&y=z");
const expression = fc.constantFrom("^a", "b$", "^(a|b)+$", "\\d", "^$", "[^/]*é", "(?i)YES", "x.*y");
const address = fc.constantFrom("10.0.0.1", "10.200.0.1", "::ffff:10.0.0.1", "2001:db8::1", "::1", "unix");
const block = fc.constantFrom("10.0.0.0/8", "10.0.0.1", "2001:db8::/32", "0.0.0.0/0", "::/0", "::1/128");

const single: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({ host: fc.oneof(host, wildcard) }),
  fc.record({ hostRegexp: expression }),
  fc.record({ path }),
  fc.record({ pathPrefix: path }),
  fc.record({ pathRegexp: expression }),
  fc.record({ method }),
  fc.record({ header: fieldName, value: fc.option(fieldValue) }),
  fc.record({ header: fieldName, regexp: expression }),
  fc.record({ query: parameter, value: fc.option(value) }),
  fc.record({ query: parameter, regexp: expression }),
  fc.record({ client: block }),
);

export const condition: fc.Arbitrary<Condition> = fc.letrec<{ any: Condition }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 5, depthSize: "small", withCrossShrink: true },
    single,
    fc.record({ all: fc.array(tie("any"), { minLength: 1, maxLength: 3 }) }),
    fc.record({ any: fc.array(tie("any"), { minLength: 1, maxLength: 3 }) }),
    fc.record({ not: tie("any") }),
  ),
})).any;

export const listeners: Listener[] = [
  { name: "port:8080", host: null, port: 8080 },
  { name: "port:80", host: null, port: 80 },
  { name: "port:5432", host: null, port: 5432, protocol: "tcp" },
  { name: "port:443", host: null, port: 443, protocol: "tls" },
];
export const http = { host: null, port: 80 };

const route = fc.record({
  hosts: fc.oneof(fc.constant<string[]>([]), fc.array(fc.oneof(host, wildcard), { maxLength: 2 })),
  path,
  priority: fc.integer({ min: -1, max: 2 }),
  listener: fc.constantFrom<string[]>("http", "port:8080", "port:80"),
  when: fc.option(condition, { freq: 2 }),
});

export function tableOf(
  routes: fc.Arbitrary<Omit<Route, "id" | "app" | "backend">[]>,
): fc.Arbitrary<RoutingTable> {
  return routes.map((all) => ({
    generation: 1,
    listeners,
    routes: all.map((one, index) => ({ ...one, id: `r${index}`, app: "app", backend: "app/web@1" })),
    backends: [{ id: "app/web@1", app: "app", service: "web", release: 1, targets: [] }],
  }));
}

export const table: fc.Arbitrary<RoutingTable> = tableOf(
  fc.array(
    route.map(({ when, ...rest }) => (when === null ? rest : { ...rest, when })),
    { maxLength: 24 },
  ),
);

const encoded = fc.tuple(fc.constantFrom("raw", "percent", "plus"), value).map(([way, text]) => {
  if (way === "raw") return text.replaceAll("&", "");
  const percent = encodeURIComponent(text);
  return way === "plus" ? percent.replaceAll("%20", "+") : percent;
});

const query = fc
  .array(
    fc
      .tuple(parameter.map(encodeURIComponent), fc.option(encoded))
      .map(([name, one]) => (one === null ? name : `${name}=${one}`)),
    { maxLength: 3 },
  )
  .map((pairs) => (pairs.length > 0 ? `?${pairs.join("&")}` : ""));

export const request: fc.Arbitrary<RequestText> = fc.record({
  method,
  host: fc.option(host.map((name) => (name.length % 2 === 0 ? name.toUpperCase() : `${name}.:8080`))),
  path: fc.tuple(path, query).map((parts) => parts.join("")),
  headers: fc.array(fc.tuple(fieldName, fieldValue), { maxLength: 3 }),
  client: address,
});
