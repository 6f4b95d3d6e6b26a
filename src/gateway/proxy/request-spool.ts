import { close, mkdir, open, readdir, unlink } from "node:fs";
import { join } from "node:path";
import type { ErrorLog } from "../edge/error-log.ts";
import type { ReadBlocks } from "../transport/read-blocks.ts";

/** Bytes of bodies that a worker keeps in memory, whatever its backends allow. */
const mostMemory = 64 * 1024 * 1024;
const namePart = "cutover-body-";

export interface RequestSpoolOptions {
  directory: string;
  blocks: ReadBlocks;
  errors: ErrorLog;
  /** Coarse time. */
  now: () => number;
}

/** Where a worker keeps bodies of requests that are sent when they are whole: in memory, and in files without a name. */
export class RequestSpool {
  readonly blocks: ReadBlocks;
  /** Bytes in memory at this moment. */
  memory = 0;
  readonly #options: RequestSpoolOptions;
  #files = 0;

  constructor(options: RequestSpoolOptions) {
    this.#options = options;
    this.blocks = options.blocks;
  }

  /** Whether so many bytes more may be kept in memory; they are counted then. */
  takeMemory(bytes: number): boolean {
    if (this.memory + bytes > mostMemory) return false;
    this.memory += bytes;
    return true;
  }

  giveMemory(bytes: number): void {
    this.memory -= bytes;
  }

  /** Opens a file that nobody else can open, and that is gone when it is closed. */
  open(done: (fd: number | null) => void): void {
    const { directory } = this.#options;
    this.#files += 1;
    const path = join(directory, `${namePart}${process.pid}-${this.#files}`);
    open(path, "wx+", 0o600, (error, fd) => {
      if (error?.code === "ENOENT") this.#openInNew(path, done);
      else this.#opened(path, error, fd, done);
    });
  }

  /** A file could not be made, written or read. */
  failed(error: NodeJS.ErrnoException): void {
    const { errors, directory, now } = this.#options;
    const reason = error.code === "ENOSPC" || error.code === "EDQUOT" ? "spool-full" : "spool-failed";
    errors.report(reason, { code: error.code ?? error.message, directory }, now());
  }

  /** Removes what a process that was killed has left. One that is in use loses its name only. */
  clean(): void {
    const { directory } = this.#options;
    readdir(directory, (_error, names) => {
      for (const name of names ?? []) {
        if (name.startsWith(namePart)) unlink(join(directory, name), () => undefined);
      }
    });
  }

  #openInNew(path: string, done: (fd: number | null) => void): void {
    mkdir(this.#options.directory, { recursive: true, mode: 0o700 }, () => {
      open(path, "wx+", 0o600, (error, fd) => this.#opened(path, error, fd, done));
    });
  }

  #opened(
    path: string,
    error: NodeJS.ErrnoException | null,
    fd: number,
    done: (fd: number | null) => void,
  ): void {
    if (error !== null) {
      this.failed(error);
      done(null);
      return;
    }
    unlink(path, (failure) => {
      if (failure !== null && failure.code !== "ENOENT") this.failed(failure);
      done(fd);
    });
  }
}

/** Closes a file of the spool, which ends it. */
export function closeSpoolFile(fd: number): void {
  close(fd, () => undefined);
}
