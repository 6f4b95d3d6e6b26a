export const defaultMaxQueued = 1_000;
export const defaultQueueMs = 10_000;

/** What a waiting request is told; of `turn` and `expired` exactly one ends its wait, unless it leaves by itself. */
export interface WaitingRequest {
  /** There may be room: true when it claimed a target, false when there was none for it, so that it stays first. */
  turn(): boolean;
  /** It waited for as long as it may: 503. It is not in the queue any more. */
  expired(): void;
}

/** A request's place in a queue. A connection uses one for all of its requests, one after the other. */
export class Waiter {
  readonly request: WaitingRequest;
  /** Null while it does not wait. */
  queue: WaitQueue | null = null;
  /** `performance.now()` at which its wait is over. */
  until = Number.POSITIVE_INFINITY;
  next: Waiter | null = null;
  previous: Waiter | null = null;

  constructor(request: WaitingRequest) {
    this.request = request;
  }

  /** The client is gone. Further calls do nothing. */
  leave(): void {
    this.queue?.remove(this);
  }
}

/** The requests of one backend that wait in this worker until a target has room, in the order in which they came. */
export class WaitQueue {
  size = 0;
  /** Requests that may wait here. */
  room: number;
  /** How long one may wait. */
  waitMs: number;
  /** Called when `size` has changed. */
  changed: (() => void) | null = null;
  #first: Waiter | null = null;
  #last: Waiter | null = null;
  #waking = false;
  #wakeAgain = false;

  constructor(room: number, waitMs: number) {
    this.room = room;
    this.waitMs = waitMs;
  }

  /** Puts a request at the end; false when the queue is full: 503. A request must join where others wait already. */
  join(waiter: Waiter, now: number): boolean {
    if (this.size >= this.room) return false;
    waiter.until = now + this.waitMs;
    waiter.queue = this;
    waiter.previous = this.#last;
    if (this.#last === null) this.#first = waiter;
    else this.#last.next = waiter;
    this.#last = waiter;
    this.size += 1;
    if (this.changed !== null) this.changed();
    return true;
  }

  /** To be called when there may be room: gives requests their turn until one finds none. */
  wake(): void {
    this.#wakeAgain = true;
    if (this.#waking) return;
    this.#waking = true;
    const before = this.size;
    try {
      while (this.#wakeAgain) {
        this.#wakeAgain = false;
        while (this.#first !== null && this.#serve(this.#first));
      }
    } finally {
      this.#waking = false;
    }
    if (this.size !== before && this.changed !== null) this.changed();
  }

  /** To be called a few times a second: ends waits that are over, and sees what time has brought back. */
  tick(now: number): void {
    if (this.size === 0) return;
    this.wake();
    for (let waiter = this.#first; waiter !== null; ) {
      if (waiter.until > now) waiter = waiter.next;
      else {
        this.remove(waiter);
        waiter.request.expired();
        // Whoever is told may have taken others out: the walk begins anew.
        waiter = this.#first;
      }
    }
  }

  /** Takes all out, in their order, for example to route them anew under another table. */
  takeAll(): WaitingRequest[] {
    const requests: WaitingRequest[] = [];
    for (let waiter = this.#first; waiter !== null; waiter = this.#first) {
      this.#unlink(waiter);
      requests.push(waiter.request);
    }
    if (requests.length > 0) this.changed?.();
    return requests;
  }

  /** Use `Waiter.leave`. */
  remove(waiter: Waiter): void {
    if (waiter.queue !== this) return;
    this.#unlink(waiter);
    if (this.changed !== null) this.changed();
  }

  /** The waiter is outside while it has its turn, so that what it begins may end, fail and wait again at once. */
  #serve(waiter: Waiter): boolean {
    const until = waiter.until;
    this.#unlink(waiter);
    if (waiter.request.turn()) return true;
    waiter.until = until;
    waiter.queue = this;
    waiter.next = this.#first;
    if (this.#first === null) this.#last = waiter;
    else this.#first.previous = waiter;
    this.#first = waiter;
    this.size += 1;
    return false;
  }

  #unlink(waiter: Waiter): void {
    const { previous, next } = waiter;
    if (previous === null) this.#first = next;
    else previous.next = next;
    if (next === null) this.#last = previous;
    else next.previous = previous;
    waiter.queue = null;
    waiter.next = null;
    waiter.previous = null;
    this.size -= 1;
  }
}

/** Requests of a backend that may wait in each of so many workers: at least one, unless none may at all. */
export function queueRoom(maxQueued: number, workers: number): number {
  return maxQueued === 0 ? 0 : Math.max(1, Math.floor(maxQueued / workers));
}
