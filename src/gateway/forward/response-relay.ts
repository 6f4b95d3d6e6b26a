import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import type { Claim } from "../claims.ts";
import { atEventBorder, createEventTracker, eventBorderIn, trackEvents } from "../event-border.ts";
import { headerOf, responseHeaders } from "./headers.ts";
import { pairs } from "./request-body.ts";

/** How long an event stream may take to come to a border once it is to end. */
const borderWaitMs = 1_000;

export interface RelayEvents {
  /** The target has answered whole, or was told to stop: its claim is released. */
  ended(): void;
  /** The target broke off in the middle of its response. */
  broken(): void;
}

/**
 * Sends a target's response to the client as it comes, and releases the claim when the target has done its part. A
 * response that the target breaks off breaks the client's connection too: it never looks complete.
 */
export function relayResponse(
  claim: Claim,
  request: ClientRequest,
  from: IncomingMessage,
  to: ServerResponse,
  events: RelayEvents,
): void {
  const stream = isEventStream(from) ? createEventTracker() : null;
  let closing: NodeJS.Timeout | null = null;
  let done = false;
  const finish = () => {
    done = true;
    if (closing) clearTimeout(closing);
    claim.release();
    events.ended();
  };
  const endEarly = () => {
    if (done) return;
    finish();
    request.destroy();
    to.end();
  };
  const abort = () => {
    if (done) return;
    finish();
    request.destroy();
    breakOff(to);
  };

  claim.enter(stream ? "long" : "streaming");
  claim.cutter = {
    timeout: abort,
    close() {
      if (!stream) abort();
      else if (atEventBorder(stream)) endEarly();
      else closing = setTimeout(endEarly, borderWaitMs);
    },
  };

  from.on("data", (chunk: Buffer) => {
    if (done) return;
    const border = closing && stream ? eventBorderIn(stream, chunk) : null;
    if (border !== null) {
      to.write(chunk.subarray(0, border));
      endEarly();
      return;
    }
    if (stream) trackEvents(stream, chunk);
    if (!to.write(chunk)) from.pause();
  });
  to.on("drain", () => from.resume());
  from.on("end", () => {
    if (done) return;
    if (!from.complete) {
      brokenOff();
      return;
    }
    finish();
    if (from.rawTrailers.length > 0 && to.chunkedEncoding) to.addTrailers(pairs(from.rawTrailers));
    to.end();
  });
  const brokenOff = () => {
    if (done) return;
    finish();
    events.broken();
    breakOff(to);
  };
  from.on("error", brokenOff);
  from.on("close", brokenOff);
  to.on("close", () => {
    if (done) return;
    finish();
    request.destroy();
  });
  setImmediate(() => {
    if (!to.writableEnded && !to.destroyed) to.flushHeaders();
  });
}

/** Writes the response's head to the client. Throws on a field that can't be sent. */
export function writeHead(from: IncomingMessage, to: ServerResponse, chunksAllowed: boolean): void {
  const bodiless = to.req.method === "HEAD" || from.statusCode === 204 || from.statusCode === 304;
  const chunked = chunksAllowed && !bodiless && headerOf(from.rawHeaders, "content-length") === null;
  to.writeHead(from.statusCode ?? 502, from.statusMessage ?? "", responseHeaders(from.rawHeaders, chunked));
}

/** An event stream whose borders can be seen, and which can be ended early because its length is open. */
function isEventStream(response: IncomingMessage): boolean {
  const type = response.headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  return (
    type === "text/event-stream" &&
    response.headers["content-encoding"] === undefined &&
    response.headers["content-length"] === undefined
  );
}

/** Ends the client's connection so that it can't take what it has for the whole. */
function breakOff(to: ServerResponse): void {
  const socket = to.socket;
  // Without chunks or a length the connection's end is the response's end, so it must not end in order.
  if (socket && "resetAndDestroy" in socket && !to.chunkedEncoding) socket.resetAndDestroy();
  else to.destroy();
}
