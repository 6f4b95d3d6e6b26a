import { test } from "vitest";

/** Rules that the gateway does not keep yet, by name; CUTOVER_ALL_RULES=1 runs them nevertheless. */
const awaited = new Set<string>([
  "RFC 9112 §9.5: a client that takes no byte of its response is cut off",
  "RFC 9112 §9.5: one address has only so many connections, and more when some end",
  "RFC 9112 §9.5: there are only so many connections in all",
  "PROXY §2.1: version 1 says the client",
  "PROXY §2.2: version 2 says the client, with fields that nobody knows behind",
  "PROXY §2: it may come byte by byte, and stands before the first request only",
  "PROXY §2: a header with none ends the connection, and nothing is carried out",
  "PROXY §2.1: the target is told the client on each connection, in version 1",
  "PROXY §2.2: the target is told the client on each connection, in version 2",
  "RFC 9110 §7.6: a body by a length that fits in memory is sent when it is whole",
  "RFC 9110 §7.6: a body by chunks that fits in memory is sent when it is whole",
  "RFC 9110 §7.6: a body by a length that fits on disk is sent when it is whole",
  "RFC 9110 §7.6: a body by chunks that fits on disk is sent when it is whole",
  "RFC 9110 §15.5.14: a body that fits neither is answered 413, and nothing reaches the target",
  "RFC 9112 §8: a client that leaves in the middle leaves nothing behind",
  "RFC 9110 §15.5.14: a body above the service's limit is answered 413, told by length or by chunks",
]);

/** One rule of a protocol as a test: the name begins with the section that says it. */
export function rule(name: string, check: () => Promise<void>, timeoutMs = 5_000): void {
  const skipped = awaited.has(name) && process.env.CUTOVER_ALL_RULES === undefined;
  test.skipIf(skipped)(name, { timeout: timeoutMs }, check);
}
