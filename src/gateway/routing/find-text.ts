import type { Route } from "../../model/route.ts";
import { hostName } from "../host.ts";
import { type RequestHead, createRequestHead, defaultHeadLimits } from "../http1/head.ts";
import { clientPlace } from "./client-place.ts";
import { findRoute } from "./find.ts";
import type { Match } from "./match.ts";
import type { CompiledTable } from "./table.ts";

/** A request as routes see it. */
export interface RequestText {
  method: string;
  /** Host field, with or without a port; null when the request names none. */
  host: string | null;
  /** Path and query, as they are sent. */
  path: string;
  /** Names and values of the other fields, in any order. */
  headers: readonly (readonly [name: string, value: string])[];
  /** Address of the client. */
  client: string;
}

/** The route that a request gets on a listener; null when there is none, or no such HTTP listener. */
export function findRouteFor<B>(
  compiled: CompiledTable<B>,
  listener: string,
  request: RequestText,
): Match<B, Route> | null {
  const routes = compiled.listeners.get(listener);
  if (routes === undefined) return null;
  const { bytes, head } = encodeRequest(request);
  return findRoute(routes, bytes, head, clientPlace(request.client));
}

/** The bytes of a request with the record that a parser fills, as far as routes look at it. */
export function encodeRequest(request: RequestText): { bytes: Uint8Array; head: RequestHead } {
  const chunks: Buffer[] = [];
  let length = 0;
  const add = (text: string, encoding: BufferEncoding = "utf8"): [start: number, end: number] => {
    const chunk = Buffer.from(text, encoding);
    chunks.push(chunk);
    length += chunk.length;
    return [length - chunk.length, length];
  };
  const host = request.host === null ? null : (hostName(request.host) ?? "");
  const all = host === null ? request.headers : [["Host", host] as const, ...request.headers];
  const head = createRequestHead({ ...defaultHeadLimits, fields: all.length });
  [head.methodStart, head.methodEnd] = add(request.method);
  add(" ");
  const queryAt = request.path.indexOf("?");
  const [path, query] =
    queryAt < 0 ? [request.path, ""] : [request.path.slice(0, queryAt), request.path.slice(queryAt)];
  [head.pathStart, head.pathEnd] = add(path);
  head.targetStart = head.pathStart;
  [, head.queryEnd] = add(query);
  head.targetEnd = head.queryEnd;
  add(" HTTP/1.1\r\n");
  head.fieldsStart = length;
  for (const [name, value] of all) {
    const at = head.fieldCount * 4;
    head.fieldCount += 1;
    [head.fields[at], head.fields[at + 1]] = add(name);
    add(": ");
    [head.fields[at + 2], head.fields[at + 3]] = add(value, "latin1");
    add("\r\n");
  }
  add("\r\n");
  head.end = length;
  if (host !== null) {
    head.authorityStart = head.fields[2] ?? -1;
    head.authorityEnd = head.fields[3] ?? -1;
    head.hostEnd = head.authorityEnd;
  }
  return { bytes: Buffer.concat(chunks), head };
}
