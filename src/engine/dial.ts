import { spawn } from "node:child_process";
import { connect } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { CutoverError } from "../model/error.ts";
import type { TlsFiles } from "./context-store.ts";
import type { Endpoint } from "./endpoint.ts";

/** Milliseconds a TCP connection to a remote engine may take. */
const connectTimeoutMs = 30_000;

/** Opens one connection to the engine. Failures come as the stream's `error` event. */
export function dial(endpoint: Endpoint): Duplex {
  switch (endpoint.kind) {
    case "socket":
      return connect({ path: endpoint.path });
    case "tcp":
      return dialTcp(endpoint.host, endpoint.port, endpoint.tls);
    case "ssh":
      return dialSsh(endpoint.arguments);
  }
}

function dialTcp(host: string, port: number, tls: TlsFiles | null): Duplex {
  const options = { host, port, autoSelectFamily: true };
  const socket = tls
    ? connectTls({
        ...options,
        rejectUnauthorized: tls.verify,
        ...(tls.ca === null ? {} : { ca: tls.ca }),
        ...(tls.cert === null ? {} : { cert: tls.cert }),
        ...(tls.key === null ? {} : { key: tls.key }),
      })
    : connect(options);
  const ready = tls ? "secureConnect" : "connect";
  const timer = setTimeout(() => {
    socket.destroy(new Error(`no connection within ${connectTimeoutMs / 1000} s`));
  }, connectTimeoutMs);
  const settle = () => clearTimeout(timer);
  socket.once(ready, settle).once("close", settle);
  return socket;
}

/** The standard input and output of `ssh … docker system dial-stdio`, which carries the engine's socket. */
function dialSsh(arguments_: string[]): Duplex {
  const child = spawn("ssh", arguments_, { stdio: ["pipe", "pipe", "pipe"] });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(-2_000);
  });
  const stream = new ProcessSocket({ readable: child.stdout, writable: child.stdin }, () => child.kill());
  child.once("error", (cause) => {
    stream.destroy(
      new CutoverError("ENGINE_UNREACHABLE", "ssh could not be started.", {
        cause,
        hint: "Install an ssh client, or use another DOCKER_HOST.",
      }),
    );
  });
  child.once("close", (code) => {
    if (code === 0) stream.push(null);
    if (code === 0 || stream.destroyed) return;
    const details = complaint.split("\n").filter((line) => line.trim() !== "");
    const message = `ssh to the engine's machine ended with ${code === null ? "a signal" : `code ${code}`}.`;
    stream.destroy(new CutoverError("ENGINE_UNREACHABLE", message, { details }));
  });
  return stream;
}

/**
 * A child's two pipes as one stream, with the socket methods that node:http's agent calls. Its end and its errors
 * come from whoever watches the child: a broken pipe tells less than what the child says when it ends.
 */
class ProcessSocket extends Duplex {
  readonly #readable: NodeJS.ReadableStream;
  readonly #writable: NodeJS.WritableStream;
  readonly #end: () => void;

  constructor(pipes: { readable: NodeJS.ReadableStream; writable: NodeJS.WritableStream }, end: () => void) {
    super({ allowHalfOpen: true });
    this.#readable = pipes.readable;
    this.#writable = pipes.writable;
    this.#end = end;
    pipes.readable.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) pipes.readable.pause();
    });
    pipes.readable.on("error", (error) => this.destroy(error));
    pipes.writable.on("error", () => {});
  }

  override _read(): void {
    this.#readable.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#writable.write(chunk, (error) => {
      if (!error) done();
    });
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#writable.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#end();
    done(error);
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}
