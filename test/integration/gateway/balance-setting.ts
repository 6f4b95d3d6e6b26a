import type { IncomingMessage, ServerResponse } from "node:http";
import { expect } from "vitest";
import type { TargetStatus, TargetsStatus } from "../../../src/model/gateway-api.ts";
import type { BackendPolicy, RoutingTable, Target } from "../../../src/model/route.ts";
import type { TestGateway } from "../../support/gateway.ts";
import { type TestTarget, startTarget, tableOf } from "../../support/gateway-target.ts";

/** A table with one backend of this policy. */
export function tableWith(
  generation: number,
  targets: Target[],
  policy: BackendPolicy,
  release = generation,
): RoutingTable {
  const table = tableOf(generation, release, targets);
  return { ...table, backends: table.backends.map((backend) => ({ ...backend, policy })) };
}

/** A target that counts what it has in flight, and answers when it is told to. */
export interface CountingTarget extends TestTarget {
  inFlight: number;
  most: number;
  /** Resolves once so many are in flight at the same time. */
  reached(count: number): Promise<void>;
  /** Answers all that are in flight, and from here on at once. */
  open(): void;
  /** Answers so many of those in flight. */
  answer(count: number): void;
  /** Answers all that is in flight or comes, until it is disposed of. */
  serve(): Disposable;
}

export async function countingTarget(): Promise<CountingTarget> {
  const held: ServerResponse[] = [];
  const watchers: [number, () => void][] = [];
  let isOpen = false;
  const target = await startTarget((_request: IncomingMessage, response: ServerResponse) => {
    counting.inFlight += 1;
    counting.most = Math.max(counting.most, counting.inFlight);
    response.once("close", () => {
      counting.inFlight -= 1;
      if (held.includes(response)) held.splice(held.indexOf(response), 1);
    });
    for (const [count, resolve] of watchers) if (counting.inFlight >= count) resolve();
    if (isOpen) setImmediate(() => response.end(target.target.id));
    else held.push(response);
  });
  const counting: CountingTarget = Object.assign(target, {
    inFlight: 0,
    most: 0,
    reached: (count: number) =>
      new Promise<void>((resolve) => {
        if (counting.inFlight >= count) resolve();
        else watchers.push([count, resolve]);
      }),
    open() {
      isOpen = true;
      counting.answer(held.length);
    },
    serve() {
      const pump = setInterval(() => counting.answer(held.length), 1);
      return { [Symbol.dispose]: () => clearInterval(pump) };
    },
    answer(count: number) {
      for (const response of held.splice(0, count)) response.end(target.target.id);
    },
  });
  return counting;
}

export function targetsOf(gateway: TestGateway): Promise<TargetsStatus> {
  return gateway.call("GET", "/v1/targets");
}

/** Asks until what the gateway says of its targets satisfies the predicate. */
export async function targetsUntil(
  gateway: TestGateway,
  predicate: (status: TargetsStatus) => boolean,
): Promise<TargetsStatus> {
  for (;;) {
    const status = await targetsOf(gateway);
    if (predicate(status)) return status;
  }
}

export function statusOf(status: TargetsStatus, of: TestTarget): TargetStatus {
  const found = status.targets.find(({ id }) => id === of.target.id);
  if (!found) throw new Error(`${of.target.id} is not among ${JSON.stringify(status)}`);
  return found;
}

export function waitingIn(status: TargetsStatus): number {
  return status.waiting.reduce((sum, { requests }) => sum + requests, 0);
}

/** Nothing is in flight and nothing waits any more. */
export async function expectQuiet(gateway: TestGateway): Promise<void> {
  const isQuiet = (status: TargetsStatus) =>
    waitingIn(status) === 0 && status.targets.every(({ inFlight }) => inFlight === 0);
  expect(isQuiet(await targetsUntil(gateway, isQuiet))).toBe(true);
}

/** Requests over connections of their own; who answered, or status and reason of what is not 200. */
export async function ask(gateway: TestGateway, count: number): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, () => askOnce(gateway)));
}

export async function askOnce(gateway: TestGateway, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(gateway.url, { headers: { ...headers, Connection: "close" } });
  const text = await response.text();
  if (response.status === 200) return text;
  return `${response.status} ${/desc="([^"]*)"/.exec(response.headers.get("server-timing") ?? "")?.[1] ?? text}`;
}
