import type { Entrance } from "./entrance.ts";

/** A connection of a client in the list of all. */
export interface ListedClient {
  next: ListedClient | null;
  previous: ListedClient | null;
  readonly entrance: Entrance;
  /** Coarse time from which nothing was under way; negative while something is. */
  readonly idleSince: number;
  /** To be called a few times a second. */
  tick(now: number): void;
  /** Ends it if nothing is under way; otherwise it ends after that, if its entrance is closed. */
  closeWhenIdle(): void;
}

/** One that counts against the limits of its address. */
export interface CountedClient extends ListedClient {
  readonly address: string;
  /** A proxy's, which has no limit of its own. */
  readonly trusted: boolean;
}

/** Connections that are looked out at a time, to be closed when room is needed. */
const mostCandidates = 256;

/** All clients of a worker, as a linked list: they come and go at no cost. */
export class ClientList {
  count = 0;
  #first: ListedClient | null = null;
  #emptied: (() => void) | null = null;
  /** Connections that were idle at the last look, the one that was so for longest at the end. */
  #candidates: { client: ListedClient; since: number }[] = [];
  #lookedAt = -1;

  add(client: ListedClient): void {
    const first = this.#first;
    client.next = first;
    if (first !== null) first.previous = client;
    this.#first = client;
    this.count += 1;
  }

  /** False when it was not in the list. */
  remove(client: ListedClient): boolean {
    const { next, previous } = client;
    if (previous !== null) previous.next = next;
    else if (this.#first === client) this.#first = next;
    else return false;
    if (next !== null) next.previous = previous;
    client.next = null;
    client.previous = null;
    this.count -= 1;
    if (this.count === 0) this.#emptied?.();
    return true;
  }

  tick(now: number): void {
    for (let client = this.#first; client !== null; ) {
      const { next } = client;
      client.tick(now);
      client = next;
    }
  }

  /** Ends the idle ones of an entrance, or of all. */
  closeIdle(entrance: Entrance | null): void {
    for (let client = this.#first; client !== null; ) {
      const { next } = client;
      if (entrance === null || client.entrance === entrance) client.closeWhenIdle();
      client = next;
    }
  }

  /**
   * Ends the connection that has been idle for longest, if one is. All are looked through at most once for each value
   * of `now`, however often room is needed.
   *
   * @param now coarse time
   */
  makeRoom(now: number): void {
    for (;;) {
      const candidate = this.#candidates.pop();
      if (candidate === undefined) {
        if (this.#lookedAt === now) return;
        this.#look(now);
        if (this.#candidates.length === 0) return;
      } else if (candidate.client.idleSince === candidate.since) {
        candidate.client.closeWhenIdle();
        return;
      }
    }
  }

  /** Resolves when there is none any more. */
  empty(): Promise<void> {
    if (this.count === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#emptied = resolve;
    });
  }

  #look(now: number): void {
    this.#lookedAt = now;
    const idle: { client: ListedClient; since: number }[] = [];
    for (let client = this.#first; client !== null; client = client.next) {
      const since = client.idleSince;
      if (since >= 0) idle.push({ client, since });
    }
    this.#candidates = idle.sort((one, other) => other.since - one.since).slice(-mostCandidates);
  }
}
