import { pino } from "pino";
import { noErrorPages } from "../../src/gateway/edge/error-pages.ts";
import { Gate } from "../../src/gateway/gate.ts";
import { createDataPlane, type DataPlane } from "../../src/gateway/proxy/data-plane.ts";
import { createMemory } from "../../src/gateway/proxy/memory.ts";
import { RequestStats } from "../../src/gateway/request-stats.ts";
import { compileTable } from "../../src/gateway/routing/table.ts";
import { Targets } from "../../src/gateway/targets.ts";
import { defaultGatewaySettings } from "../../src/model/gateway-settings.ts";
import { httpListener } from "../../src/model/route.ts";
import { freePort } from "../../test/support/gateway.ts";
import { MockTransport } from "./mock-transport.ts";
import { routingTable } from "./table.ts";

/** A worker's data plane over connections without sockets, with the bench's table. */
export interface MockPlane {
  plane: DataPlane;
  transport: MockTransport;
  stats: RequestStats;
  /** Bytes of access log so far. */
  logged(): number;
}

/** With the settings that a gateway has by default, but for the access log. */
export async function createMockPlane(accessLog: "all" | "off"): Promise<MockPlane> {
  const memory = createMemory();
  const transport = new MockTransport(memory.clients);
  const stats = new RequestStats();
  const gate = new Gate();
  const http = { host: "127.0.0.1", port: await freePort() };
  const targets = new Targets((target) => plane.left(target));
  let logged = 0;
  const plane = createDataPlane({
    gate,
    stats,
    log: pino({ level: "silent" }),
    settings: { ...defaultGatewaySettings, accessLog },
    workers: 1,
    transport,
    memory,
    pages: noErrorPages,
    writeLog: async (bytes) => {
      logged += bytes.length;
    },
  });
  const compiled = compileTable(routingTable([8_001, 8_002]), http, (backend) =>
    targets.destination(backend, performance.now()),
  );
  targets.adopt(compiled);
  gate.open(compiled, false);
  await plane.listen({ name: httpListener, ...http });
  return { plane, transport, stats, logged: () => logged };
}
