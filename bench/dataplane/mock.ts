import { setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { shapes } from "./loads.ts";
import { createMockPlane, type MockPlane } from "./mock-plane.ts";
import type { MockConnection } from "./mock-transport.ts";
import { requestTexts } from "./routes.ts";

/** What the gateway's own code takes for one request and its answer: no system call is in it. */
export interface MockFigure {
  request: MockShape;
  accessLog: "all" | "off";
  /** Nanoseconds: the lowest of several runs, without what the harness itself takes. */
  ns: number;
  harnessNs: number;
  /** Bytes of heap that a request leaves to the garbage collector. */
  allocated: number;
}

const mockShapes = ["tiny", "browser", "post-4k"] as const;
type MockShape = (typeof mockShapes)[number];

const clientCount = 64;
const runs = 12;
const requestsPerRun = 60_000;
/** The event loop gets a turn after so many requests, as it does behind the events of one poll. */
const requestsPerTurn = 256;
const requestsForHeap = 4_000;
const leastLineBytes = 50;

const answer = Buffer.from(
  "HTTP/1.1 200 OK\r\nServer: backend\r\nDate: Mon, 23 Nov 2026 08:00:00 GMT\r\n" +
    `Content-Type: text/plain\r\nContent-Length: 100\r\n\r\n${"x".repeat(100)}`,
);

/** Measures all shapes, one after the other, in this process. */
export async function benchMock(): Promise<MockFigure[]> {
  return [...(await figuresWith("off")), ...(await figuresWith("all"))];
}

async function figuresWith(accessLog: "all" | "off"): Promise<MockFigure[]> {
  const figures: MockFigure[] = [];
  const mock = await createMockPlane(accessLog);
  const clients = Array.from({ length: clientCount }, () => mock.transport.client());
  for (const request of mockShapes) {
    const texts = requestTexts(shapes[request].shape).map((text) => Buffer.from(text));
    const one = (index: number) => exchange(mock, at(clients, index), at(texts, index));
    await run(one, requestsPerRun);
    let ns = Number.POSITIVE_INFINITY;
    let harnessNs = Number.POSITIVE_INFINITY;
    for (let count = 0; count < runs; count += 1) {
      ns = Math.min(ns, await run(one, requestsPerRun));
      harnessNs = Math.min(harnessNs, await run((index) => copies(at(texts, index)), requestsPerRun));
    }
    figures.push({ request, accessLog, ns: ns - harnessNs, harnessNs, allocated: allocatedBy(one) });
  }
  for (const client of clients) client.endpoint.ended();
  await mock.plane.close();
  checkCounted(mock, mockShapes.length * (runs + 1) * requestsPerRun, accessLog);
  return figures;
}

function at<T>(values: readonly T[], index: number): T {
  return values[index % values.length] as T;
}

/** One request and its answer. @throws when either does not come through */
function exchange({ transport }: MockPlane, client: MockConnection, text: Uint8Array): void {
  client.written = 0;
  client.deliver(text);
  transport.pump();
  const target = transport.writer;
  if (target === null || target === client || target.written <= text.length) {
    throw new Error("the request did not reach a target");
  }
  target.written = 0;
  target.deliver(answer);
  if (client.written !== answer.length) throw new Error(`${client.written} bytes came of the answer`);
}

const scratch = new Uint8Array(16_384);

/** What the harness does for a request beside the plane. */
function copies(text: Uint8Array): void {
  scratch.set(text, 0);
  scratch.set(answer, 0);
}

/** Nanoseconds each. */
async function run(one: (index: number) => void, count: number): Promise<number> {
  const from = process.hrtime.bigint();
  for (let done = 0; done < count; ) {
    for (const end = Math.min(count, done + requestsPerTurn); done < end; done += 1) one(done);
    await turn();
  }
  return Number(process.hrtime.bigint() - from) / count;
}

/** Too few requests for a collection to come between. */
function allocatedBy(one: (index: number) => void): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 5; attempt += 1) {
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let index = 0; index < requestsForHeap; index += 1) one(index);
    least = Math.min(least, (process.memoryUsage().heapUsed - before) / requestsForHeap);
  }
  return Math.max(0, least);
}

/** Statistics and the access log were part of it. */
function checkCounted({ stats, logged }: MockPlane, least: number, accessLog: "all" | "off"): void {
  const counted = stats.take().reduce((sum, bucket) => sum + bucket.requests, 0);
  if (counted < least) throw new Error(`${counted} of ${least} requests were counted`);
  const lines = logged() / leastLineBytes;
  if (accessLog === "all" ? lines < least : lines > 0) throw new Error(`${logged()} bytes were logged`);
}

/** Pure. */
export function mockText(figures: readonly MockFigure[]): string {
  const rows = figures.map(
    ({ request, accessLog, ns, harnessNs, allocated }) =>
      `  ${shapes[request].title.padEnd(24)} log ${accessLog.padEnd(4)}${ns.toFixed(0).padStart(6)} ns  (harness ${harnessNs.toFixed(0)} ns, ${allocated.toFixed(0)} bytes of heap)`,
  );
  return [
    "the gateway's own code for a request and its answer, without sockets",
    "routing over 400 routes, forwarding fields, request id and statistics included; the lowest of several runs",
    ...rows,
    "",
  ].join("\n");
}
