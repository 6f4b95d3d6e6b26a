import { Socket } from "node:net";
import { Duplex } from "node:stream";
import { z } from "zod";
import type { EngineConnection } from "./connection.ts";
import { stdcopyReader } from "./stdcopy.ts";

/** Characters of the command's error output that are kept for the error. */
const complaintLimit = 2_000;

/**
 * Runs a command in a running container. What is written goes to its standard input, which ending the stream ends;
 * what is read is its standard output. A command that ends with another code than 0 before its output was ended by
 * the reader destroys the stream with an error that carries the end of its error output.
 * @throws ENGINE_ERROR when the container does not run or does not exist.
 */
export async function execStream(
  connection: EngineConnection,
  container: string,
  command: string[],
  options: { user?: string } = {},
): Promise<Duplex> {
  const created = await connection.json({
    method: "POST",
    path: `/containers/${encodeURIComponent(container)}/exec`,
    body: {
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      Tty: false,
      Cmd: command,
      ...(options.user ? { User: options.user } : {}),
    },
  });
  const { Id } = z.object({ Id: z.string() }).parse(created.body);
  const socket = await connection.hijack({
    method: "POST",
    path: `/exec/${Id}/start`,
    body: { Detach: false, Tty: false },
  });
  return new ExecStream(socket, () => exitCode(connection, Id));
}

async function exitCode(connection: EngineConnection, id: string): Promise<number | null> {
  const { body } = await connection.json({ method: "GET", path: `/exec/${id}/json` });
  return z.object({ ExitCode: z.number().nullable() }).parse(body).ExitCode;
}

class ExecStream extends Duplex {
  readonly #socket: Duplex;
  #complaint = "";

  constructor(socket: Duplex, exitCode: () => Promise<number | null>) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    const demultiplex = stdcopyReader();
    socket.on("data", (chunk: Buffer) => {
      try {
        for (const output of demultiplex(chunk)) this.#take(output.stream, output.data);
      } catch (error) {
        this.destroy(error instanceof Error ? error : new Error(String(error)));
      }
    });
    socket.on("end", () => {
      exitCode().then(
        (code) => (code === 0 ? this.push(null) : this.destroy(this.#failure(code))),
        (error) => this.destroy(error),
      );
    });
    socket.on("error", (error) => this.destroy(error));
    socket.on("close", () => {
      if (!socket.readableEnded) this.destroy();
    });
  }

  #take(stream: "stdout" | "stderr", data: Buffer): void {
    if (stream === "stderr") {
      this.#complaint = (this.#complaint + data.toString("utf8")).slice(-complaintLimit);
    } else if (!this.push(data)) {
      this.#socket.pause();
    }
  }

  #failure(code: number | null): Error {
    const complaint = this.#complaint.trim();
    const ending = `the command in the container ended with code ${code ?? "unknown"}`;
    return new Error(complaint === "" ? ending : `${ending}: ${complaint}`);
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, (error) => done(error));
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  /** What node:http's agent asks of a socket that it keeps: an idle one must not keep the process alive. */
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
    if (this.#socket instanceof Socket) this.#socket.ref();
    return this;
  }

  unref(): this {
    if (this.#socket instanceof Socket) this.#socket.unref();
    return this;
  }
}
