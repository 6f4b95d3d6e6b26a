import { longestProxyHeader, readProxyHeader } from "../edge/proxy-protocol.ts";
import type { Block } from "../transport/block.ts";
import type { Connection, Endpoint } from "../transport/transport.ts";
import { ByteStore } from "./byte-store.ts";
import type { ListedClient } from "./client-list.ts";
import type { Entrance } from "./entrance.ts";
import type { ProxiedEnds } from "./proxy-header.ts";

/** Who takes a connection on from its PROXY header. */
export interface IntroKeeper {
  /**
   * The header is read.
   *
   * @param ends what it says
   * @returns who uses the connection from here on, or null when it was closed
   */
  introduced(intro: ProxyIntro, ends: ProxiedEnds): Endpoint | null;
  /** It is closed; a reason for the log, or "" when there is none to give. */
  unintroduced(intro: ProxyIntro, reason: string): void;
}

/** A connection of a trusted proxy up to the end of its PROXY header. */
export class ProxyIntro implements Endpoint, ListedClient {
  next: ListedClient | null = null;
  previous: ListedClient | null = null;
  readonly connection: Connection;
  readonly entrance: Entrance;
  readonly idleSince: number;
  readonly #keeper: IntroKeeper;
  readonly #headerMs: number;
  readonly #early = new ByteStore();

  /** @param now coarse time @param headerMs time for the header */
  constructor(
    connection: Connection,
    entrance: Entrance,
    keeper: IntroKeeper,
    now: number,
    headerMs: number,
  ) {
    this.connection = connection;
    this.entrance = entrance;
    this.idleSince = now;
    this.#keeper = keeper;
    this.#headerMs = headerMs;
  }

  connected(): void {}

  received(block: Block, start: number, end: number): void {
    const before = this.#early.length;
    this.#early.append(block.bytes, start, Math.min(end, start + longestProxyHeader));
    const read = readProxyHeader(this.#early.view(), 0, this.#early.length);
    if (read.kind === "bad") this.#close(read.reason);
    if (read.kind !== "header") return;
    this.#early.clear();
    const ends = read.local ? { source: null, destination: null } : read;
    const user = this.#keeper.introduced(this, ends);
    if (user === null) return;
    this.connection.endpoint = user;
    const next = start + read.end - before;
    if (next < end) user.received(block, next, end);
  }

  ended(): void {
    this.#close(this.#early.length > 0 ? "proxy-header-cut-off" : "");
  }

  drained(): void {}

  refused(): void {
    this.#close("");
  }

  failed(): void {
    this.#close("");
  }

  tick(now: number): void {
    if (now - this.idleSince > this.#headerMs) this.#close("proxy-header-timeout");
  }

  closeWhenIdle(): void {
    this.#close("");
  }

  #close(reason: string): void {
    this.connection.close();
    this.#keeper.unintroduced(this, reason);
  }
}
