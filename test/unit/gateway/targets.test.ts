import { describe, expect, it } from "vitest";
import { TargetClaim } from "../../../src/gateway/claims.ts";
import type { TargetState } from "../../../src/gateway/target-state.ts";
import { Targets } from "../../../src/gateway/targets.ts";
import { compileTable } from "../../../src/gateway/routing/table.ts";
import type { Target } from "../../../src/model/route.ts";

const http = { host: null, port: 80 };
const a: Target = { id: "a", address: "192.0.2.1", port: 80 };
const b: Target = { id: "b", address: "192.0.2.2", port: 80 };
const cutter = { timeout: () => undefined, close: () => undefined };

function setUp() {
  const left: TargetState[] = [];
  const targets = new Targets((target) => left.push(target));
  const compile = (...present: Target[]) => {
    const backend = { id: "shop/web@1", app: "shop", service: "web", release: 1, targets: present };
    const table = { generation: 1, listeners: [], routes: [], backends: [backend] };
    return compileTable(table, http, (one) => targets.destination(one, 0));
  };
  return { left, targets, compile, take: (...present: Target[]) => targets.adopt(compile(...present)) };
}

describe("the targets of a worker", () => {
  it("change when a table is adopted, not when it is compiled", () => {
    const { targets, compile, take } = setUp();
    take(a);
    const next = compile(b);
    expect(targets.of("b")).toEqual([]);
    targets.adopt(next);
    expect(targets.of("b")).toHaveLength(1);
  });

  it("keep their state over tables, and take the new weight", () => {
    const { targets, take } = setUp();
    take(a);
    const [state] = targets.of("a");
    take({ ...a, weight: 3 }, b);
    expect(targets.of("a")).toEqual([state]);
    expect(state?.weight).toBe(3);
  });

  it("leave with the table, once, and are known as long as they owe something", () => {
    const { targets, left, take } = setUp();
    take(a, b);
    const [state] = targets.of("a");
    if (!state) throw new Error("a is unknown");
    const claim = new TargetClaim(cutter);
    claim.begin(state);
    take(b);
    take(b);
    expect(left).toEqual([state]);
    expect(targets.of("a")).toEqual([state]);
    expect(targets.claims()).toEqual([claim]);
    claim.release();
    take(b);
    expect(targets.of("a")).toEqual([]);
  });

  it("stay known while they are drained", () => {
    const { targets, take } = setUp();
    take(a);
    const [state] = targets.of("a");
    if (!state) throw new Error("a is unknown");
    state.watch = () => undefined;
    take();
    expect(targets.of("a")).toEqual([state]);
    state.watch = null;
    take();
    expect(targets.of("a")).toEqual([]);
  });

  it("are two while one address follows another under the same id", () => {
    const { targets, left, take } = setUp();
    take(a);
    const [old] = targets.of("a");
    if (!old) throw new Error("a is unknown");
    new TargetClaim(cutter).begin(old);
    take({ ...a, address: "192.0.2.9" });
    const states = targets.of("a");
    expect(states.map(({ address }) => address)).toEqual(["192.0.2.9", "192.0.2.1"]);
    expect(left).toEqual([old]);
    expect(targets.all()).toEqual(states);
  });
});
