import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { CutoverError, errorBody } from "../model/error.ts";
import type { ErrorCode } from "../model/error-catalogue.ts";

/** What a handler gets: decoded path parameters, the query and a way to read the body once. */
export interface Call {
  params: Record<string, string>;
  query: URLSearchParams;
  body(): Promise<unknown>;
  /** Starts a newline-delimited answer. */
  stream(): LineStream;
}

export interface LineStream {
  /** Writes one JSON line; false once the other side has gone. */
  write(value: unknown): boolean;
  end(): void;
  /** Aborted when the other side has gone before `end`. */
  readonly gone: AbortSignal;
}

/** Resolves with the JSON answer, or with undefined after `stream()`. */
export type Handler = (call: Call) => Promise<unknown> | unknown;

/** Handlers by `METHOD /path/:param`. */
export type Routes = Record<string, Handler>;

const maxBody = 32 * 1024 * 1024;

/** Codes that are the caller's affair, by HTTP status; all others are 500. */
const statusOf: Partial<Record<ErrorCode, number>> = {
  USAGE: 400,
  APP_UNKNOWN: 404,
  RELEASE_UNKNOWN: 404,
  BUSY: 409,
  ABORTED: 409,
  HOOK_FAILED: 409,
  PORT_TAKEN: 409,
  ROUTE_TAKEN: 409,
  NOTHING_TO_ROLL_BACK: 409,
  RELEASE_GONE: 409,
};

/** An HTTP server that speaks JSON and NDJSON. Errors are answered as `{error: ErrorBody}`. */
export function createJsonServer(routes: Routes, onError: (error: unknown) => void): Server {
  const compiled = Object.entries(routes).map(([key, handler]) => {
    const [method = "", path = ""] = key.split(" ");
    return { method, segments: path.split("/"), handler };
  });
  return createServer((request, response) => {
    void answer(compiled, request, response, onError);
  });
}

interface CompiledRoute {
  method: string;
  segments: string[];
  handler: Handler;
}

async function answer(
  routes: CompiledRoute[],
  request: IncomingMessage,
  response: ServerResponse,
  onError: (error: unknown) => void,
): Promise<void> {
  try {
    const url = new URL(request.url ?? "/", "http://cutover");
    const found = find(routes, request.method ?? "GET", url.pathname.split("/"));
    if (!found) throw new CutoverError("USAGE", `no such request: ${request.method} ${url.pathname}`);
    const result = await found.handler({
      params: found.params,
      query: url.searchParams,
      body: () => readBody(request),
      stream: () => openStream(response),
    });
    if (result === undefined) return;
    sendJson(response, 200, result);
  } catch (error) {
    const body = errorBody(error);
    if (body.code === "INTERNAL") onError(error);
    if (response.headersSent) response.destroy();
    else sendJson(response, statusOf[body.code] ?? 500, { error: body });
  }
}

function find(
  routes: CompiledRoute[],
  method: string,
  path: string[],
): { handler: Handler; params: Record<string, string> } | null {
  for (const route of routes) {
    if (route.method !== method || route.segments.length !== path.length) continue;
    const params: Record<string, string> = {};
    const matches = route.segments.every((segment, i) => {
      const given = path[i] ?? "";
      if (!segment.startsWith(":")) return segment === given;
      params[segment.slice(1)] = decodeURIComponent(given);
      return given !== "";
    });
    if (matches) return { handler: route.handler, params };
  }
  return null;
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > maxBody) throw new CutoverError("USAGE", `the request body is over ${maxBody} bytes`);
    chunks.push(chunk as Buffer);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch (cause) {
    throw new CutoverError("USAGE", "the request body is no JSON", { cause });
  }
}

function openStream(response: ServerResponse): LineStream {
  const gone = new AbortController();
  let ended = false;
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  response.flushHeaders();
  if (response.destroyed || response.closed) gone.abort();
  response.on("close", () => {
    if (!ended) gone.abort();
  });
  return {
    gone: gone.signal,
    write: (value) => {
      if (response.destroyed) return false;
      response.write(`${JSON.stringify(value)}\n`);
      return true;
    },
    end: () => {
      ended = true;
      response.end();
    },
  };
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const payload = Buffer.from(JSON.stringify(value));
  response.writeHead(status, { "content-type": "application/json", "content-length": payload.length });
  response.end(payload);
}
