import type { ClientFields } from "../edge/forwarding-fields.ts";
import type { Connection } from "../transport/transport.ts";
import type { CountedClient } from "./client-list.ts";
import type { Entrance } from "./entrance.ts";
import type { ProxiedEnds } from "./proxy-header.ts";

/** A connection that came in: by whom it is, and how it came. */
export interface ClientArrival {
  connection: Connection;
  entrance: Entrance;
  /** Of the connection's own end, or of the one that a proxy in front names. */
  fields: ClientFields;
  /** That end speaks for others. */
  trusted: boolean;
  /** What a proxy in front says of the connection; null without one. */
  ends: ProxiedEnds | null;
  /** Is called once, when the connection is closed. */
  gone(client: CountedClient): void;
}
