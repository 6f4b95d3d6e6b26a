import type { LockHolder } from "../model/deployment.ts";
import { CutoverError } from "../model/error.ts";

export interface Lease {
  release(): void;
}

interface Waiter {
  grant: (lease: Lease) => void;
}

/** One deployment per app at a time; the others wait in the order they came. */
export class AppLock {
  #holder: (() => LockHolder) | null = null;
  readonly #waiters: Waiter[] = [];

  /** The current holder as it stands now. */
  holder(): LockHolder | null {
    return this.#holder?.() ?? null;
  }

  /** The lock at once, or null when it is held. */
  tryAcquire(holder: () => LockHolder): Lease | null {
    if (this.#holder) return null;
    this.#holder = holder;
    return this.#lease();
  }

  /** The lock as soon as it is this caller's turn; null when the signal aborts first. */
  acquire(holder: () => LockHolder, signal: AbortSignal): Promise<Lease | null> {
    const lease = this.tryAcquire(holder);
    if (lease) return Promise.resolve(lease);
    const { promise, resolve } = Promise.withResolvers<Lease | null>();
    const waiter: Waiter = {
      grant: (granted) => {
        this.#holder = holder;
        resolve(granted);
      },
    };
    this.#waiters.push(waiter);
    const giveUp = (): void => {
      const index = this.#waiters.indexOf(waiter);
      if (index >= 0) this.#waiters.splice(index, 1);
      resolve(null);
    };
    if (signal.aborted) giveUp();
    signal.addEventListener("abort", giveUp, { once: true });
    return promise;
  }

  #lease(): Lease {
    let held = true;
    return {
      release: () => {
        if (!held) return;
        held = false;
        this.#holder = null;
        this.#waiters.shift()?.grant(this.#lease());
      },
    };
  }
}

export interface LockRequest {
  lock: AppLock;
  app: string;
  /** Milliseconds to wait; 0 refuses at once. */
  waitMs: number;
  holder: () => LockHolder;
  /** Told who holds it, when it has to be waited for. */
  onWaiting: (holder: LockHolder) => void;
  signal: AbortSignal;
}

/** The lock, now or when it is this request's turn. @throws CutoverError BUSY naming who holds it */
export async function takeLock({
  lock,
  app,
  waitMs,
  holder,
  onWaiting,
  signal,
}: LockRequest): Promise<Lease> {
  const now = lock.tryAcquire(holder);
  if (now) return now;
  const current = lock.holder();
  if (current && waitMs > 0) onWaiting(current);
  const limit = AbortSignal.any([signal, AbortSignal.timeout(waitMs)]);
  const lease = waitMs > 0 ? await lock.acquire(holder, limit) : null;
  if (lease) return lease;
  const other = lock.holder() ?? current;
  const who = other
    ? `${other.deployment} of ${other.who}, since ${new Date(other.since).toISOString()}, at ${other.step}`
    : "another";
  throw new CutoverError("BUSY", `${app} is being deployed: ${who}`);
}
