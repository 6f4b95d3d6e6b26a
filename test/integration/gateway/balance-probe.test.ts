import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, test } from "vitest";
import { readProxyHeader } from "../../../src/gateway/edge/proxy-protocol.ts";
import type { Check } from "../../../src/model/check.ts";
import type { ProbeEvent } from "../../../src/model/gateway-api.ts";
import { startGateway } from "../../support/gateway.ts";
import { countingTarget, statusOf, tableWith, targetsOf, targetsUntil } from "./balance-setting.ts";

const status = { from: 200, to: 299 };
const check: Check = { path: "/health", host: null, successes: 1, intervalMs: 10, timeoutMs: 1_000, status };

/** A server that takes connections only with a PROXY header, and notes what came with each. */
async function proxiedServer(healthy: () => boolean) {
  const notes: string[] = [];
  const server = createServer((socket) => {
    let bytes = Buffer.alloc(0);
    const note = () => {
      const read = readProxyHeader(bytes, 0, bytes.length);
      if (read.kind !== "header") notes.push(read.kind);
      else {
        const [line] = bytes.subarray(read.end).toString("latin1").split("\r\n");
        notes.push(`v${read.version} ${read.source?.address ?? "of its own"}: ${line}`);
      }
    };
    socket.on("data", (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (!bytes.toString("latin1").endsWith("*/*\r\nConnection: close\r\n\r\n")) return;
      note();
      bytes = Buffer.alloc(0);
      socket.end(`HTTP/1.1 ${healthy() ? "200 OK" : "500 Broken"}\r\nContent-Length: 0\r\n\r\n`);
    });
    socket.on("end", () => {
      if (bytes.length > 0) note();
    });
    socket.on("error", () => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    notes,
    target: { id: "proxied", address: "127.0.0.1", port: (server.address() as AddressInfo).port },
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, "close");
    },
  };
}

test.each([1, 2] as const)("probes say the PROXY header, version %i, where it is wanted", async (version) => {
  await using gateway = await startGateway();
  let isHealthy = false;
  await using server = await proxiedServer(() => isHealthy);
  await using other = await countingTarget();
  const policy = { proxyProtocol: version, probe: { check, everyMs: 20, failures: 1 } };
  await gateway.put(tableWith(1, [server.target, other.target], policy));
  await targetsUntil(gateway, ({ targets }) => targets[0]?.down === true);
  isHealthy = true;
  await targetsUntil(gateway, ({ targets }) => targets[0]?.down === false);
  expect(new Set(server.notes)).toEqual(new Set([`v${version} of its own: GET /health HTTP/1.1`]));
  expect(statusOf(await targetsOf(gateway), other).inFlight).toBe(0);
});

test("so do probes of targets that are not in the table yet, over HTTP and TCP", async () => {
  await using gateway = await startGateway();
  await using server = await proxiedServer(() => true);
  for (const path of ["/health", null]) {
    const events: ProbeEvent[] = [];
    const request = { targets: [server.target], check: { ...check, path }, proxyProtocol: 2 };
    for await (const event of gateway.follow<ProbeEvent>("/v1/probe", request)) events.push(event);
    expect(events.map(({ type }) => type)).toEqual(["success", "ready", "done"]);
  }
  // The probe is over when it has sent the header; the server reads it after that.
  await expect.poll(() => server.notes).toEqual(["v2 of its own: GET /health HTTP/1.1", "v2 of its own: "]);
});
