import fc from "fast-check";
import type { BackendPolicy } from "../../../../src/model/route.ts";
import { afterAll, beforeAll, describe, it, vi } from "vitest";
import { type MockPlane, openMockPlane } from "../../../unit/gateway/proxy/plane.ts";
import { scripts } from "./messages.ts";
import { type Kind, type Step, World } from "./world.ts";

const numRuns = Number(process.env.CUTOVER_PLANE_RUNS ?? 500);

/** A run takes some milliseconds. */
const timeout = 30_000 + numRuns * 50;

let mock: MockPlane;

beforeAll(async () => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate", "performance"],
  });
  mock = await openMockPlane({ headerMs: 500, bodyMs: 800, keepAliveMs: 1_000, halfClosedMs: 700 });
});

afterAll(() => {
  vi.useRealTimers();
});

const calm: Kind[] = [
  "connect",
  "connect",
  "send",
  "send",
  "send",
  "congest",
  "flush",
  "reply",
  "reply",
  "reply",
  "targetCongest",
  "targetFlush",
];
const rough: Kind[] = [
  ...calm,
  "refuse",
  "end",
  "fail",
  "break",
  "targetEnd",
  "targetFail",
  "targetBreak",
  "pass",
  "switch",
  "hold",
  "drain",
];

const amount = fc.oneof(fc.nat(4), fc.nat(150), fc.nat(2_000), fc.constant(200_000));

function steps(kinds: Kind[]): fc.Arbitrary<Step[]> {
  const step = fc.record({ kind: fc.constantFrom(...kinds), which: fc.nat(5), amount });
  return fc.array(step, { maxLength: 60 });
}

/** After an upgrade a connection has no more requests. */
const connection = fc.array(scripts, { minLength: 1, maxLength: 4 }).map((all) => {
  const upgraded = all.findIndex((script) => script.upgraded !== null);
  return upgraded < 0 ? all : all.slice(0, upgraded + 1);
});
const clients = fc.array(connection, { minLength: 1, maxLength: 3 });

/** Bodies are kept in memory only: a file takes turns of the event loop. */
const policy: fc.Arbitrary<BackendPolicy> = fc.record(
  {
    bufferRequests: fc.constant({ memoryBytes: 10_000_000, diskBytes: 0 }),
    host: fc.constantFrom<NonNullable<BackendPolicy["host"]>>("target", { name: "inner" }),
    proxyProtocol: fc.constantFrom<0 | 1>(0, 1),
    sticky: fc.constant({ cookie: "route" }),
    maxInFlight: fc.constantFrom(1, 2),
  },
  { requiredKeys: [] },
);

describe("a data plane", () => {
  it(
    "answers every request whatever comes in which pieces and when",
    () => {
      fc.assert(
        fc.property(clients, steps(calm), policy, (requests, all, own) => {
          const world = new World(mock, requests, own);
          for (const step of all) world.run(step);
          world.settle();
          world.checkCalm();
          world.checkEnd();
        }),
        { numRuns },
      );
    },
    timeout,
  );

  it(
    "keeps its promises when connections fail, tables change and drains cut",
    () => {
      fc.assert(
        fc.property(clients, steps(rough), policy, (requests, all, own) => {
          const world = new World(mock, requests, own);
          for (const step of all) world.run(step);
          world.settle();
          world.checkEnd();
        }),
        { numRuns },
      );
    },
    timeout,
  );
});
