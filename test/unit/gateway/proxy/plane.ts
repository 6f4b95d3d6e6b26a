import { Gate } from "../../../../src/gateway/gate.ts";
import { noErrorPages } from "../../../../src/gateway/edge/error-pages.ts";
import { type DataPlane, createDataPlane } from "../../../../src/gateway/proxy/data-plane.ts";
import { type Memory, createMemory } from "../../../../src/gateway/proxy/memory.ts";
import { Drains } from "../../../../src/gateway/drains.ts";
import { RequestStats } from "../../../../src/gateway/request-stats.ts";
import { compileTable } from "../../../../src/gateway/routing/table.ts";
import { Targets } from "../../../../src/gateway/targets.ts";
import { type GatewaySettings, defaultGatewaySettings } from "../../../../src/model/gateway-settings.ts";
import { type BackendPolicy, type Target, httpListener } from "../../../../src/model/route.ts";
import { createWorkerLog } from "../../../../src/gateway/worker-log.ts";
import { MockTransport } from "./mock-transport.ts";

const http = { host: "127.0.0.1", port: 0 };

/** A worker's data plane over a mock transport. */
export interface MockPlane {
  plane: DataPlane;
  gate: Gate;
  transport: MockTransport;
  targets: Targets;
  drains: Drains;
  memory: Memory;
  stats: RequestStats;
  log: string[];
  /** Puts a table in force that routes everything to these targets. */
  switchTo(targets: Target[], policy?: BackendPolicy, release?: number): void;
}

export async function openMockPlane(settings: Partial<GatewaySettings> = {}): Promise<MockPlane> {
  const memory = createMemory();
  const transport = new MockTransport(memory.clients);
  const gate = new Gate();
  const stats = new RequestStats();
  const log: string[] = [];
  let plane: DataPlane | null = null;
  const targets = new Targets((target) => plane?.left(target));
  const drains = new Drains(
    (target) => targets.of(target),
    () => undefined,
  );
  plane = createDataPlane({
    gate,
    stats,
    log: createWorkerLog(() => undefined),
    settings: { ...defaultGatewaySettings, ...settings },
    workers: 1,
    transport,
    memory,
    pages: noErrorPages,
    writeLog: async (bytes) => {
      log.push(...Buffer.from(bytes).toString("latin1").trimEnd().split("\n"));
    },
  });
  await plane.listen({ name: httpListener, ...http });
  let generation = 0;
  return {
    plane,
    gate,
    transport,
    targets,
    drains,
    memory,
    stats,
    log,
    switchTo(present, policy = {}, release = 1) {
      generation += 1;
      const backend = {
        id: `shop/web@${release}`,
        app: "shop",
        service: "web",
        release,
        targets: present,
        policy,
      };
      const route = {
        id: "shop/web",
        app: "shop",
        listener: httpListener,
        hosts: [],
        path: "/",
        priority: 0,
        backend: backend.id,
      };
      const table = { generation, listeners: [], routes: [route], backends: [backend] };
      const compiled = compileTable(table, http, (one) => targets.destination(one, performance.now()));
      drains.keep(compiled.targets);
      targets.adopt(compiled);
      gate.open(compiled, false);
    },
  };
}

/** A target by number: its port is `9000 + number`. */
export function mockTarget(number: number): Target {
  return { id: `t${number}`, address: "192.0.2.50", port: 9_000 + number };
}
