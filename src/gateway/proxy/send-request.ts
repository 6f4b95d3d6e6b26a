import type { TargetClaim } from "../claims.ts";
import type { Destination } from "../destination.ts";
import type { FailedPart } from "../edge/error-page.ts";
import type { MethodCode } from "../http1/head.ts";
import type { Block } from "../transport/block.ts";
import type { Written } from "../transport/transport.ts";
import type { BodyTracker } from "./body.ts";
import type { ClientHost } from "./client-host.ts";
import { composeRequest } from "./compose-request.ts";
import type { HeldRequest } from "./held-request.ts";
import { copyBytes } from "./memory.ts";
import type { Reported } from "./reported.ts";
import { fillAdditions } from "./request-additions.ts";
import { isIdempotent } from "./retry.ts";
import type { ResponseConsumer, UpstreamConnection } from "./upstream.ts";

/** The exchange that a request belongs to. */
export interface Asker extends ResponseConsumer, Reported {
  readonly host: ClientHost;
  readonly claim: TargetClaim;
  /** The answer has begun. */
  readonly answered: boolean;
  /** The request can't be brought to a target. */
  fail(status: number, part: FailedPart, reason: string): void;
}

/** A request on its way, as far as sending it is concerned. */
export interface SendableRequest {
  readonly method: MethodCode;
  readonly minor: number;
  readonly upgrade: boolean;
  readonly body: BodyTracker;
  readonly held: HeldRequest;
}

/**
 * Sends a request, and what of its body stands in the block up to `bodyEnd`: composed, or as it was sent before. It is
 * kept with the connection, for the log and to be sent again where that is allowed.
 */
export function sendRequest(
  asker: Asker,
  request: SendableRequest,
  destination: Destination,
  upstream: UpstreamConnection,
  block: Block,
  bodyEnd: number,
): Written {
  const { plane } = asker.host;
  const { head, memory, composed } = plane;
  const { bytes } = block;
  const whole = request.body.done;
  const again = isIdempotent(request.method) && (whole || bodyEnd === head.end);
  const to = memory.compose();
  if (request.held.composed) {
    composed.end = copyBytes(to.bytes, to.start, bytes, head.start, bodyEnd);
    composed.headEnd = to.start + head.end - head.start;
  } else {
    const { additions } = plane;
    fillAdditions(additions, asker.host, head, destination, upstream.home.authority);
    composeRequest(to, bytes, head, bodyEnd, additions, request.upgrade, composed);
    asker.note = plane.reporter.note(asker, bytes, to.bytes, composed);
    // What is sent does not tell the name that it was asked for under.
    if (additions.host !== null && again) request.held.original = bytes.slice(head.start, bodyEnd);
  }
  upstream.begin(asker, request.method, request.minor === 0);
  upstream.sent.keep(to, to.start, again ? composed.end : composed.headEnd, again);
  return upstream.connection.write(to, to.start, composed.end);
}
