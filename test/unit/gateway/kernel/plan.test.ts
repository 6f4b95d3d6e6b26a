import { describe, expect, test } from "vitest";
import { planKernel } from "../../../../src/gateway/kernel/plan.ts";
import type { BackendPolicy, Listener, RoutingTable, Target } from "../../../../src/model/route.ts";

const targets: Target[] = [
  { id: "a", address: "172.18.0.5", port: 5_432 },
  { id: "b", address: "172.18.0.6", port: 5_432, weight: 3 },
];

function table(listener: Partial<Listener> = {}, own = targets, policy: BackendPolicy = {}): RoutingTable {
  return {
    generation: 1,
    listeners: [{ name: "l", host: null, port: 5_432, protocol: "tcp", kernel: true, ...listener }],
    routes: [],
    streams: [{ id: "s", app: "db", listener: "l", serverNames: [], backend: "db/db@1" }],
    backends: [{ id: "db/db@1", app: "db", service: "db", release: 1, targets: own, policy }],
  };
}

const nobody = new Set<string>();
const reasons = (of: RoutingTable, down = nobody) => planKernel(of, down).left.map(({ reason }) => reason);

describe("what the kernel passes on", () => {
  test("a TCP listener that asks for it, on every address or one, with the targets' weights", () => {
    const all = [
      { id: "a", address: "172.18.0.5", port: 5_432, weight: 1 },
      { id: "b", address: "172.18.0.6", port: 5_432, weight: 3 },
    ];
    for (const [host, address] of [
      [null, null],
      ["0.0.0.0", null],
      ["::", null],
      ["192.0.2.1", "192.0.2.1"],
    ] as const) {
      expect(planKernel(table({ host }), nobody)).toEqual({
        passages: [{ listener: "l", address, port: 5_432, targets: all }],
        left: [],
      });
    }
  });

  test("nothing that does not ask for it", () => {
    for (const listener of [{ kernel: false }, { protocol: "tls" }, { protocol: "http" }] as const)
      expect(planKernel(table(listener), nobody)).toEqual({ passages: [], left: [] });
  });

  test("only targets that are up and have a weight", () => {
    const [passage] = planKernel(table(), new Set(["b"])).passages;
    expect(passage?.targets.map(({ id }) => id)).toEqual(["a"]);
    const none: Target[] = [{ id: "a", address: "172.18.0.5", port: 1, weight: 0 }];
    expect(reasons(table({}, none))).toEqual(["it has no target"]);
    expect(reasons(table(), new Set(["a", "b"]))).toEqual(["it has no target"]);
  });

  test("nothing that only the workers can do, and says why", () => {
    expect(reasons(table({ host: "127.0.0.1" }))).toEqual([expect.stringContaining("loopback")]);
    expect(reasons(table({ host: "2001:db8::1" }))).toEqual([expect.stringContaining("IPv6")]);
    expect(reasons(table({}, targets, { proxyProtocol: 2 }))).toEqual([expect.stringContaining("PROXY")]);
    expect(reasons(table({}, targets, { maxInFlight: 5 }))).toEqual([expect.stringContaining("limit")]);
    for (const address of ["fd00::5", "db", "172.18.0.256", "172.18.0.5; flush ruleset"])
      expect(reasons(table({}, [{ id: "a", address, port: 1 }]))).toEqual([expect.stringContaining(address)]);
    expect(reasons({ ...table(), streams: [] })).toEqual(["it has no route"]);
  });
});
