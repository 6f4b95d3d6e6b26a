import { randomUUID } from "node:crypto";
import {
  type ClientRequest,
  type IncomingMessage,
  type ServerResponse,
  request as httpRequest,
} from "node:http";
import type { Socket } from "node:net";
import { hostName } from "../host.ts";
import type { Match } from "../table.ts";
import { answerError } from "./answer.ts";
import {
  type Edge,
  acceptableRequestId,
  headerOf,
  isIdempotent,
  plainAddress,
  requestFraming,
  requestHeaders,
} from "./headers.ts";
import type { Plane } from "./plane.ts";
import { type Errand, reach } from "./reach.ts";
import { relayBody } from "./request-body.ts";
import { relayResponse, writeHead } from "./response-relay.ts";
import { requestTarget } from "./request-target.ts";
import { upstreamOptions } from "./upstream.ts";

/** How long a target that was asked with `Expect: 100-continue` may stay silent (RFC 9110 section 10.1.1). */
const continueWaitMs = 1_000;
/** How long a body may go on arriving after its answer was sent. */
const lingerMs = 2_000;

/** Answers one request that is no upgrade. `expects`: the client waits for 100 before it sends the body. */
export function exchange(
  plane: Plane,
  listener: string,
  incoming: IncomingMessage,
  answer: ServerResponse,
  expects: boolean,
): void {
  const startedAt = Date.now();
  const started = performance.now();
  const method = incoming.method ?? "GET";
  const edge = edgeOf(incoming);
  const target = requestTarget(incoming);
  const framing = requestFraming(incoming.rawHeaders, method);
  if (!target || !framing) {
    answerError(incoming, answer, target ? 501 : 400, edge.requestId, true);
    return;
  }
  const hasBody = framing.kind === "chunked" || (framing.kind === "length" && framing.length !== "0");
  const repeatable = isIdempotent(method);
  const http1 = incoming.httpVersion === "1.1";
  const headers = requestHeaders(incoming.rawHeaders, edge, framing, target.authority, null);
  if (plane.closing) answer.shouldKeepAlive = false;
  let body: { stop(): void } | null = null;
  let bodyTouched = false;
  let continued = false;
  let attempts = 0;
  let counted = false;

  const count = (match: Match, latencyMs: number | null, failed: boolean) => {
    const { app, release } = match.backend;
    if (!counted) plane.stats.request({ app, release, startedAt }, latencyMs);
    counted = true;
    if (failed) plane.stats.failure({ app, release, startedAt });
  };
  const sendBody = (request: ClientRequest) => {
    if (answer.destroyed) return;
    body?.stop();
    const touched = () => {
      bodyTouched = true;
    };
    body = relayBody(incoming, request, touched, () => {
      // Once there is an answer, both sides may take their time: it may be a conversation.
      if (answer.headersSent) return;
      errandUnderWay.abandon();
      answerError(incoming, answer, 408, edge.requestId, true);
    });
  };

  let last: Match | null = null;
  const errand: Errand = {
    place: { listener, host: hostName(target.authority ?? incoming.headers.host), path: target.path },
    send(claim) {
      last = claim.match;
      const agent = repeatable && !hasBody && attempts === 0 ? plane.upstreams.pooled : plane.upstreams.fresh;
      attempts += 1;
      const request = httpRequest(upstreamOptions(claim.target, method, target.path, headers, agent));
      if (!hasBody) request.end();
      request.on("information", (info) => passInformation(answer, http1, info));
      return request;
    },
    connected(request) {
      if (!hasBody) return;
      if (!expects || continued) {
        sendBody(request);
        // The header goes with the body's first bytes when those are there already, and else without them.
        setImmediate(() => {
          if (!bodyTouched && !request.destroyed) request.flushHeaders();
        });
        return;
      }
      const proceed = () => {
        clearTimeout(timer);
        if (answer.headersSent || answer.destroyed || request.destroyed) return;
        if (!continued) answer.writeContinue();
        continued = true;
        sendBody(request);
      };
      const timer = setTimeout(proceed, continueWaitMs);
      request.on("continue", () => {
        if (!continued) proceed();
      });
      request.once("response", () => clearTimeout(timer));
      request.once("close", () => clearTimeout(timer));
      request.flushHeaders();
    },
    repeatable: () => repeatable && !bodyTouched,
    response(claim, request, response) {
      try {
        if (hasBody && !body) answer.shouldKeepAlive = false;
        if (!codingIsPlain(response)) throw new Error("its transfer coding is not known");
        writeHead(response, answer, http1);
      } catch (error) {
        claim.release();
        request.destroy();
        errand.failed(502, claim.match, `the response can't be passed on: ${String(error)}`);
        return;
      }
      count(claim.match, performance.now() - started, false);
      relayResponse(claim, request, response, answer, {
        ended() {
          if (!hasBody || incoming.complete) return;
          request.destroy();
          linger();
        },
        broken: () => count(claim.match, null, true),
      });
    },
    upgraded(claim, _response, socket) {
      socket.destroy();
      claim.release();
      errand.failed(502, claim.match, "it switched protocols without being asked");
    },
    failed(status, match, reason) {
      body?.stop();
      if (status !== 404) {
        plane.log.warn(
          { status, reason, app: match?.backend.app, backend: match?.backend.id },
          "request failed",
        );
      }
      if (match) count(match, performance.now() - started, status >= 500);
      // A client that waits for 100 may send its next request instead of the body.
      answerError(incoming, answer, status, edge.requestId, expects && hasBody && !continued);
      linger();
    },
  };
  /** Reads what the client still sends, so that it comes to read the answer, and not for ever. */
  const linger = () => {
    if (!hasBody || incoming.complete) return;
    body?.stop();
    incoming.resume();
    const timer = setTimeout(() => incoming.destroy(), lingerMs);
    incoming.once("close", () => clearTimeout(timer));
  };
  answer.once("close", () => {
    body?.stop();
    errandUnderWay.abandon();
    if (!counted && last) count(last, null, false);
  });
  if (!answer.socket) closeWithConnection(incoming.socket, answer);
  const errandUnderWay = reach(plane, errand);
}

/** Node tells a closed connection only to the response in turn: those of pipelined requests behind it hear it here. */
function closeWithConnection(socket: Socket, answer: ServerResponse): void {
  const closed = () => {
    if (answer.socket) return;
    answer.destroy();
    answer.emit("close");
  };
  socket.setMaxListeners(0).once("close", closed);
  answer.once("close", () => socket.off("close", closed));
}

/** What the gateway says of the client in the forwarding fields. */
export function edgeOf(request: IncomingMessage): Edge {
  const localPort = request.socket.localPort ?? 80;
  const local = plainAddress(request.socket.localAddress);
  return {
    remoteAddress: plainAddress(request.socket.remoteAddress),
    localAuthority: `${local.includes(":") ? `[${local}]` : local}:${localPort}`,
    localPort,
    scheme: "http",
    httpVersion: request.httpVersion,
    requestId: acceptableRequestId(headerOf(request.rawHeaders, "x-request-id")) ?? randomUUID(),
  };
}

function codingIsPlain(response: IncomingMessage): boolean {
  const coding = response.headers["transfer-encoding"];
  return coding === undefined || coding.trim().toLowerCase() === "chunked";
}

/** 103 goes to clients that know interim responses (RFC 9110 section 15.2); 100 is dealt with where it is waited for. */
function passInformation(
  answer: ServerResponse,
  http1: boolean,
  info: { statusCode: number; headers: NodeJS.Dict<string | string[]> },
): void {
  if (!http1 || answer.headersSent || answer.destroyed) return;
  if (info.statusCode === 102) answer.writeProcessing();
  if (info.statusCode !== 103 || info.headers.link === undefined) return;
  const link = info.headers.link;
  try {
    answer.writeEarlyHints({ link: Array.isArray(link) ? link : link.split(/,\s*(?=<)/) });
  } catch {
    // A hint that node holds for malformed is no loss: the response itself follows.
  }
}
