import type { Destination } from "../destination.ts";
import type { ClientFields } from "../edge/forwarding-fields.ts";
import type { MethodCode } from "../http1/head.ts";
import type { Connection } from "../transport/transport.ts";

/** A client connection as the log sees it. */
export interface ReportedClient {
  readonly connection: Connection;
  readonly fields: ClientFields;
}

/** A request as the log and the statistics see it. Times are `performance.now()`. */
export interface Reported {
  readonly host: ReportedClient;
  readonly destination: Destination | null;
  /** The target in the log; null before one was chosen. */
  readonly targetName: Uint8Array | null;
  readonly method: MethodCode;
  readonly minor: number;
  readonly startedAt: number;
  /** 0 for never. */
  readonly headAt: number;
  /** -1 when no connection was made for it. */
  readonly connectMs: number;
  readonly retries: number;
  /** Bytes sent to the client after the head. */
  readonly bytesSent: number;
  note: number;
  readonly relay: { started: boolean; status: number; goesOn: boolean; bytes: number };
}
