import { getSystemErrorMap, getSystemErrorName } from "node:util";

/**
 * Everything that is used of Node's inner TCP handles, which are no public API: this file is the only one that knows
 * them. Where they are not as expected `handlesMissing` says so, and nothing else here may be used.
 */

/** Number of a system error, negative; 0 for success. */
export type Status = number;

/** The user of a handle: gets what `streamState` says of each read. */
export interface HandleOwner {
  /** @returns the buffer for the reads to come, or undefined for the same as before */
  onRead(status: Status): Buffer | undefined;
  onConnect(status: Status): void;
  onWritten(status: Status, lent: unknown): void;
}

export interface PeerName {
  address?: string;
  port?: number;
}

export interface TcpHandle {
  owner: HandleOwner | null;
  /** Bytes that wait in the handle. */
  readonly writeQueueSize: number;
  onread: (this: TcpHandle) => Buffer | undefined;
  readStart(): Status;
  readStop(): Status;
  /** The handle does not keep the buffer from being collected: its user must. */
  useUserBuffer(buffer: Buffer): void;
  writeBuffer(request: WriteRequest, bytes: Uint8Array): Status;
  shutdown(request: object): Status;
  connect(request: object, address: string, port: number): Status;
  connect6(request: object, address: string, port: number): Status;
  setNoDelay(on: boolean): Status;
  setKeepAlive(on: boolean, seconds: number): Status;
  getpeername(out: PeerName): Status;
  getsockname(out: PeerName): Status;
  close(): void;
  reset(): Status;
}

/** A write that may go on after the call. One is used again and again while writes finish at once. */
export interface WriteRequest {
  oncomplete: (this: WriteRequest, status: Status) => void;
  owner: HandleOwner | null;
  lent: unknown;
}

interface OutcomeRequest {
  oncomplete: (this: OutcomeRequest, status: Status) => void;
  owner: HandleOwner | null;
}

/** The handle of a server that listens. */
export interface ListeningHandle {
  onconnection: (status: Status, handle: TcpHandle | undefined) => void;
  setNoDelay?(on: boolean): Status;
  setKeepAlive?(on: boolean, seconds: number): Status;
}

interface TcpBinding {
  TCP: { new (type: number): TcpHandle; prototype: TcpHandle };
  TCPConnectWrap: new () => OutcomeRequest;
  constants: { SOCKET: number };
}

interface StreamBinding {
  WriteWrap: new () => WriteRequest;
  ShutdownWrap: new () => OutcomeRequest;
  streamBaseState: Int32Array;
  kReadBytesOrError: number;
  kLastWriteWasAsync: number;
}

const usedMethods: (keyof TcpHandle)[] = [
  "readStart",
  "readStop",
  "useUserBuffer",
  "writeBuffer",
  "shutdown",
  "connect",
  "connect6",
  "setNoDelay",
  "setKeepAlive",
  "getpeername",
  "getsockname",
  "close",
  "reset",
];

function bindings(): { tcp: TcpBinding; stream: StreamBinding } | string {
  try {
    const { binding } = process as unknown as { binding?: (name: string) => unknown };
    if (typeof binding !== "function") return "there is no process.binding";
    const tcp = binding("tcp_wrap") as Partial<TcpBinding>;
    const stream = binding("stream_wrap") as Partial<StreamBinding>;
    const whole =
      typeof tcp.TCP === "function" &&
      typeof tcp.TCPConnectWrap === "function" &&
      typeof tcp.constants?.SOCKET === "number" &&
      typeof stream.WriteWrap === "function" &&
      typeof stream.ShutdownWrap === "function" &&
      stream.streamBaseState instanceof Int32Array &&
      typeof stream.kReadBytesOrError === "number" &&
      typeof stream.kLastWriteWasAsync === "number";
    if (!whole) return "the inner modules tcp_wrap and stream_wrap are not as expected";
    const prototype: Partial<TcpHandle> = (tcp as TcpBinding).TCP.prototype;
    const missing: string[] = usedMethods.filter((method) => typeof prototype[method] !== "function");
    if (!("writeQueueSize" in prototype)) missing.push("writeQueueSize");
    if (missing.length > 0) return `handles lack ${missing.join(", ")}`;
    return { tcp: tcp as TcpBinding, stream: stream as StreamBinding };
  } catch (error) {
    return `the inner modules of TCP can't be loaded: ${error instanceof Error ? error.message : String(error)}`;
  }
}

const found = bindings();
const inner = typeof found === "string" ? null : found;

/** Why handles can't be used at all, or null. */
export const handlesMissing: string | null = typeof found === "string" ? found : null;

/** What the call before came to: at `readResult` bytes read or a status, at `wentAsync` not 0 for a write under way. */
export const streamState: Int32Array = inner?.stream.streamBaseState ?? new Int32Array(2);
export const readResult: number = inner?.stream.kReadBytesOrError ?? 0;
export const wentAsync: number = inner?.stream.kLastWriteWasAsync ?? 1;

function statusOf(code: string): Status {
  for (const [status, [name]] of getSystemErrorMap()) if (name === code) return status;
  return Number.NEGATIVE_INFINITY;
}

/** What a read says at the end of what the peer sends. */
export const endOfFile: Status = statusOf("EOF");
/** What a write says when the peer takes no more, after it had ended its own direction. */
export const brokenPipe: Status = statusOf("EPIPE");

function onRead(this: TcpHandle): Buffer | undefined {
  const { owner } = this;
  return owner === null ? undefined : owner.onRead(streamState[readResult] as number);
}

function onWritten(this: WriteRequest, status: Status): void {
  const { owner, lent } = this;
  this.owner = null;
  this.lent = null;
  owner?.onWritten(status, lent);
}

function onConnect(this: OutcomeRequest, status: Status): void {
  const { owner } = this;
  this.owner = null;
  owner?.onConnect(status);
}

function ignore(): void {}

function present(): { tcp: TcpBinding; stream: StreamBinding } {
  if (inner === null) throw new Error(handlesMissing ?? "no handles");
  return inner;
}

/** Makes a handle tell its reads to the owner. */
export function own(handle: TcpHandle, owner: HandleOwner): void {
  handle.owner = owner;
  handle.onread = onRead;
}

export function newHandle(): TcpHandle {
  const { tcp } = present();
  return new tcp.TCP(tcp.constants.SOCKET);
}

/** Starts to connect; the owner is told the outcome, unless the status is not 0. */
export function connectHandle(handle: TcpHandle, owner: HandleOwner, address: string, port: number): Status {
  const request = new (present().tcp.TCPConnectWrap)();
  request.oncomplete = onConnect;
  request.owner = owner;
  return address.includes(":")
    ? handle.connect6(request, address, port)
    : handle.connect(request, address, port);
}

/** Sends FIN; all writes must have ended. */
export function shutdownHandle(handle: TcpHandle): void {
  const request = new (present().stream.ShutdownWrap)();
  request.oncomplete = ignore;
  handle.shutdown(request);
}

export function newWriteRequest(): WriteRequest {
  const request = new (present().stream.WriteWrap)();
  request.oncomplete = onWritten;
  request.owner = null;
  request.lent = null;
  return request;
}

/** The handle of a server, or null while it does not listen. */
export function listeningHandle(server: object): ListeningHandle | null {
  return (server as { _handle?: ListeningHandle | null })._handle ?? null;
}

/** `ECONNREFUSED` and so on. */
export function statusName(status: Status): string {
  try {
    return getSystemErrorName(status);
  } catch {
    return `E${-status}`;
  }
}
