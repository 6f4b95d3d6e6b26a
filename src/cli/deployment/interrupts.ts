import { createInterface } from "node:readline/promises";
import { CutoverError } from "../../model/error.ts";
import type { Reporter } from "../event.ts";
import type { Io } from "../io.ts";

/** What a person may want when they press Ctrl-C. */
type Answer = "abort" | "detach" | "continue";

/**
 * Watches SIGINT and SIGTERM during a deployment. On a terminal the first Ctrl-C asks; in a pipe, and for SIGTERM, it
 * means to abort. A further signal while the abort is under way ends the command at once.
 */
export class Interrupts implements Disposable {
  readonly #io: Io;
  readonly #reporter: Reporter;
  readonly #aborted = new AbortController();
  readonly #detached = Promise.withResolvers<void>();
  readonly #forced = Promise.withResolvers<never>();
  readonly #release: () => void;
  #question: AbortController | null = null;
  #mayDetach = false;
  #wantsDetach = false;

  constructor(io: Io, reporter: Reporter) {
    this.#io = io;
    this.#reporter = reporter;
    this.#forced.promise.catch(() => {});
    this.#release = io.onSignal((signal) => this.#onSignal(signal));
  }

  /** Aborted, with an ABORTED error as the reason, when the deployment is to be given up. */
  get aborted(): AbortSignal {
    return this.#aborted.signal;
  }

  /** Resolves when the command is to end and leave the deployment to control. */
  get detached(): Promise<void> {
    return this.#detached.promise;
  }

  /** Rejects when the command is to end at once, come what may. */
  get forced(): Promise<never> {
    return this.#forced.promise;
  }

  /** Control owns the deployment now: it goes on without this command. */
  allowDetach(): void {
    this.#mayDetach = true;
    if (this.#wantsDetach) this.#detached.resolve();
  }

  [Symbol.dispose](): void {
    this.#question?.abort();
    this.#release();
  }

  #onSignal(signal: "SIGINT" | "SIGTERM"): void {
    if (this.#aborted.signal.aborted) {
      this.#forced.reject(
        new CutoverError("ABORTED", "The command ended before the clean-up was done.", {
          hint: "Control finishes the clean-up by itself; `cutover status` shows how it stands.",
        }),
      );
      return;
    }
    const terminal = this.#io.stdin.isTTY === true && this.#io.stderr.isTTY === true;
    if (signal === "SIGINT" && terminal && !this.#question) {
      void this.#ask();
      return;
    }
    this.#question?.abort();
    this.#abort(signal === "SIGINT" ? "Interrupted." : "Ended by SIGTERM.");
  }

  #abort(message: string): void {
    this.#aborted.abort(new CutoverError("ABORTED", message));
  }

  #detach(): void {
    this.#wantsDetach = true;
    if (this.#mayDetach) this.#detached.resolve();
  }

  async #ask(): Promise<void> {
    this.#question = new AbortController();
    this.#reporter.pause();
    try {
      const answer = await this.#answer(this.#question.signal);
      if (answer === "abort") this.#abort("Given up on request.");
      if (answer === "detach") this.#detach();
    } catch {
      // The question was taken back: a second signal, or the deployment's end.
    } finally {
      this.#question = null;
      this.#reporter.resume();
    }
  }

  async #answer(signal: AbortSignal): Promise<Answer> {
    const question = this.#mayDetach
      ? "[a]bort, [d]etach and let it finish, or [c]ontinue? "
      : "[a]bort, [d]etach once everything has been started, or [c]ontinue? ";
    const lines = createInterface({ input: this.#io.stdin, output: this.#io.stderr as NodeJS.WriteStream });
    lines.on("SIGINT", () => this.#onSignal("SIGINT"));
    try {
      const given = (await lines.question(question, { signal })).trim().toLowerCase();
      if (given === "a" || given === "abort") return "abort";
      return given === "d" || given === "detach" ? "detach" : "continue";
    } finally {
      lines.close();
    }
  }
}
