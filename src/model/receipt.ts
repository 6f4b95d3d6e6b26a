/** Latencies in milliseconds of the requests of one span of time; null where there was none. */
export interface Latency {
  requests: number;
  failures: number;
  p50: number | null;
  p99: number | null;
  max: number | null;
}

/** What a deployment did to the app's requests, as the gateway counted them. */
export interface Receipt {
  deployment: string;
  app: string;
  release: number;
  previous: number | null;
  /** Milliseconds since the epoch. */
  startedAt: number;
  switchedAt: number;
  endedAt: number;
  /** Milliseconds each step took. */
  stepMs: Record<string, number>;
  /** Milliseconds from the first good probe of the last target to the acknowledged switch. */
  firstGoodToSwitchMs: number | null;
  /** Whole deployment, from its start to its end. */
  requests: number;
  /** Answers the gateway had to make itself (502, 503, 504) and responses cut short. */
  failures: number;
  byRelease: { release: number; requests: number; firstAt: number; lastAt: number }[];
  before: Latency;
  during: Latency;
  after: Latency;
  drained: { requests: number; connections: number; cutRequests: number; closedConnections: number };
  workers: number;
}
