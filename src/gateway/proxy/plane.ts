import type { Destination } from "../destination.ts";
import type { Trust } from "../edge/client-identity.ts";
import type { ClientFieldsCache } from "../edge/forwarding-fields.ts";
import type { HeadLimits, RequestHead } from "../http1/head.ts";
import type { GatewaySettings } from "../../model/gateway-settings.ts";
import type { Gate } from "../gate.ts";
import type { TargetState } from "../target-state.ts";
import type { Transport } from "../transport/transport.ts";
import type { Composed, RequestAdditions } from "./compose-request.ts";
import type { Memory } from "./memory.ts";
import type { Reporter } from "./reporter.ts";
import type { RequestSpool } from "./request-spool.ts";
import type { TargetPool } from "./target-pool.ts";

/** What all connections of a worker share. */
export interface Plane {
  readonly gate: Gate;
  readonly transport: Transport;
  readonly settings: GatewaySettings;
  readonly memory: Memory;
  readonly headLimits: HeadLimits;
  /** For heads that the gateway made of those within `headLimits`. */
  readonly ownHeadLimits: HeadLimits;
  /** The parser's record: it holds until the next request is parsed. */
  readonly head: RequestHead;
  /** Where parts of the request stand that was composed last. */
  readonly composed: Composed;
  readonly clientFields: ClientFieldsCache;
  readonly trust: Trust;
  readonly reporter: Reporter;
  readonly spool: RequestSpool;
  /** `performance.now()` in whole milliseconds, up to a tick ago. */
  now: number;
  /** Filled anew for every request by `addTo`. */
  readonly additions: RequestAdditions;
  poolOf(target: TargetState, destination: Destination): TargetPool;
}
