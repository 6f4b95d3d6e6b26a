import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { Logger } from "pino";
import { CutoverError, errorBody } from "../../model/error.ts";
import type {
  DrainEvent,
  DrainRequest,
  GatewayStatus,
  ProbeEvent,
  ProbeRequest,
  StatBucket,
  TableApplied,
  TargetsStatus,
} from "../../model/gateway-api.ts";
import type { Listener, RoutingTable } from "../../model/route.ts";
import { checkTable } from "../table-check.ts";
import { drainOf, checkListenersBody, probeOf } from "./requests.ts";

/** What the admin API gives access to. */
export interface Administered {
  status(): GatewayStatus;
  targets(): Promise<TargetsStatus>;
  table(): RoutingTable | null;
  applyTable(table: RoutingTable): Promise<TableApplied>;
  checkListeners(listeners: Listener[]): Promise<void>;
  probe(request: ProbeRequest, tell: (event: ProbeEvent) => void, signal: AbortSignal): Promise<void>;
  drain(request: DrainRequest, signal: AbortSignal): AsyncIterable<DrainEvent>;
  stats(app: string, fromMs: number): Promise<StatBucket[]>;
}

const maxBody = 16 * 1024 * 1024;

type Handler = (exchange: { url: URL; request: IncomingMessage; response: ServerResponse }) => Promise<void>;

/** The server of the admin API (see model/gateway-api); it is not listening yet. */
export function createAdmin(gateway: Administered, log: Logger): Server {
  const handlers: Record<string, Handler> = {
    "GET /v1/status": async ({ response }) => answer(response, 200, gateway.status()),
    "GET /v1/targets": async ({ response }) => answer(response, 200, await gateway.targets()),
    "GET /v1/table": async ({ response }) => answer(response, 200, gateway.table()),
    "PUT /v1/table": async ({ request, response }) => {
      const body = await bodyOf(request);
      const table = checked(() => checkTable(parse(body)));
      answer(response, 200, await gateway.applyTable(table));
    },
    "POST /v1/listeners/check": async ({ request, response }) => {
      const body = await bodyOf(request);
      const listeners = checked(() => checkListenersBody(parse(body)));
      await gateway.checkListeners(listeners);
      answer(response, 200, {});
    },
    "POST /v1/probe": async ({ request, response }) => {
      const body = await bodyOf(request);
      const wanted = checked(() => probeOf(parse(body)));
      const signal = closedSignal(response);
      const write = stream(response);
      await gateway.probe(wanted, write, signal);
      response.end();
    },
    "POST /v1/drain": async ({ request, response }) => {
      const body = await bodyOf(request);
      const wanted = checked(() => drainOf(parse(body)));
      const events = gateway.drain(wanted, closedSignal(response));
      let write: ((event: unknown) => void) | null = null;
      for await (const event of events) {
        write ??= stream(response);
        write(event);
      }
      response.end();
    },
    "GET /v1/stats": async ({ url, response }) => {
      const from = Number(url.searchParams.get("from") ?? 0);
      const buckets = await gateway.stats(
        url.searchParams.get("app") ?? "",
        Number.isFinite(from) ? from : 0,
      );
      answer(response, 200, { buckets });
    },
  };
  return createServer({ requestTimeout: 60_000, keepAliveTimeout: 30_000 }, (request, response) => {
    const url = URL.parse(request.url ?? "/", "http://gateway");
    const handler = handlers[`${request.method} ${url?.pathname}`];
    if (!url || !handler) {
      answer(response, 404, {
        error: errorBody(new CutoverError("GATEWAY_REFUSED", "the gateway's API has no such request")),
      });
      return;
    }
    handler({ url, request, response }).catch((error: unknown) => {
      if (!(error instanceof CutoverError))
        log.error({ err: error, url: request.url }, "admin request failed");
      if (response.headersSent) response.destroy();
      else answer(response, statusOf(error), { error: errorBody(error) });
    });
  });
}

/** Errors of a body that is wrong in itself. */
const unprocessable = new WeakSet<object>();

function statusOf(error: unknown): number {
  if (!(error instanceof CutoverError)) return 500;
  if (unprocessable.has(error)) return 422;
  return error.code === "PORT_TAKEN" || error.code === "GATEWAY_REFUSED" ? 409 : 500;
}

function checked<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof CutoverError) unprocessable.add(error);
    throw error;
  }
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(text),
  });
  response.end(text);
}

function stream(response: ServerResponse): (event: unknown) => void {
  response.writeHead(200, { "Content-Type": "application/x-ndjson" });
  response.flushHeaders();
  return (event) => response.write(`${JSON.stringify(event)}\n`);
}

function closedSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once("close", () => controller.abort());
  return controller.signal;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBody) throw new CutoverError("GATEWAY_REFUSED", `the body is larger than ${maxBody} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new CutoverError("GATEWAY_REFUSED", "the body is not JSON", { cause: error });
  }
}
