import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Claim } from "../claims.ts";
import type { Claimed, RequestPlace } from "../gate.ts";
import type { Match } from "../table.ts";
import type { Plane } from "./plane.ts";

/** What `reach` is to bring to a target, and what to do with the outcome. */
export interface Errand {
  place: RequestPlace;
  /** Makes the request; the body is left for `connected`. */
  send(claim: Claim): ClientRequest;
  /** The connection stands and the header is under way. */
  connected(request: ClientRequest): void;
  /** True when the request may be sent again though a target may have acted on it. */
  repeatable(): boolean;
  response(claim: Claim, request: ClientRequest, response: IncomingMessage): void;
  upgraded(claim: Claim, response: IncomingMessage, socket: Socket, head: Buffer): void;
  /** No target answered; `match` is the route it failed on, if there was one. */
  failed(status: number, match: Match | null, reason: string): void;
}

const maxSent = 3;
const maxConnects = 3;
/** How long connecting is tried again when all targets refuse. */
const refusedForMs = 1_000;
const backOffMs = [10, 20, 40, 80, 160];

/**
 * Brings a request to a target and hands over at the response's head. It is sent again, under the table of that
 * moment, when no connection came about (nothing was sent), and when the connection broke before the head and
 * `repeatable` allows it. Each attempt holds a claim of its own.
 *
 * @returns ends it without an outcome: the client is gone
 */
export function reach(plane: Plane, errand: Errand): { abandon(): void } {
  const tried = new Set<string>();
  let over = false;
  let sent = 0;
  let connects = 0;
  let troubleSince: number | null = null;
  let current: { claim: Claim; request: ClientRequest } | null = null;
  let timer: NodeJS.Timeout | null = null;

  const fail = (status: number, match: Match | null, reason: string) => {
    over = true;
    errand.failed(status, match, reason);
  };

  const next = () => plane.gate.claim(errand.place, tried, take);

  const take = (claimed: Claimed) => {
    if (claimed.kind === "none") {
      if (!over) fail(claimed.reason === "no-route" ? 404 : 503, claimed.match, claimed.reason);
    } else if (over) claimed.claim.release();
    else attempt(claimed.claim);
  };

  const attempt = (claim: Claim) => {
    tried.add(claim.target.id);
    let connected = false;
    let settled = false;
    const settle = () => {
      settled = true;
      current = null;
    };
    let request: ClientRequest;
    try {
      request = errand.send(claim);
    } catch (error) {
      claim.release();
      fail(400, null, String(error));
      return;
    }
    current = { claim, request };
    const cut = () => {
      settle();
      claim.release();
      request.destroy();
      fail(504, claim.match, "the drain's deadline for requests");
    };
    claim.cutter = { timeout: cut, close: cut };
    const begin = () => {
      connected = true;
      sent += 1;
      if (!settled) errand.connected(request);
    };
    request.once("socket", (socket) => {
      if (socket.connecting) socket.once("connect", begin);
      else begin();
    });
    request.once("response", (response) => {
      if (settled) return;
      settle();
      over = true;
      errand.response(claim, request, response);
    });
    request.once("upgrade", (response, socket, head) => {
      if (settled) {
        socket.destroy();
        return;
      }
      settle();
      over = true;
      errand.upgraded(claim, response, socket as Socket, head);
    });
    request.on("error", (error: NodeJS.ErrnoException) => {
      if (settled) return;
      settle();
      claim.release();
      if (!connected) notConnected(claim, error);
      else if (errand.repeatable() && sent < maxSent) next();
      else fail(502, claim.match, `the connection broke before the response: ${error.code ?? error.message}`);
    });
  };

  const notConnected = (claim: Claim, error: NodeJS.ErrnoException) => {
    plane.gate.suspect(claim.target.id);
    const now = performance.now();
    troubleSince ??= now;
    const pause = backOffMs[Math.min(connects, backOffMs.length - 1)];
    connects += 1;
    const another = claim.match.backend.targets.some((target) => !tried.has(target.id));
    if (another && connects < maxConnects) next();
    else if (now - troubleSince < refusedForMs) timer = setTimeout(next, pause);
    else
      fail(
        error.code === "ETIMEDOUT" ? 504 : 502,
        claim.match,
        `no connection: ${error.code ?? error.message}`,
      );
  };

  next();
  return {
    abandon() {
      over = true;
      if (timer) clearTimeout(timer);
      if (!current) return;
      const { claim, request } = current;
      current = null;
      request.on("error", () => undefined);
      claim.release();
      request.destroy();
    },
  };
}
