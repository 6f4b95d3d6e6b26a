import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Ledger } from "../../../src/gateway/claims.ts";
import { type Claimed, Gate } from "../../../src/gateway/gate.ts";
import { compileTable } from "../../../src/gateway/table.ts";
import type { RoutingTable, Target } from "../../../src/model/route.ts";

const one: Target = { id: "one", address: "10.0.0.1", port: 80 };
const two: Target = { id: "two", address: "10.0.0.2", port: 80 };
const place = { listener: "http", host: null, path: "/" };

function compiled(targets: Target[], backend = "shop/web@1") {
  const table: RoutingTable = {
    generation: 1,
    listeners: [],
    routes: [{ id: "r", app: "shop", listener: "http", hosts: [], path: "/", priority: 0, backend }],
    backends: [{ id: backend, app: "shop", service: "web", release: 1, targets }],
  };
  return compileTable(table, { host: null, port: 80 });
}

function ask(gate: Gate): { got: string | null } {
  const asked: { got: string | null } = { got: null };
  gate.claim(place, new Set(), (claimed: Claimed) => {
    expect(asked.got).toBeNull();
    asked.got = claimed.kind === "claimed" ? claimed.claim.target.id : claimed.reason;
  });
  return asked;
}

describe("a backend that loses its last target", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function bereft(): Gate {
    const gate = new Gate(new Ledger(() => undefined));
    gate.open(compiled([one]), false);
    gate.open(compiled([]), false);
    return gate;
  }

  test("is waited for, over other changes of the table", () => {
    const gate = bereft();
    const asked = ask(gate);
    vi.advanceTimersByTime(1_000);
    gate.open(compiled([]), false);
    gate.hold();
    const later = ask(gate);
    expect([asked.got, later.got]).toEqual([null, null]);
    gate.open(compiled([two]), false);
    expect([asked.got, later.got]).toEqual(["two", "two"]);
  });

  test("is waited for no longer than three seconds after the loss, whenever the request came", () => {
    const gate = bereft();
    const first = ask(gate);
    vi.advanceTimersByTime(2_900);
    const last = ask(gate);
    expect([first.got, last.got]).toEqual([null, null]);
    vi.advanceTimersByTime(100);
    expect([first.got, last.got]).toEqual(["no-target", "no-target"]);
    expect(ask(gate).got).toBe("no-target");
    gate.open(compiled([]), false);
    expect(ask(gate).got).toBe("no-target");
  });

  test("is not waited for when it never had one, nor when its route goes", () => {
    const gate = new Gate(new Ledger(() => undefined));
    gate.open(compiled([]), false);
    expect(ask(gate).got).toBe("no-target");
    const removed = bereft();
    const asked = ask(removed);
    removed.open(
      compileTable({ generation: 3, listeners: [], routes: [], backends: [] }, { host: null, port: 80 }),
      false,
    );
    expect(asked.got).toBe("no-route");
  });
});
