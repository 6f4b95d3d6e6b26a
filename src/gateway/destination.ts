import type { Backend, BackendPolicy } from "../model/route.ts";
import { WaitQueue, defaultMaxQueued, defaultQueueMs, queueRoom } from "./balance/queue.ts";
import { RetryBudget, defaultRetryShare } from "./balance/retry-budget.ts";
import { type Sticky, createSticky } from "./balance/sticky.ts";
import type { Accumulator } from "./request-stats.ts";
import { BackendState, type TargetState } from "./target-state.ts";

/** Time for a connection to a target unless a backend says otherwise, in milliseconds. */
const defaultConnectMs = 2_000;

/** What a worker keeps for a backend through all tables that have it. */
export class BackendMemory {
  /** Requests that wait until a target has room. */
  readonly queue = new WaitQueue(0, 0);
  readonly retryBudget = new RetryBudget();

  /** @param workers that share the limit of the queue */
  follow(policy: BackendPolicy, workers: number): void {
    this.queue.room = queueRoom(policy.maxQueued ?? defaultMaxQueued, workers);
    this.queue.waitMs = policy.queueMs ?? defaultQueueMs;
    this.retryBudget.share = policy.retry?.budget ?? defaultRetryShare;
  }
}

/** A backend of one table as a worker uses it: its targets, and its policy with the defaults filled in. */
export class Destination extends BackendState {
  readonly policy: BackendPolicy;
  readonly connectMs: number;
  /** 0 for ever. */
  readonly responseMs: number;
  readonly maxBodyBytes: number;
  /** How bodies are kept until they are whole; null where they are passed on as they come. */
  readonly buffering: { readonly memoryBytes: number; readonly diskBytes: number } | null;
  /** Tries beside the first. */
  readonly retries: number;
  /** What targets are told as Host; null for the client's own. */
  readonly hostName: Uint8Array | null;
  readonly hostIsTarget: boolean;
  readonly proxyProtocol: 0 | 1 | 2;
  readonly memory: BackendMemory;
  readonly queue: WaitQueue;
  readonly retryBudget: RetryBudget;
  /** Keeps clients on their targets; null where they are not kept. */
  readonly sticky: Sticky | null;
  /** Where requests of the present second are counted. */
  counts: Accumulator | null = null;

  constructor(backend: Backend, targets: readonly TargetState[], memory: BackendMemory) {
    super(backend, targets);
    const policy = backend.policy ?? {};
    this.policy = policy;
    this.memory = memory;
    this.queue = memory.queue;
    this.retryBudget = memory.retryBudget;
    this.sticky = createSticky(backend, targets);
    this.connectMs = policy.connectMs ?? defaultConnectMs;
    this.responseMs = policy.responseMs ?? 0;
    this.maxBodyBytes = policy.maxBodyBytes ?? Number.POSITIVE_INFINITY;
    this.buffering = policy.bufferRequests ?? null;
    this.retries = policy.retry?.attempts ?? 2;
    this.hostIsTarget = policy.host === "target";
    this.hostName = typeof policy.host === "object" ? Buffer.from(policy.host.name, "latin1") : null;
    this.proxyProtocol = policy.proxyProtocol ?? 0;
  }
}
