/** The gateway's own readiness probe of a target. */
export interface Check {
  /** HTTP path to GET; null probes by a TCP connection. */
  path: string | null;
  /** Host header to send; null sends the target's address. */
  host: string | null;
  /** Successes in a row that make a target ready. */
  successes: number;
  /** Milliseconds from the end of one probe to the next; at most 100. */
  intervalMs: number;
  /** Milliseconds one probe may take. */
  timeoutMs: number;
  /** Lowest and highest HTTP status that counts as success. */
  status: { from: number; to: number };
}

export const defaultCheck: Check = {
  path: null,
  host: null,
  successes: 3,
  intervalMs: 50,
  timeoutMs: 2_000,
  status: { from: 200, to: 399 },
};
