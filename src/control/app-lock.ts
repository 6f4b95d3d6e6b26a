import type { LockHolder } from "../model/deployment.ts";

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
