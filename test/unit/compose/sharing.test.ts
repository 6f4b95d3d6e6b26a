import { describe, expect, test } from "vitest";
import { makePlan } from "../../../src/compose/plan.ts";
import { appOf, errorOf } from "./project.ts";

/** Services that are served under one host, each saying what stands here. */
function file(services: Record<string, string>): string {
  const lines = Object.entries(services).map(
    ([name, said]) => `  ${name}: { build: ., expose: [80], x-cutover: { host: a.example, ${said} } }\n`,
  );
  return `services:\n${lines.join("")}`;
}

describe("services under one name that say `weight`", () => {
  test("share what goes there: one keeps the routes, the others name it", () => {
    const app = appOf(file({ canary: "weight: 1", web: "weight: '9', max-in-flight: 5" }));
    expect(app.refusals).toEqual([]);
    const [canary, web] = app.services;
    expect(canary).toMatchObject({ name: "canary", weight: 1, policy: { maxInFlight: 5 } });
    expect(canary?.routes).toHaveLength(1);
    expect(web).toMatchObject({ name: "web", weight: 9, routes: [], sharesWith: "canary" });
    expect(web).not.toHaveProperty("policy");
    const [, planned] = makePlan(app, { live: null, base: [] }).services;
    expect(planned?.notes).toEqual([
      "It takes a share of what goes to canary, each container with the weight 9.",
    ]);
  });

  test("the one with more routes keeps them, and the others need no more than some of its", () => {
    const text = `${file({ a: "weight: 1" })}  b: { build: ., ports: [{ target: 80, published: '8080' }], x-cutover: { host: a.example, weight: 3 } }\n`;
    const [a, b] = appOf(text).services;
    expect(a).toMatchObject({ routes: [], sharesWith: "b" });
    expect(b?.routes).toHaveLength(2);
  });

  test("streams are shared as well", () => {
    const one =
      "{ build: ., ports: [{ target: 80, published: '9' }], x-cutover: { protocol: tcp, weight: 1 } }";
    const app = appOf(`services:\n  a: ${one}\n  b: ${one}\n`);
    expect(app.refusals).toEqual([]);
    expect(app.services[0]?.streams).toHaveLength(1);
    expect(app.services[1]).toMatchObject({ sharesWith: "a" });
    expect(app.services[1]).not.toHaveProperty("streams");
  });

  test("are on their own where their names differ", () => {
    const app = appOf(file({ a: "weight: 1", b: "weight: 1, path: /b" }));
    expect(app.services.map((service) => service.routes.length)).toEqual([1, 1]);
    expect(app.services.some((service) => service.sharesWith !== undefined)).toBe(false);
  });

  test("must all say it", () => {
    const { refusals } = appOf(file({ a: "weight: 1", b: "priority: 0" }));
    expect(refusals).toEqual([expect.objectContaining({ code: "ROUTE_TAKEN" })]);
  });

  test("can't say different things about the requests that they share", () => {
    const error = errorOf(file({ a: "weight: 1, max-in-flight: 5", b: "weight: 1, max-in-flight: 6" }));
    expect(error).toMatchObject({ code: "EXTENSION_INVALID", where: { line: 3 } });
    expect(error.message).toContain('Services "a" and "b" share requests by `weight`');
    const same = appOf(file({ a: "weight: 1, max-in-flight: 5", b: "weight: 1, max-in-flight: 5" }));
    expect(same.services[0]?.policy).toEqual({ maxInFlight: 5 });
  });
});
