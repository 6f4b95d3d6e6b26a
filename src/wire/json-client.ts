import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from "node:http";
import { type ErrorBody, fromErrorBody } from "../model/error.ts";
import { readNdjson } from "./ndjson.ts";

/**
 * Where requests go: a socket path, or an agent that connects otherwise. Over a socket each request has a connection of
 * its own: one that was kept would fail the first request after the server was started again.
 */
export type Address = Pick<RequestOptions, "socketPath" | "agent">;

/**
 * One JSON request. Resolves with the parsed answer, `null` for an empty one.
 * @throws CutoverError as the other side sent it; a plain Error when there is no connection
 */
export async function requestJson(
  address: Address,
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<unknown> {
  const response = await send(address, method, path, body, signal);
  const text = await readText(response);
  return text === "" ? null : JSON.parse(text);
}

/** One JSON request whose answer is newline-delimited JSON. Closing the iteration or the signal closes the connection. */
export async function* requestStream(
  address: Address,
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): AsyncGenerator<unknown> {
  const response = await send(address, method, path, body, signal);
  try {
    yield* readNdjson(response);
  } finally {
    response.destroy();
  }
}

async function send(
  address: Address,
  method: string,
  path: string,
  body: unknown,
  signal?: AbortSignal,
): Promise<IncomingMessage> {
  const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = httpRequest({
    agent: false,
    ...address,
    host: "cutover",
    method,
    path,
    headers: payload ? { "content-type": "application/json", "content-length": payload.length } : {},
  });
  request.on("response", resolve);
  request.on("error", reject);
  closeOn(request, signal, reject);
  request.end(payload);
  const response = await promise;
  if ((response.statusCode ?? 500) < 400) return response;
  throw fromErrorBody(parseError(await readText(response), response.statusCode ?? 500));
}

/**
 * Closes the request when the signal aborts. Not by node:http's own `signal`, which gives the connection an error: one
 * that comes with the last byte of the answer meets a connection nobody listens to any more, and ends the process.
 */
function closeOn(
  request: ClientRequest,
  signal: AbortSignal | undefined,
  reject: (reason: unknown) => void,
): void {
  if (!signal) return;
  const close = (): void => {
    reject(signal.reason);
    request.destroy();
  };
  if (signal.aborted) {
    close();
    return;
  }
  signal.addEventListener("abort", close, { once: true });
  request.once("close", () => signal.removeEventListener("abort", close));
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function parseError(text: string, status: number): ErrorBody {
  try {
    const parsed = JSON.parse(text) as { error?: ErrorBody };
    if (parsed.error?.code) return parsed.error;
  } catch {
    // Not one of ours: reported below as it is.
  }
  return {
    code: "INTERNAL",
    message: `status ${status}: ${text.slice(0, 200)}`,
    where: null,
    hint: "",
    details: [],
    cause: null,
  };
}
