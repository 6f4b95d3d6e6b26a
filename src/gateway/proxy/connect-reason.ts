const reasons: Record<string, string> = {
  ECONNREFUSED: "connect-refused",
  ETIMEDOUT: "connect-timeout",
  EHOSTUNREACH: "connect-unreachable",
  ENETUNREACH: "connect-unreachable",
  ECONNRESET: "connect-reset",
};

/** The log's token for a connection that did not come about. */
export function connectReason(code: string): string {
  return reasons[code] ?? `connect-${code.toLowerCase()}`;
}
