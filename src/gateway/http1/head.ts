/**
 * What a parser found in the head of a message: offsets into the bytes that it was given, valid until those bytes
 * change. Parsers fill a record that is used again and again, so nothing is allocated for a message.
 */
export interface MessageHead {
  /** Offset after the empty line that ends the head. */
  end: number;
  /** Minor version: 0 or 1. */
  minor: number;
  framing: Framing;
  /** Bytes of the body; -1 unless `framing` is `length`. */
  length: number;
  /** The sender lets the connection be used again (RFC 9112 section 9.3). */
  keepAlive: boolean;
  /** Connection names `upgrade`, and there is an Upgrade field; its value stands at `upgradeStart`. */
  upgrade: boolean;
  upgradeStart: number;
  upgradeEnd: number;
  /** Offset of the first field line. */
  fieldsStart: number;
  fieldCount: number;
  /** Four offsets a field: begin of its line, end of its name, begin and end of its value without white space. */
  fields: Int32Array;
  /** One `FieldCode` a field. */
  codes: Uint8Array;
  /** What was wrong: an HTTP status to answer, and a token for the log (`bare-lf`, `two-hosts`, …). */
  status: number;
  reason: string;
}

export interface RequestHead extends MessageHead {
  /** Begin of the request line; empty lines before it are skipped (RFC 9112 section 2.2). */
  start: number;
  method: MethodCode;
  methodStart: number;
  methodEnd: number;
  /** The request target as it was sent. */
  targetStart: number;
  targetEnd: number;
  form: TargetForm;
  /** True for an absolute target with the scheme https. */
  secure: boolean;
  /** Path without query; empty (start = end) for an absolute target that has none. */
  pathStart: number;
  pathEnd: number;
  /** End of path and query, which begin at `pathStart`. */
  queryEnd: number;
  /** Host and port: of an absolute target, else of the Host field. Both -1 when an HTTP/1.0 request names none. */
  authorityStart: number;
  authorityEnd: number;
  /** End of the name in it, without port and without a dot at its end. */
  hostEnd: number;
  expectsContinue: boolean;
}

export interface ResponseHead extends MessageHead {
  /** Begin of the status line. */
  start: number;
  statusCode: number;
  /** Seconds in `Keep-Alive: timeout=N`; -1 when it is not said. */
  keepAliveSeconds: number;
}

export const Framing = { none: 0, length: 1, chunked: 2, untilClose: 3 } as const;
export type Framing = (typeof Framing)[keyof typeof Framing];

export const TargetForm = { origin: 0, absolute: 1, asterisk: 2 } as const;
export type TargetForm = (typeof TargetForm)[keyof typeof TargetForm];

export const MethodCode = {
  other: 0,
  get: 1,
  head: 2,
  post: 3,
  put: 4,
  delete: 5,
  options: 6,
  patch: 7,
  trace: 8,
  connect: 9,
} as const;
export type MethodCode = (typeof MethodCode)[keyof typeof MethodCode];

/** Fields that a gateway has to know. */
export const FieldCode = {
  other: 0,
  host: 1,
  connection: 2,
  keepAlive: 3,
  proxyConnection: 4,
  te: 5,
  trailer: 6,
  upgrade: 7,
  transferEncoding: 8,
  contentLength: 9,
  expect: 10,
  xForwardedFor: 11,
  xForwardedProto: 12,
  xForwardedHost: 13,
  xForwardedPort: 14,
  xForwardedServer: 15,
  xRealIp: 16,
  forwarded: 17,
  via: 18,
  xRequestId: 19,
  traceparent: 20,
  tracestate: 21,
  cookie: 22,
  accept: 23,
  contentType: 24,
  contentEncoding: 25,
  http2Settings: 26,
  /** Any field that Connection names (RFC 9110 section 7.6.1). */
  named: 27,
  /** One of 11 to 19 with underscores, which CGI servers take for the same (RFC 3875 section 4.1.18). */
  disguised: 28,
} as const;
export type FieldCode = (typeof FieldCode)[keyof typeof FieldCode];

/** What a head may be at most. */
export interface HeadLimits {
  /** Bytes of the request line. */
  line: number;
  /** Fields. */
  fields: number;
  /** Bytes of the whole head. */
  bytes: number;
}

export const defaultHeadLimits: HeadLimits = { line: 8_192, fields: 128, bytes: 32_768 };

/** Room that a parser needs behind the last byte that it is given: it may overwrite it and read words across it. */
export const parserRoom = 16;

function messageHead(fields: number) {
  return {
    end: 0,
    minor: 1,
    framing: Framing.none as Framing,
    length: -1,
    keepAlive: true,
    upgrade: false,
    upgradeStart: -1,
    upgradeEnd: -1,
    fieldsStart: 0,
    fieldCount: 0,
    fields: new Int32Array(fields * 4),
    codes: new Uint8Array(fields),
    status: 0,
    reason: "",
    start: 0,
  };
}

/** A record for the parser of requests. */
export function createRequestHead(limits: HeadLimits = defaultHeadLimits): RequestHead {
  return {
    ...messageHead(limits.fields + 1),
    method: MethodCode.other,
    methodStart: 0,
    methodEnd: 0,
    targetStart: 0,
    targetEnd: 0,
    form: TargetForm.origin,
    secure: false,
    pathStart: 0,
    pathEnd: 0,
    queryEnd: 0,
    authorityStart: -1,
    authorityEnd: -1,
    hostEnd: -1,
    expectsContinue: false,
  };
}

/** A record for the parser of responses. */
export function createResponseHead(limits: HeadLimits = defaultHeadLimits): ResponseHead {
  return { ...messageHead(limits.fields + 1), statusCode: 0, keepAliveSeconds: -1 };
}
