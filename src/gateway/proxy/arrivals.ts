import { ClientLimits } from "../edge/client-limits.ts";
import type { ErrorLog } from "../edge/error-log.ts";
import type { ErrorPages } from "../edge/error-pages.ts";
import type { ClientFields } from "../edge/forwarding-fields.ts";
import type { Connection, Endpoint } from "../transport/transport.ts";
import { ClientConnection } from "./client.ts";
import { ClientList, type CountedClient } from "./client-list.ts";
import type { Entrance } from "./entrance.ts";
import type { Plane } from "./plane.ts";
import type { ProxiedEnds } from "./proxy-header.ts";
import { type IntroKeeper, ProxyIntro } from "./proxy-intro.ts";
import { TurnedAway } from "./turned-away.ts";

/** Lets connections of clients in, as far as there is room, and knows all that are there. */
export class Arrivals implements IntroKeeper {
  readonly clients = new ClientList();
  readonly limits: ClientLimits;
  readonly #plane: Plane;
  readonly #errors: ErrorLog;
  readonly #turnedAway: TurnedAway;
  readonly #gone = (client: CountedClient) => this.#left(client);

  /** @param workers that share the limits */
  constructor(plane: Plane, errors: ErrorLog, pages: ErrorPages, workers: number) {
    this.#plane = plane;
    this.#errors = errors;
    this.#turnedAway = new TurnedAway(pages);
    this.limits = new ClientLimits(plane.settings, workers, () => this.clients.makeRoom(plane.now));
  }

  /** Who uses a connection that came by the entrance; null for one that is to be closed. */
  accept(connection: Connection, entrance: Entrance): Endpoint | null {
    const plane = this.#plane;
    const address = connection.remoteAddress();
    const trusted = plane.trust(address);
    if (plane.settings.proxyProtocol) return this.#acceptProxy(connection, entrance, address, trusted);
    const fields = plane.clientFields.direct(address, entrance.listener.port, false);
    const refused = this.#refuse(connection, fields.client.address, trusted, true);
    return refused === admitted ? this.#add(connection, entrance, fields, trusted, null) : refused;
  }

  /** `transport.accept` failed. */
  failed(code: string): void {
    this.#errors.report("accept-failed", { code }, this.#plane.now);
  }

  /** Counts a connection that is passed on as it is; false when it has to be closed. */
  admitStream(address: string): boolean {
    const plane = this.#plane;
    const trusted = plane.trust(address);
    if (plane.settings.proxyProtocol && !trusted) {
      this.#report("proxy-not-trusted", address);
      return false;
    }
    if (this.limits.admit(address, trusted)) return true;
    this.#report("connection-limit", address);
    return false;
  }

  /** A connection that `admitStream` let in is over. @param client its address, or the one that its header named */
  streamLeft(client: string): void {
    const { settings, trust } = this.#plane;
    this.limits.left(client, settings.proxyProtocol || trust(client));
  }

  introduced(intro: ProxyIntro, ends: ProxiedEnds): Endpoint | null {
    const plane = this.#plane;
    const { connection, entrance } = intro;
    this.clients.remove(intro);
    const port = ends.destination?.port ?? entrance.listener.port;
    const address = ends.source?.address ?? connection.remoteAddress();
    const fields = plane.clientFields.direct(address, port, false);
    const trusted = ends.source === null || plane.trust(address);
    if (!trusted && !this.limits.attribute(fields.client.address)) {
      this.#report("address-limit", address);
      this.limits.left("", true);
      connection.close();
      return null;
    }
    return this.#add(connection, entrance, fields, trusted, ends.source === null ? null : ends);
  }

  unintroduced(intro: ProxyIntro, reason: string): void {
    if (!this.clients.remove(intro)) return;
    this.limits.left("", true);
    if (reason !== "") this.#report(reason, intro.connection.remoteAddress());
  }

  tick(now: number): void {
    this.clients.tick(now);
    this.#turnedAway.tick(now);
  }

  /** Ends all connections as soon as they have nothing under way; resolves when there is none any more. */
  async close(): Promise<void> {
    this.#turnedAway.close();
    this.clients.closeIdle(null);
    await this.clients.empty();
  }

  #acceptProxy(
    connection: Connection,
    entrance: Entrance,
    address: string,
    trusted: boolean,
  ): Endpoint | null {
    if (!trusted) {
      this.#report("proxy-not-trusted", address);
      return null;
    }
    // What such a connection says first is no request.
    if (this.#refuse(connection, address, true, false) !== admitted) return null;
    const { now, settings } = this.#plane;
    const intro = new ProxyIntro(connection, entrance, this, now, settings.headerMs);
    this.clients.add(intro);
    return intro;
  }

  /** Counts a connection, or says what becomes of one for which there is no room. */
  #refuse(
    connection: Connection,
    address: string,
    trusted: boolean,
    answered: boolean,
  ): Endpoint | null | typeof admitted {
    const { limits } = this;
    const refusedBefore = limits.refused;
    if (limits.admit(address, trusted)) return admitted;
    const isFull = limits.refused > refusedBefore;
    this.#report(isFull ? "connection-limit" : "address-limit", address);
    return isFull && answered ? this.#turnedAway.take(connection, this.#plane.now) : null;
  }

  #add(
    connection: Connection,
    entrance: Entrance,
    fields: ClientFields,
    trusted: boolean,
    ends: ProxiedEnds | null,
  ): ClientConnection {
    const gone = this.#gone;
    const client = new ClientConnection(this.#plane, { connection, entrance, fields, trusted, ends, gone });
    this.clients.add(client);
    return client;
  }

  #left(client: CountedClient): void {
    if (this.clients.remove(client)) this.limits.left(client.address, client.trusted);
  }

  #report(reason: string, client: string): void {
    this.#errors.report(reason, { client }, this.#plane.now);
  }
}

const admitted = "admitted";
