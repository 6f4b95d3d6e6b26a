import { parseSync } from "oxc-parser";
import { describe, expect, test } from "vitest";
import { cycles, forbidden, importsOf, impurities } from "../../../setup/source-rules.mjs";

const parse = (text) => parseSync("file.ts", text).program;

describe("importsOf", () => {
  test("sees every way of importing, types included", () => {
    const program = parse(`
      import "./a.ts";
      import b from "./b.ts";
      import type { C } from "./c.ts";
      import { type D } from "./d.ts";
      export type { E } from "./e.ts";
      export * from "./f.ts";
      const g = await import("./g.ts");
      let h: import("./h.ts").H;
      export const i = "./not-an-import.ts";
    `);
    expect(importsOf(program).map(({ specifier }) => specifier)).toEqual(
      ["a", "b", "c", "d", "e", "f", "g", "h"].map((name) => `./${name}.ts`),
    );
  });
});

describe("impurities", () => {
  test.each([
    ["Date.now()", "Date.now"],
    ["new Date()", "new Date()"],
    ["Date()", "Date()"],
    ["Math.random()", "Math.random"],
    ["setTimeout(f, 1)", "setTimeout"],
    ["process.env.A", "process"],
    ["performance.now()", "performance"],
    ["const { env } = process", "process"],
    ["f({ fetch })", "fetch"],
  ])("%s is one", (text, name) => {
    expect(impurities(parse(text)).map((found) => found.name)).toContain(name);
  });

  test.each([
    "new Date(at)",
    "let a: Date",
    "plan.process(1)",
    "const a = { process: 1 }",
    "interface A { fetch: string; process(): void }",
    "Math.max(1, 2)",
  ])("%s is none", (text) => {
    expect(impurities(parse(text))).toEqual([]);
  });
});

describe("forbidden", () => {
  test.each([
    ["src/model/app.ts", "src/observe/receipt.ts"],
    ["src/gateway/worker.ts", "src/engine/engine.ts"],
    ["src/gateway/worker.ts", "src/deploy/ports.ts"],
    ["src/control/main.ts", "src/cli/main.ts"],
    ["src/deploy/runner.ts", "src/engine/engine.ts"],
    ["src/deploy/runner.ts", "tools/load/load.ts"],
    ["src/cli/main.ts", "test/support/instance.ts"],
    ["tools/load/load.ts", "src/engine/engine.ts"],
    ["src/unheard-of/a.ts", "src/model/app.ts"],
  ])("%s may not import %s", (from, to) => {
    expect(forbidden(from, to)).not.toBeNull();
  });

  test.each([
    ["src/gateway/worker.ts", "src/observe/histogram.ts"],
    ["src/gateway/worker.ts", "src/gateway/table.ts"],
    ["src/cli/main.ts", "src/install/daemon-image.ts"],
    ["test/unit/a.test.ts", "src/deploy/runner.ts"],
    ["tools/demo/main.ts", "src/model/events.ts"],
  ])("%s may import %s", (from, to) => {
    expect(forbidden(from, to)).toBeNull();
  });
});

describe("cycles", () => {
  test("finds each cycle once and nothing else", () => {
    const graph = new Map([
      ["a", ["b"]],
      ["b", ["c"]],
      ["c", ["a", "d"]],
      ["d", []],
      ["e", ["e"]],
    ]);
    expect(cycles(graph).map((path) => path.sort().join(""))).toEqual(["abc", "e"]);
  });
});
