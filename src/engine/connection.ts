import {
  Agent,
  type ClientRequest,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from "node:http";
import type { Duplex, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { CutoverError } from "../model/error.ts";
import { dial } from "./dial.ts";
import type { Endpoint } from "./endpoint.ts";
import { answerFailure, errno, transportFailure } from "./failure.ts";

/** The newest API this code was written against; an older engine's own is used instead. */
export const newestApi = "1.51";
/** API of Docker Engine 20.10. */
export const oldestApi = "1.41";

export interface EngineRequest {
  method: "GET" | "POST" | "PUT" | "DELETE" | "HEAD";
  /** Without the version: `/containers/json`. */
  path: string;
  /** `undefined` is left out; objects become JSON, as the engine's `filters` are. */
  query?: Record<string, string | number | boolean | object | undefined>;
  /** Sent as JSON; a stream is sent as it is, as `contentType`. */
  body?: object | Readable;
  contentType?: string;
  headers?: Record<string, string>;
  /** Statuses from 400 on that are an answer, not an error. */
  allow?: number[];
  signal?: AbortSignal;
}

const errorSchema = z.object({ message: z.string() });

/** One engine: keeps connections alive, speaks the API version both sides know, turns failures into CutoverErrors. */
export class EngineConnection implements AsyncDisposable {
  readonly endpoint: Endpoint;
  readonly apiVersion: string;
  readonly #agent: Agent;

  private constructor(endpoint: Endpoint, apiVersion: string, agent: Agent) {
    this.endpoint = endpoint;
    this.apiVersion = apiVersion;
    this.#agent = agent;
  }

  /**
   * Asks the engine for its API version and settles on the lower of its and ours.
   * @throws ENGINE_UNREACHABLE, ENGINE_DENIED, ENGINE_TOO_OLD.
   */
  static async open(endpoint: Endpoint, signal?: AbortSignal): Promise<EngineConnection> {
    const agent = new Agent({ keepAlive: true });
    agent.createConnection = () => dial(endpoint);
    try {
      const probe = new EngineConnection(endpoint, "", agent);
      const ping: EngineRequest = { method: "GET", path: "/_ping" };
      const headers = await probe.headers(signal ? { ...ping, signal } : ping);
      const theirs = headers["api-version"];
      if (typeof theirs !== "string" || !/^\d+\.\d+$/.test(theirs)) {
        throw new CutoverError(
          "ENGINE_UNREACHABLE",
          `What answers at ${endpoint.name} is not a Docker Engine.`,
        );
      }
      if (compareApi(theirs, oldestApi) < 0) {
        throw new CutoverError(
          "ENGINE_TOO_OLD",
          `The engine at ${endpoint.name} speaks API ${theirs}; ${oldestApi} (Docker 20.10) is the oldest that will do.`,
        );
      }
      return new EngineConnection(endpoint, compareApi(theirs, newestApi) < 0 ? theirs : newestApi, agent);
    } catch (error) {
      agent.destroy();
      throw error;
    }
  }

  /** The answer's JSON, and its status for those in `allow`. An empty answer is null. */
  async json(request: EngineRequest): Promise<{ status: number; body: unknown }> {
    const answer = await this.stream(request);
    const text = await this.#text(answer);
    if (text.trim() === "") return { status: answer.statusCode ?? 0, body: null };
    try {
      return { status: answer.statusCode ?? 0, body: JSON.parse(text) };
    } catch (cause) {
      throw new CutoverError("ENGINE_ERROR", `The engine's answer to ${describe(request)} is not JSON.`, {
        cause,
      });
    }
  }

  /** The answer's headers; its body is read and left, so that the connection can be used again. */
  async headers(request: EngineRequest): Promise<IncomingHttpHeaders> {
    const answer = await this.stream(request);
    await this.#text(answer);
    return answer.headers;
  }

  /** The answer's body as it comes. Whoever calls reads it to its end or destroys it. */
  async stream(request: EngineRequest): Promise<IncomingMessage> {
    for (;;) {
      const attempt = this.#send(request, {});
      try {
        const [answer] = await Promise.all([attempt.answer, attempt.sent]);
        return await this.#accept(request, answer);
      } catch (cause) {
        if (request.signal?.aborted) throw request.signal.reason;
        if (attempt.request.reusedSocket && request.method === "GET" && isReset(cause)) continue;
        throw transportFailure(this.endpoint.name, cause);
      }
    }
  }

  /**
   * Takes the connection over: `Upgrade: tcp`, as the engine defines for attach and exec. The stream is raw, and
   * each side can be ended by itself.
   */
  async hijack(request: EngineRequest): Promise<Duplex> {
    const attempt = this.#send(request, { Connection: "Upgrade", Upgrade: "tcp" });
    const upgraded = new Promise<Duplex>((resolve) => {
      attempt.request.once("upgrade", (_answer, socket: Duplex, head: Buffer) => {
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
      });
    });
    const refused = attempt.answer.then(async (answer) => {
      await this.#accept(request, answer);
      answer.destroy();
      throw new CutoverError(
        "ENGINE_ERROR",
        `The engine did not hand over the connection of ${describe(request)}.`,
      );
    });
    try {
      return await Promise.race([upgraded, refused]);
    } catch (cause) {
      if (request.signal?.aborted) throw request.signal.reason;
      throw transportFailure(this.endpoint.name, cause);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
  }

  #send(
    request: EngineRequest,
    headers: Record<string, string>,
  ): { request: ClientRequest; answer: Promise<IncomingMessage>; sent: Promise<void> } {
    const body = encodeBody(request);
    const version = this.apiVersion === "" ? "" : `/v${this.apiVersion}`;
    const outgoing = httpRequest({
      agent: this.#agent,
      method: request.method,
      path: `${version}${request.path}${encodeQuery(request.query)}`,
      host: "docker",
      headers: { Host: "docker", ...body.headers, ...request.headers, ...headers },
      ...(request.signal ? { signal: request.signal } : {}),
    });
    const answer = new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once("response", resolve);
      outgoing.once("error", reject);
    });
    const sent = sendBody(outgoing, body.content, answer);
    sent.catch(() => {});
    return { request: outgoing, answer, sent };
  }

  async #accept(request: EngineRequest, answer: IncomingMessage): Promise<IncomingMessage> {
    const status = answer.statusCode ?? 0;
    if (status < 400 || request.allow?.includes(status)) return answer;
    throw answerFailure(describe(request), status, errorMessage(await this.#text(answer)));
  }

  async #text(answer: IncomingMessage): Promise<string> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of answer) chunks.push(chunk);
    } catch (cause) {
      throw transportFailure(this.endpoint.name, cause);
    }
    return Buffer.concat(chunks).toString("utf8");
  }
}

/** Negative when `a` is the older API version: numbers by their parts, so that 1.9 is before 1.41. */
export function compareApi(a: string, b: string): number {
  const [aMajor = 0, aMinor = 0] = a.split(".").map(Number);
  const [bMajor = 0, bMinor = 0] = b.split(".").map(Number);
  return aMajor - bMajor || aMinor - bMinor;
}

function describe(request: EngineRequest): string {
  return `${request.method} ${request.path}`;
}

function errorMessage(text: string): string {
  try {
    return errorSchema.parse(JSON.parse(text)).message;
  } catch {
    return text.trim() || "no reason given";
  }
}

function encodeQuery(query: EngineRequest["query"]): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value === undefined) continue;
    parameters.append(key, typeof value === "object" ? JSON.stringify(value) : String(value));
  }
  return parameters.size === 0 ? "" : `?${parameters}`;
}

function encodeBody(request: EngineRequest): {
  content: Buffer | Readable | null;
  headers: Record<string, string | number>;
} {
  if (request.body === undefined) {
    return { content: null, headers: request.method === "GET" ? {} : { "Content-Length": 0 } };
  }
  if (isReadable(request.body)) {
    return { content: request.body, headers: { "Content-Type": request.contentType ?? "application/x-tar" } };
  }
  const content = Buffer.from(JSON.stringify(request.body));
  return { content, headers: { "Content-Type": "application/json", "Content-Length": content.length } };
}

function isReadable(body: object): body is Readable {
  return "pipe" in body && typeof body.pipe === "function";
}

/** An engine that refuses early answers before it has read the whole body; its answer tells more than EPIPE. */
async function sendBody(
  outgoing: ClientRequest,
  content: Buffer | Readable | null,
  answer: Promise<IncomingMessage>,
): Promise<void> {
  if (content === null || Buffer.isBuffer(content)) {
    outgoing.end(content ?? undefined);
    return;
  }
  try {
    await pipeline(content, outgoing);
  } catch (cause) {
    const early = await answer.catch(() => null);
    if (early === null || (early.statusCode ?? 0) < 400) throw cause;
  }
}

function isReset(cause: unknown): boolean {
  const code = errno(cause);
  return code === "ECONNRESET" || code === "EPIPE";
}
