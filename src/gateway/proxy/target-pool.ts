import type { Destination } from "../destination.ts";
import type { HeadLimits, ResponseHead } from "../http1/head.ts";
import type { TargetState } from "../target-state.ts";
import type { UpstreamConnection, UpstreamHome } from "./upstream.ts";

/** Idle connections to one target and worker, at most. */
const mostIdle = 256;
/** How long an idle connection is kept unless a backend says otherwise: below node's 5 s. In milliseconds. */
const defaultKeepMs = 4_000;
/**
 * Age up to which an idle connection takes a request that must not be sent twice: below every customary keep-alive
 * time of a server (gunicorn: 2 s), so that the target is not about to close it. In milliseconds.
 */
const freshMs = 1_000;
/** However early a target has closed, connections are kept for so long. In milliseconds. */
const leastKeepMs = 100;

/** The idle connections of a worker to one target, last in, first out. */
export class TargetPool implements UpstreamHome {
  readonly target: TargetState;
  readonly limits: HeadLimits;
  readonly head: ResponseHead;
  /** What the pool was prepared for last: a table's backend with this target. */
  destination: Destination | null = null;
  /** The target in the access log. */
  logName: Uint8Array = new Uint8Array(0);
  /** Address and port, for Host. */
  readonly authority: Uint8Array;
  /** As the backend or the target says. */
  #mostMs = defaultKeepMs;
  /** As the target has shown. */
  #keepMs = defaultKeepMs;
  #open = true;
  readonly #now: () => number;
  readonly #idle: UpstreamConnection[] = [];

  /** @param now coarse time in milliseconds */
  constructor(target: TargetState, limits: HeadLimits, head: ResponseHead, now: () => number) {
    this.target = target;
    const { address, port } = target;
    this.authority = Buffer.from(`${address.includes(":") ? `[${address}]` : address}:${port}`, "latin1");
    this.limits = limits;
    this.head = head;
    this.#now = now;
  }

  get size(): number {
    return this.#idle.length;
  }

  /** Takes a backend's policy. @param logName the target in the access log */
  prepare(destination: Destination, logName: Uint8Array): void {
    this.destination = destination;
    this.logName = logName;
    // A PROXY header is said once for a connection, of one client.
    const most = destination.proxyProtocol > 0 ? 0 : (destination.policy.keepAliveMs ?? defaultKeepMs);
    if (most !== this.#mostMs) this.keepFor(most);
  }

  /** Idle connections are kept for at most so many milliseconds. */
  keepFor(ms: number): void {
    this.#mostMs = ms;
    this.#keepMs = ms;
  }

  /** An idle connection, the one used last. @param safe the request may be sent again if the target has just closed it */
  take(safe: boolean): UpstreamConnection | null {
    const last = this.#idle[this.#idle.length - 1];
    if (last === undefined) return null;
    const age = this.#now() - last.since;
    if (age > (safe ? this.#keepMs : Math.min(freshMs, this.#keepMs / 2))) return null;
    this.#idle.length -= 1;
    return last;
  }

  keep(upstream: UpstreamConnection): boolean {
    if (!this.#open || this.#idle.length >= mostIdle || this.#keepMs <= 0) return false;
    upstream.since = this.#now();
    this.#idle.push(upstream);
    return true;
  }

  drop(upstream: UpstreamConnection, byPeer: boolean): void {
    const at = this.#idle.indexOf(upstream);
    if (at >= 0) this.#idle.splice(at, 1);
    // A target that closes earlier than was thought will do so again.
    if (byPeer && at >= 0) {
      const age = this.#now() - upstream.since;
      this.#keepMs = Math.min(this.#keepMs, Math.max(leastKeepMs, age / 2));
    }
  }

  /** Closes what has been idle for too long; to be called ten times a second. */
  sweep(): void {
    const now = this.#now();
    // What a target has shown once is forgotten in the course of a minute.
    this.#keepMs = Math.min(this.#mostMs, this.#keepMs * 1.01);
    let old = 0;
    while (old < this.#idle.length && now - (this.#idle[old] as UpstreamConnection).since > this.#keepMs)
      old += 1;
    for (const upstream of this.#idle.splice(0, old)) upstream.abandon();
  }

  /** Closes all idle connections, and keeps none from here on. */
  close(): void {
    this.#open = false;
    for (const upstream of this.#idle.splice(0)) upstream.abandon();
  }
}
