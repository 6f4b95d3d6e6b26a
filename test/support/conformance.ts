import { expect } from "vitest";
import type { BackendPolicy } from "../../src/model/route.ts";
import { startGateway, type TestGateway } from "./gateway.ts";
import { tableOf } from "./gateway-target.ts";
import type { ReadOptions, ResponseText } from "./http1-message.ts";
import { openRaw, type RawConnection } from "./raw-client.ts";
import {
  type Exchange,
  type Preface,
  type Script,
  type ScriptedTarget,
  startScriptedTarget,
} from "./scripted-target.ts";

/** A gateway process with one worker in front of a scripted target. */
export interface Bench extends AsyncDisposable {
  gateway: TestGateway;
  target: ScriptedTarget;
  /** Process id of the worker that all bytes go through. */
  worker: number;
  open(): Promise<RawConnection>;
  /** Says what answers a path, sends bytes on a new connection and reads the first response. */
  ask(bytes: string | Buffer, options?: ReadOptions): Promise<ResponseText>;
  on(path: string, script: Script): void;
  /** What reached the target since the last call, without the fences. */
  takeSeen(): Exchange[];
  /**
   * Resolves once the gateway has taken all bytes that were sent to it before: a request on a connection of its own
   * has gone through the same event loop.
   */
  fence(): Promise<void>;
}

export interface BenchOptions {
  /** Of the target's backend. */
  policy?: BackendPolicy;
  /** Of the gateway, by their names. */
  settings?: Record<string, string>;
  /** Reads what stands before a connection's first request at the target. */
  preface?: Preface;
}

export async function startBench(options: BenchOptions = {}): Promise<Bench> {
  const { policy, settings = {}, preface } = options;
  const gateway = await startGateway({ workers: 1, settings });
  const target = await startScriptedTarget(preface);
  const table = tableOf(1, 1, [target.target]);
  if (policy !== undefined) table.backends = table.backends.map((backend) => ({ ...backend, policy }));
  await gateway.put(table);
  const open = () => openRaw(gateway.httpPort);
  const status = await gateway.status();
  return {
    gateway,
    target,
    worker: status.workers[0]?.pid ?? 0,
    open,
    async ask(bytes, options) {
      using client = await open();
      return await client.exchange(bytes, options);
    },
    on: target.on,
    takeSeen: () => target.seen.splice(0).filter(({ path }) => path !== "/fence"),
    async fence() {
      using beside = await open();
      await beside.exchange("GET /fence HTTP/1.1\r\nHost: fence\r\n\r\n");
    },
    async [Symbol.asyncDispose]() {
      const fallen = fallenWorkers(gateway);
      await gateway[Symbol.asyncDispose]();
      await target[Symbol.asyncDispose]();
      expect(fallen).toEqual([]);
    },
  };
}

/** What the log says of workers that ended by themselves, which no bytes from outside may bring about. */
export function fallenWorkers(gateway: TestGateway): string[] {
  return gateway.log.filter((line) => line.includes('"a worker ended') || /^\w*Error: /.test(line));
}

/** Where the text stands cut after every byte, or every `step` bytes. */
export function piecesOf(text: string, step = 1): string[] {
  return Array.from({ length: Math.ceil(text.length / step) }, (_, index) =>
    text.slice(index * step, (index + 1) * step),
  );
}

/** A GET of the path with Host and the given field lines. */
export function get(path: string, fields = ""): string {
  return `GET ${path} HTTP/1.1\r\nHost: h\r\n${fields}\r\n`;
}

/** A POST with Host, the given field lines and a body with its length. */
export function post(path: string, body: string, fields = ""): string {
  return `POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`;
}

/** A POST with Host, the given field lines and a body that is chunked already. */
export function postChunks(path: string, chunks: string, fields = ""): string {
  return `POST ${path} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n${fields}\r\n${chunks}`;
}

/**
 * Sends what is no request, or one that is not to be passed on, and checks that it is answered with one of the statuses,
 * that the connection is closed after it and that nothing reached the target.
 */
export async function expectRefused(bench: Bench, bytes: string, ...statuses: number[]): Promise<void> {
  bench.takeSeen();
  using client = await bench.open();
  const response = await client.exchange(bytes);
  expect(statuses).toContain(response.status);
  const { rest } = await client.ended();
  expect(rest).toBe("");
  await bench.fence();
  expect(bench.takeSeen().map(({ request }) => request.head)).toEqual([]);
}
