import cluster, { type Worker } from "node:cluster";
import type { Logger } from "pino";
import { CutoverError, fromErrorBody } from "../../model/error.ts";
import type { Answers, Envelope, Notice, Order, WorkerMessage } from "../messages.ts";

/** A worker that does not answer an order within this is killed. */
const answerWithinMs = 5_000;
/** Workers that live for less than this count towards the pause before the next replacement. */
const shortLifeMs = 10_000;
const longestPauseMs = 1_000;

/** One worker process. `ready` once it has obeyed `init`. */
export interface Member {
  id: number;
  pid: number;
  ready: boolean;
  /** Of the table that it serves. */
  generation: number;
  bound: string[];
  worker: Worker;
}

export interface PoolOptions {
  size: number;
  log: Logger;
  /** Gives a new worker what it needs; its end makes the worker ready. */
  init(member: Member): Promise<void>;
  news(member: Member, message: WorkerMessage): void;
  died(member: Member): void;
}

interface Pending {
  member: Member;
  resolve(value: unknown): void;
  reject(error: unknown): void;
  timer: NodeJS.Timeout;
}

/** The worker processes: keeps their number, and brings orders to them. */
export class Pool {
  readonly #options: PoolOptions;
  readonly #members = new Map<number, Member>();
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #shortLives = 0;
  #stopping = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Members that take part in switches. */
  get ready(): Member[] {
    return [...this.#members.values()].filter((member) => member.ready);
  }

  /** Starts all workers; resolves when they are ready. */
  async start(): Promise<void> {
    await Promise.all(Array.from({ length: this.#options.size }, () => this.#fork()));
  }

  /** Resolves with the answer; null when the worker died or was killed because it did not answer in time. */
  async ask<O extends Order>(member: Member, order: O): Promise<Answers[O["type"]] | null> {
    if (member.worker.isDead()) return null;
    const id = this.#nextId++;
    const answer = new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#options.log.error(
          { worker: member.pid, order: order.type },
          "a worker does not answer: killed",
        );
        member.worker.process.kill("SIGKILL");
      }, answerWithinMs);
      this.#pending.set(id, { member, resolve, reject, timer });
    });
    send(member, { id, order });
    return (await answer) as Answers[O["type"]] | null;
  }

  /** Asks all ready workers; those that died are left out of the answers. Throws the first error of any. */
  async askAll<O extends Order>(order: O): Promise<Answers[O["type"]][]> {
    const outcomes = await Promise.allSettled(this.ready.map((member) => this.ask(member, order)));
    const answers: Answers[O["type"]][] = [];
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") throw outcome.reason;
      if (outcome.value !== null) answers.push(outcome.value);
    }
    return answers;
  }

  /** Tells a worker something, after the orders that it was given before. Nothing comes of one that has ended. */
  tell(worker: number, notice: Notice): void {
    const member = this.#members.get(worker);
    if (member && !member.worker.isDead()) send(member, { id: null, notice });
  }

  /** Tells all workers, also those that are just starting. */
  tellAll(notice: Notice): void {
    for (const worker of this.#members.keys()) this.tell(worker, notice);
  }

  /** Lets all workers finish; kills what is left after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    const members = [...this.#members.values()];
    const gone = members.map(
      (member) =>
        new Promise<void>((resolve) => {
          if (member.worker.isDead()) resolve();
          else member.worker.once("exit", () => resolve());
        }),
    );
    const timer = setTimeout(() => {
      for (const member of members) member.worker.process.kill("SIGKILL");
    }, graceMs);
    for (const member of members) void this.ask(member, { type: "stop" }).catch(() => null);
    await Promise.all(gone);
    clearTimeout(timer);
  }

  async #fork(): Promise<void> {
    const startedAt = performance.now();
    const worker = this.#spawn(startedAt);
    const member: Member = {
      id: worker.id,
      pid: worker.process.pid ?? 0,
      ready: false,
      generation: 0,
      bound: [],
      worker,
    };
    this.#members.set(member.id, member);
    worker.on("message", (message: WorkerMessage) => this.#receive(member, message));
    worker.once("exit", (code, signal) => this.#exited(member, startedAt, code, signal));
    worker.on("error", (error) => {
      this.#options.log.warn({ err: error, worker: member.pid }, "worker");
      // A process that the system could not make has no exit.
      if (member.pid === 0) this.#exited(member, startedAt, null, null);
    });
    try {
      await this.#options.init(member);
    } catch (error) {
      worker.process.kill("SIGKILL");
      throw error;
    }
  }

  /** @throws where the system can make no process now; another try follows */
  #spawn(startedAt: number): Worker {
    try {
      return cluster.fork();
    } catch (error) {
      this.#replace(startedAt);
      throw error;
    }
  }

  #receive(member: Member, message: WorkerMessage): void {
    if (message.type !== "reply") {
      this.#options.news(member, message);
      return;
    }
    const pending = this.#pending.get(message.id);
    if (!pending) return;
    this.#pending.delete(message.id);
    clearTimeout(pending.timer);
    if (message.error) pending.reject(fromErrorBody(message.error));
    else pending.resolve(message.value);
  }

  #exited(member: Member, startedAt: number, code: number | null, signal: string | null): void {
    this.#members.delete(member.id);
    for (const [id, pending] of this.#pending) {
      if (pending.member !== member) continue;
      this.#pending.delete(id);
      clearTimeout(pending.timer);
      pending.resolve(null);
    }
    this.#options.died(member);
    if (this.#stopping) return;
    this.#options.log.error({ worker: member.pid, code, signal }, "a worker ended and is replaced");
    this.#replace(startedAt);
  }

  /** Starts another one, after a pause where workers end soon after their start. */
  #replace(startedAt: number): void {
    this.#shortLives = performance.now() - startedAt < shortLifeMs ? this.#shortLives + 1 : 0;
    const repeated = Math.max(0, this.#shortLives - this.#options.size);
    const pause = repeated === 0 ? 0 : Math.min(longestPauseMs, 50 * 2 ** repeated);
    setTimeout(() => {
      if (this.#stopping) return;
      this.#fork().catch((error: unknown) => {
        this.#options.log.error({ err: error }, "a worker can't start");
      });
    }, pause);
  }
}

/** One that can't be reached any more may still carry requests: it is killed, and only its end is an answer. */
function send({ worker }: Member, envelope: Envelope): void {
  if (!worker.isConnected()) worker.process.kill("SIGKILL");
  else {
    worker.send(envelope, (error) => {
      if (error) worker.process.kill("SIGKILL");
    });
  }
}

/** The error of a worker that died while it was started. */
export function workerLost(): CutoverError {
  return new CutoverError("INTERNAL", "a gateway worker ended while it was starting");
}
