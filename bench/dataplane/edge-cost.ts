import { AccessLog } from "../../src/gateway/edge/access-log.ts";
import { directClient } from "../../src/gateway/edge/client-identity.ts";
import { errorAnswer } from "../../src/gateway/edge/error-page.ts";
import { ClientFieldsCache, clientFields } from "../../src/gateway/edge/forwarding-fields.ts";
import { writeRequestId, writeTraceparent } from "../../src/gateway/edge/identity.ts";
import { targetSegment } from "../../src/gateway/edge/log-line.ts";
import { createLogMemory } from "../../src/gateway/edge/log-memory.ts";
import { RequestNotes } from "../../src/gateway/edge/request-notes.ts";
import { createRequestHead, MethodCode } from "../../src/gateway/http1/head.ts";

/** Nanoseconds that the parts of `src/gateway/edge` cost a request: the least of several rounds. */

const rounds = 12;
const repeats = 200_000;

async function least(action: () => void, between: () => Promise<void> | void = () => {}): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round += 1) {
    await between();
    const from = performance.now();
    for (let index = 0; index < repeats; index += 1) action();
    best = Math.min(best, ((performance.now() - from) * 1e6) / repeats);
  }
  return best;
}

const out = new Uint8Array(4_096);
const text = "GET /api/v1/products/4711/reviews?page=2 HTTP/1.1\r\nHost: shop.example.com\r\n\r\n";
const bytes = new TextEncoder().encode(text);
const head = createRequestHead();
head.method = MethodCode.get;
head.methodEnd = 3;
head.pathStart = 4;
head.pathEnd = text.indexOf("?");
head.queryEnd = text.indexOf(" HTTP");
head.authorityStart = text.indexOf("shop");
head.authorityEnd = text.length - 4;

const fields = clientFields(directClient("203.0.113.9", 80, false), false);
const cache = new ClientFieldsCache(false);
const target = targetSegment("shop", 12, "web", { address: "172.18.0.5", port: 3000 });
const notes = new RequestNotes(createLogMemory(1_024));
let written = 0;
const log = new AccessLog(notes, async (part) => {
  written += part.length;
});
const outcome = {
  startedAt: performance.now(),
  headAt: performance.now() + 1.5,
  endedAt: performance.now() + 2.25,
  connectMs: -1,
  status: 200,
  bytes: 51_234,
  retries: 0,
  part: "" as const,
  reason: "",
};
writeRequestId(out, 0);
const note = notes.keep(bytes, head, out, 0, 32);

/** As many lines as there is memory for would be dropped in a loop that lets nothing be written. */
let lines = 0;
async function logged(): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds * 20; round += 1) {
    await log.flush();
    const from = performance.now();
    for (let index = 0; index < 10_000; index += 1) log.add(note, fields.logName, target, outcome);
    best = Math.min(best, ((performance.now() - from) * 1e6) / 10_000);
    lines += 10_000;
  }
  await log.flush();
  return best;
}

const costs: [string, number][] = [
  ["request id", await least(() => writeRequestId(out, 0))],
  ["traceparent", await least(() => writeTraceparent(out, 64, 0))],
  ["fields of a client, copied", await least(() => out.set(fields.fields, 0))],
  ["fields of a known client, found", await least(() => cache.direct("203.0.113.9", 80, false))],
  ["note for the log, kept and dropped", await least(() => notes.drop(notes.keep(bytes, head, out, 0, 32)))],
  ["line of the log", await logged()],
  [
    "error page",
    await least(() =>
      errorAnswer({
        status: 404,
        accept: "text/html,*/*;q=0.8",
        requestId: "0123456789abcdef",
        method: "GET",
        minor: 1,
        close: false,
        part: "gateway",
        reason: "no-route",
      }),
    ),
  ],
];
for (const [name, cost] of costs) console.log(`${name.padEnd(36)} ${cost.toFixed(0).padStart(6)} ns`);
console.log(
  `${Math.round(written / (lines - log.dropped))} bytes a line, ${log.dropped} of ${lines} lines dropped`,
);
