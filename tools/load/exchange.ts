import { type Agent, type IncomingMessage, request } from "node:http";
import type { Socket } from "node:net";
import type { Kind } from "./options.ts";
import { nowMicros, type RequestRecord } from "./record.ts";
import type { Lane } from "./recorder.ts";

/** Longer than any answer that is waited for on purpose. */
const stuckAfterMs = 60_000;

export interface Spec {
  kind: Kind;
  method: "GET" | "POST";
  path: string;
  body?: Buffer;
  /** Sees the body as it comes; gives what is wrong with it when it has ended, or null. */
  checker: () => { chunk(data: Buffer): void; end(): string | null };
}

/** A timer may fire this much beside its time; a request that is later than this is late by the load or the server. */
const timerSlackMicros = 2_000;

const numbers = new WeakMap<Socket, number>();

/** Sends one request and records what came of it. Resolves when the answer has ended, with true when it was right; never throws. */
export function exchange(lane: Lane, agent: Agent, spec: Spec, due: number | null): Promise<boolean> {
  const start = nowMicros();
  const record: RequestRecord = {
    kind: spec.kind,
    connection: 0,
    due: due !== null && start - due > timerSlackMicros ? due : start,
    start,
    head: null,
    end: start,
    version: null,
    status: null,
    error: null,
  };
  return new Promise((resolve) => {
    let ended = false;
    const finish = (error: string | null) => {
      if (ended) return;
      ended = true;
      record.error = error;
      record.end = nowMicros();
      lane.recorder.request(record);
      resolve(error === null);
    };
    const outgoing = request(new URL(spec.path, lane.url), {
      agent,
      method: spec.method,
      headers: {
        ...(lane.host === null ? {} : { host: lane.host }),
        ...(spec.body ? { "content-length": spec.body.length } : {}),
      },
      timeout: stuckAfterMs,
    });
    outgoing.on("socket", (socket) => {
      const number = numbers.get(socket) ?? lane.recorder.connection(spec.kind);
      numbers.set(socket, number);
      record.connection = number;
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error(`nothing came for ${stuckAfterMs} ms`)));
    outgoing.on("error", (error) => finish(errorText(error)));
    outgoing.on("response", (response) => {
      record.head = nowMicros();
      record.status = response.statusCode ?? null;
      receive(response, spec, record, finish);
    });
    outgoing.end(spec.body);
  });
}

function receive(
  response: IncomingMessage,
  spec: Spec,
  record: RequestRecord,
  finish: (error: string | null) => void,
): void {
  const version = response.headers["x-version"];
  if (typeof version === "string") record.version = version;
  const checker = spec.checker();
  response.on("data", (chunk: Buffer) => checker.chunk(chunk));
  response.on("error", (error) => finish(`answer cut short: ${errorText(error)}`));
  response.on("end", () => {
    if (record.status !== 200) finish(`status ${record.status}`);
    else if (record.version === null) finish("the answer names no version");
    else finish(checker.end());
  });
}

function errorText(error: Error & { code?: string }): string {
  return error.code && !error.message.includes(error.code)
    ? `${error.code}: ${error.message}`
    : error.message;
}
