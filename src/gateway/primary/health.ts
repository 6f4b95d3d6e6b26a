import { isDeepStrictEqual } from "node:util";
import type { BackendPolicy, RoutingTable, Target } from "../../model/route.ts";
import { type ProxyVersion, probe } from "./probe.ts";

type ProbePolicy = NonNullable<BackendPolicy["probe"]>;

/** Pauses between probes differ by up to this share of their length, so that targets are not all asked at once. */
const jitter = 0.1;

export interface HealthOptions {
  /** Of the gateway, for the probes' User-Agent. */
  version: string;
  /**
   * A target went down or is up again; `reason` says what its last probe failed with, and is null when it is up. Also
   * called with `down` false for one that was down when it left the table or is not probed any more.
   */
  changed(target: string, down: boolean, reason: string | null): void;
}

/** What is asked of a target; another one is a new beginning. */
interface Subject {
  target: Target;
  policy: ProbePolicy;
  proxyProtocol: ProxyVersion;
}

/**
 * Probes the targets of backends whose policy says so, all the time, once for all workers: `failures` in a row make a
 * target down, `check.successes` in a row bring it back. These follow each other after `check.intervalMs`; all other
 * probes of a target are `everyMs` apart. A target is up at first: that it was ready is why it is in the table.
 */
export class Health {
  readonly #options: HealthOptions;
  readonly #watched = new Map<string, Watch>();

  constructor(options: HealthOptions) {
    this.#options = options;
  }

  /** Ids of the targets that are down, for a worker that is new. */
  get down(): string[] {
    return [...this.#watched].filter(([, watch]) => watch.down).map(([id]) => id);
  }

  /** Takes a table, once workers serve it: probes what is to be probed in it, and goes on where nothing changed. */
  follow(table: RoutingTable): void {
    const subjects = new Map<string, Subject>();
    for (const { policy, targets } of table.backends) {
      if (!policy?.probe) continue;
      const { probe: own, proxyProtocol = 0 } = policy;
      for (const target of targets) subjects.set(target.id, { target, policy: own, proxyProtocol });
    }
    for (const [id, watch] of this.#watched) {
      const subject = subjects.get(id);
      if (subject && isSame(subject, watch.subject)) subjects.delete(id);
      else this.#end(id, watch);
    }
    for (const [id, subject] of subjects) this.#watched.set(id, new Watch(subject, this.#options));
  }

  /** Ends all probes, also those under way. Nothing is told any more. */
  stop(): void {
    for (const watch of this.#watched.values()) watch.stop();
    this.#watched.clear();
  }

  #end(id: string, watch: Watch): void {
    watch.stop();
    this.#watched.delete(id);
    if (watch.down) this.#options.changed(id, false, null);
  }
}

/** The probes of one target. */
class Watch {
  readonly subject: Subject;
  down = false;
  readonly #options: HealthOptions;
  #timer: NodeJS.Timeout;
  /** Of the probe under way. */
  #abort: AbortController | null = null;
  #stopped = false;
  /** Probes in a row that contradict `down`. */
  #streak = 0;

  constructor(subject: Subject, options: HealthOptions) {
    this.subject = subject;
    this.#options = options;
    this.#timer = this.#after(Math.random() * subject.policy.everyMs);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#abort?.abort();
  }

  #after(ms: number): NodeJS.Timeout {
    return setTimeout(() => void this.#probe(), ms).unref();
  }

  async #probe(): Promise<void> {
    const { target, policy, proxyProtocol } = this.subject;
    const { check } = policy;
    this.#abort = new AbortController();
    const { reason } = await probe(
      { target, check, proxyProtocol },
      this.#options.version,
      this.#abort.signal,
    );
    this.#abort = null;
    if (this.#stopped) return;
    const isGood = reason === null;
    this.#streak = isGood === this.down ? this.#streak + 1 : 0;
    if (this.#streak >= (this.down ? check.successes : policy.failures)) {
      this.#streak = 0;
      this.down = !this.down;
      this.#options.changed(target.id, this.down, reason);
    }
    const isComingBack = this.down && isGood;
    const spread = 1 + (2 * Math.random() - 1) * jitter;
    this.#timer = this.#after(isComingBack ? check.intervalMs : policy.everyMs * spread);
  }
}

function isSame(one: Subject, other: Subject): boolean {
  return (
    one.target.address === other.target.address &&
    one.target.port === other.target.port &&
    one.proxyProtocol === other.proxyProtocol &&
    isDeepStrictEqual(one.policy, other.policy)
  );
}
