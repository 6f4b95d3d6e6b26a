import { type IncomingMessage, ServerResponse, request as httpRequest } from "node:http";
import type { Socket } from "node:net";
import { hostName } from "../host.ts";
import type { Match } from "../table.ts";
import { answerError } from "./answer.ts";
import { edgeOf } from "./exchange.ts";
import { headerOf, requestFraming, requestHeaders, tokensOf } from "./headers.ts";
import type { Plane } from "./plane.ts";
import { reach } from "./reach.ts";
import { requestTarget } from "./request-target.ts";
import { relayResponse, writeHead } from "./response-relay.ts";
import { openTunnel } from "./tunnel.ts";
import { upstreamOptions } from "./upstream.ts";

/** Bytes that are read from a client before its upgrade is answered. */
const earlyLimit = 64 * 1024;

/**
 * True for a request whose upgrade is passed on. `h2c` is not: the gateway does not speak it, and RFC 9110
 * section 7.8 lets a server ignore an upgrade. Neither is one with a body, which would have to be read first, nor one
 * that was sent before the answer to an earlier request on its connection: the connection still belongs to that.
 */
export function isUpgrade(request: IncomingMessage): boolean {
  const token = request.headers.upgrade;
  if (token === undefined || !tokensOf(request.headers.connection).includes("upgrade")) return false;
  if (tokensOf(token).includes("h2c") || isAnswering(request.socket)) return false;
  const framing = requestFraming(request.rawHeaders, request.method ?? "GET");
  return framing?.kind === "none" || (framing?.kind === "length" && framing.length === "0");
}

/** True while an earlier request on the connection has no whole answer yet. */
export function isAnswering(socket: Socket & { _httpMessage?: unknown }): boolean {
  return socket._httpMessage !== undefined && socket._httpMessage !== null;
}

/** Passes an upgrade on; when the target agrees, joins the two connections. */
export function upgrade(
  plane: Plane,
  listener: string,
  incoming: IncomingMessage,
  socket: Socket,
  head: Buffer,
): void {
  const startedAt = Date.now();
  const started = performance.now();
  const edge = edgeOf(incoming);
  const method = incoming.method ?? "GET";
  const target = requestTarget(incoming);
  const answer = new ServerResponse(incoming);
  answer.shouldKeepAlive = false;
  answer.assignSocket(socket);
  answer.once("finish", () => {
    answer.detachSocket(socket);
    socket.end(() => socket.destroy());
  });
  socket.on("error", () => socket.destroy());
  if (!target) {
    answerError(incoming, answer, 400, edge.requestId, true);
    return;
  }
  const token = headerOf(incoming.rawHeaders, "upgrade") ?? "";
  const headers = requestHeaders(incoming.rawHeaders, edge, { kind: "none" }, target.authority, token);
  const early = readEarly(socket, head);
  let last: Match | null = null;
  let counted = false;
  const count = (match: Match, latencyMs: number | null, failed: boolean) => {
    const answered = { app: match.backend.app, release: match.backend.release, startedAt };
    if (!counted) plane.stats.request(answered, latencyMs);
    counted = true;
    if (failed) plane.stats.failure(answered);
  };
  const underWay = reach(plane, {
    place: { listener, host: hostName(target.authority ?? incoming.headers.host), path: target.path },
    send(claim) {
      last = claim.match;
      const options = upstreamOptions(
        claim.target,
        method,
        target.path,
        headers,
        plane.upstreams.fresh,
        true,
      );
      return httpRequest(options).end();
    },
    connected: () => undefined,
    repeatable: () => false,
    response(claim, request, response) {
      count(claim.match, performance.now() - started, false);
      try {
        writeHead(response, answer, incoming.httpVersion === "1.1");
      } catch {
        claim.release();
        request.destroy();
        socket.destroy();
        return;
      }
      relayResponse(claim, request, response, answer, {
        ended: () => undefined,
        broken: () => count(claim.match, null, true),
      });
    },
    upgraded(claim, response, targetSocket, targetHead) {
      count(claim.match, performance.now() - started, false);
      answer.detachSocket(socket);
      socket.off("close", gone).off("end", gone);
      claim.enter("long");
      const webSocket = tokensOf(response.headers.upgrade).includes("websocket");
      const client = { socket, head: early.stop() };
      socket.write(switchingHead(response), "latin1");
      targetSocket.setNoDelay(true);
      const tunnel = openTunnel(client, { socket: targetSocket, head: targetHead }, webSocket, () =>
        claim.release(),
      );
      claim.cutter = { timeout: () => tunnel.close(), close: () => tunnel.close() };
      if (socket.destroyed) targetSocket.destroy();
    },
    failed(status, match, reason) {
      plane.log.warn({ status, reason, backend: match?.backend.id }, "upgrade failed");
      if (match) count(match, performance.now() - started, status >= 500);
      answerError(incoming, answer, status, edge.requestId, true);
    },
  });
  const gone = () => {
    underWay.abandon();
    answer.destroy();
    if (!counted && last) count(last, null, false);
  };
  // As for any request, a client that ends its side before the answer has given up.
  socket.once("close", gone).once("end", gone);
}

/** Reads what a client sends before it has its answer, because only reading tells when it is gone. */
function readEarly(socket: Socket, head: Buffer): { stop(): Buffer } {
  const chunks = [head];
  let size = head.length;
  const read = (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= earlyLimit) socket.pause();
  };
  socket.on("data", read);
  return {
    stop() {
      socket.off("data", read).resume();
      return Buffer.concat(chunks);
    },
  };
}

/** The target's 101 as it stands: Connection and Upgrade are part of the handshake. */
function switchingHead(response: IncomingMessage): string {
  let text = `HTTP/1.1 101 ${response.statusMessage || "Switching Protocols"}\r\n`;
  for (let at = 0; at + 1 < response.rawHeaders.length; at += 2) {
    text += `${response.rawHeaders[at]}: ${response.rawHeaders[at + 1]}\r\n`;
  }
  return `${text}\r\n`;
}
