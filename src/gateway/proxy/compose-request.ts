import { isAcceptableRequestId, isTraceparent, writeRequestId, writeTraceparent } from "../edge/identity.ts";
import { FieldCode, Framing, MethodCode, type RequestHead, TargetForm } from "../http1/head.ts";
import { ascii } from "../http1/octets.ts";
import type { Block } from "../transport/block.ts";
import { copyBytes } from "./memory.ts";

/** What the gateway says to a target beside what the client said. */
export interface RequestAdditions {
  /** Field lines that are the same for many requests of a connection: X-Forwarded-For and its like, and Via. */
  fields: Uint8Array;
  /** Host when the client named none (HTTP/1.0): address and port that it connected to. */
  localAuthority: Uint8Array;
  /** What Host becomes; null leaves the client's. */
  host: Uint8Array | null;
  /** X-Forwarded-Host that a trusted proxy said; null for the authority that was asked for. */
  forwardedHost: Uint8Array | null;
  /** Field line of RFC 7239 up to its host parameter; null for none. */
  forwarded: Uint8Array | null;
}

/** Where parts of what was composed stand in its block. */
export interface Composed {
  end: number;
  /** Of the body's first byte. */
  headEnd: number;
  /** The request id. */
  idStart: number;
  idEnd: number;
}

/** Fields of a request that go no further, by code (RFC 9110 section 7.6.1), and those only the gateway may say. */
const dropped = new Uint8Array(32);
for (const code of [
  FieldCode.connection,
  FieldCode.keepAlive,
  FieldCode.proxyConnection,
  FieldCode.te,
  FieldCode.upgrade,
  FieldCode.xForwardedFor,
  FieldCode.xForwardedProto,
  FieldCode.xForwardedHost,
  FieldCode.xForwardedPort,
  FieldCode.xForwardedServer,
  FieldCode.xRealIp,
  FieldCode.xRequestId,
  FieldCode.forwarded,
  FieldCode.http2Settings,
  FieldCode.named,
  FieldCode.disguised,
]) {
  dropped[code] = 1;
}

const space = 0x20;
const quote = 0x22;
const asterisk = 0x2a;
const slash = 0x2f;
const version = ascii(" HTTP/1.1\r\n");
const hostField = ascii("Host: ");
const forwardedHostField = ascii("X-Forwarded-Host: ");
const hostParameter = ascii(';host="');
const requestIdName = ascii("X-Request-Id: ");
const traceparentName = ascii("traceparent: ");
const upgradeName = ascii("Connection: Upgrade\r\nUpgrade: ");
const noLength = ascii("Content-Length: 0\r\n");

/**
 * Writes a request as it goes to a target into a block, from its `start` on: the client's fields but those that end
 * here, then the gateway's own, then the bytes of the body that are there already.
 *
 * @param bodyEnd offset after the last byte of the body in `bytes`
 * @param upgrade the client asks for an upgrade that is passed on
 */
export function composeRequest(
  to: Block,
  bytes: Uint8Array,
  head: RequestHead,
  bodyEnd: number,
  additions: RequestAdditions,
  upgrade: boolean,
  composed: Composed,
): void {
  const out = to.bytes;
  let at = writeRequestLine(out, to.start, bytes, head);
  const { codes, fields, fieldCount } = head;
  const ownHost = additions.host !== null || head.form === TargetForm.absolute;
  let run = head.fieldsStart;
  let idStart = -1;
  let idEnd = -1;
  let traced = false;
  for (let index = 0; index < fieldCount; index += 1) {
    const code = codes[index] as number;
    if (code === FieldCode.other) continue;
    let drop = dropped[code] === 1;
    if (code === FieldCode.host) drop = ownHost;
    else if (code === FieldCode.xRequestId) {
      const start = fields[index * 4 + 2] as number;
      const end = fields[index * 4 + 3] as number;
      if (idStart < 0 && isAcceptableRequestId(bytes, start, end)) {
        idStart = start;
        idEnd = end;
      }
    } else if (code === FieldCode.traceparent) {
      drop =
        traced || !isTraceparent(bytes, fields[index * 4 + 2] as number, fields[index * 4 + 3] as number);
      traced ||= !drop;
    } else if (code === FieldCode.tracestate) drop = !hasTraceparent(bytes, head);
    else if (code === FieldCode.trailer) drop = head.framing !== Framing.chunked;
    if (!drop) continue;
    const line = fields[index * 4] as number;
    if (line > run) at = copyBytes(out, at, bytes, run, line);
    run = index + 1 < fieldCount ? (fields[index * 4 + 4] as number) : head.end - 2;
  }
  if (head.end - 2 > run) at = copyBytes(out, at, bytes, run, head.end - 2);
  if (ownHost || head.authorityStart < 0) at = writeHost(out, at, bytes, head, additions);
  out.set(additions.fields, at);
  at = writeForwardedHost(out, at + additions.fields.length, bytes, head, additions);
  out.set(requestIdName, at);
  at += requestIdName.length;
  composed.idStart = at;
  const ownId = idStart < 0;
  at = ownId ? writeRequestId(out, at) : copyBytes(out, at, bytes, idStart, idEnd);
  composed.idEnd = at;
  at = endLine(out, at);
  if (!traced) {
    out.set(traceparentName, at);
    at = endLine(out, writeTraceparent(out, at + traceparentName.length, ownId ? composed.idStart : -1));
  }
  if (upgrade) {
    out.set(upgradeName, at);
    at = endLine(out, copyBytes(out, at + upgradeName.length, bytes, head.upgradeStart, head.upgradeEnd));
  } else if (head.framing === Framing.none && needsLength(head.method)) {
    out.set(noLength, at);
    at += noLength.length;
  }
  at = endLine(out, at);
  composed.headEnd = at;
  composed.end = bodyEnd > head.end ? copyBytes(out, at, bytes, head.end, bodyEnd) : at;
}

/** The request line in origin form, and as HTTP/1.1. */
function writeRequestLine(out: Uint8Array, at: number, bytes: Uint8Array, head: RequestHead): number {
  if (head.form !== TargetForm.absolute && head.minor === 1) {
    return copyBytes(out, at, bytes, head.start, head.fieldsStart);
  }
  let next = copyBytes(out, at, bytes, head.methodStart, head.methodEnd);
  out[next] = space;
  next += 1;
  if (head.form === TargetForm.absolute && head.pathStart === head.pathEnd) {
    // A target without a path asks for `/`, and with OPTIONS for the server as a whole (RFC 9112 section 3.2.4).
    out[next] = head.method === MethodCode.options && head.queryEnd === head.pathEnd ? asterisk : slash;
    next += 1;
  }
  next = copyBytes(out, next, bytes, head.pathStart, head.queryEnd);
  out.set(version, next);
  return next + version.length;
}

/** Host, where the client's own field does not stay. */
function writeHost(
  out: Uint8Array,
  at: number,
  bytes: Uint8Array,
  head: RequestHead,
  additions: RequestAdditions,
): number {
  out.set(hostField, at);
  return endLine(out, writeAuthority(out, at + hostField.length, bytes, head, additions, additions.host));
}

/** X-Forwarded-Host, and Forwarded where it is wanted. */
function writeForwardedHost(
  out: Uint8Array,
  at: number,
  bytes: Uint8Array,
  head: RequestHead,
  additions: RequestAdditions,
): number {
  const { forwarded, forwardedHost } = additions;
  out.set(forwardedHostField, at);
  let next = writeAuthority(out, at + forwardedHostField.length, bytes, head, additions, forwardedHost);
  next = endLine(out, next);
  if (forwarded === null) return next;
  out.set(forwarded, next);
  next += forwarded.length;
  out.set(hostParameter, next);
  // The gateway's own hop tells the Host that it received itself (RFC 7239 section 5.3).
  next = writeAuthority(out, next + hostParameter.length, bytes, head, additions, null);
  out[next] = quote;
  return endLine(out, next + 1);
}

function writeAuthority(
  out: Uint8Array,
  at: number,
  bytes: Uint8Array,
  head: RequestHead,
  additions: RequestAdditions,
  own: Uint8Array | null,
): number {
  const known = own ?? (head.authorityStart < 0 ? additions.localAuthority : null);
  if (known === null) return copyBytes(out, at, bytes, head.authorityStart, head.authorityEnd);
  out.set(known, at);
  return at + known.length;
}

function endLine(out: Uint8Array, at: number): number {
  out[at] = 13;
  out[at + 1] = 10;
  return at + 2;
}

/** Whether one of its lines is valid: that one is passed on, and tracestate with it. */
function hasTraceparent(bytes: Uint8Array, head: RequestHead): boolean {
  for (let index = 0; index < head.fieldCount; index += 1) {
    if (head.codes[index] !== FieldCode.traceparent) continue;
    const start = head.fields[index * 4 + 2] as number;
    if (isTraceparent(bytes, start, head.fields[index * 4 + 3] as number)) return true;
  }
  return false;
}

/** Whether a request of this method without a body should say so (RFC 9110 section 8.6). */
function needsLength(method: MethodCode): boolean {
  return (
    method === MethodCode.post ||
    method === MethodCode.put ||
    method === MethodCode.patch ||
    method === MethodCode.other
  );
}
