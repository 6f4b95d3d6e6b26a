import { ConnectionOption } from "./connection-options.ts";
import { refuse } from "./field-lines.ts";
import { Framing, type MessageHead } from "./head.ts";
import { Octet } from "./octets.ts";
import { isUpgradeList } from "./upgrade-list.ts";

/** Digits of a Content-Length: the number stays exact. */
export const longestLength = 15;

/**
 * Whether a field's value stands between spaces, not tabs. Content-Length and Transfer-Encoding have to: others
 * would read the framing differently if a tab were a part of the value to them.
 *
 * @param nameEnd where the colon stands
 */
export function standsBetweenSpaces(bytes: Uint8Array, nameEnd: number, start: number, end: number): boolean {
  for (let p = nameEnd + 1; p < start; p++) if (bytes[p] === Octet.tab) return false;
  for (let p = end; bytes[p] !== Octet.cr; p++) if (bytes[p] === Octet.tab) return false;
  return true;
}

/**
 * Sets `framing` from the number of Content-Length and Transfer-Encoding fields, of which there is one at most
 * (RFC 9112 section 6). Returns -1 when they don't go together.
 */
export function frame(
  head: MessageHead,
  lengths: number,
  encodings: number,
  without: Framing,
  status: number,
): number {
  if (encodings === 0) {
    head.framing = lengths > 0 ? Framing.length : without;
    return 0;
  }
  if (head.minor === 0) return refuse(head, status, "old-encoding");
  if (lengths > 0) return refuse(head, status, "length-and-encoding");
  head.framing = Framing.chunked;
  return 0;
}

/**
 * Sets `keepAlive` (RFC 9112 section 9.3) and `upgrade` (RFC 9110 section 7.8) from the options that the Connection
 * fields named and the number of Upgrade fields. HTTP/1.0 has no upgrade.
 *
 * @returns false when an upgrade is asked for with several or malformed Upgrade fields
 */
export function connect(bytes: Uint8Array, head: MessageHead, options: number, upgrades: number): boolean {
  head.keepAlive =
    (options & ConnectionOption.close) === 0 &&
    (head.minor === 1 || (options & ConnectionOption.keepAlive) !== 0);
  const asked = upgrades > 0 && (options & ConnectionOption.upgrade) !== 0 && head.minor === 1;
  head.upgrade = asked && upgrades === 1 && isUpgradeList(bytes, head.upgradeStart, head.upgradeEnd);
  return asked === head.upgrade;
}
