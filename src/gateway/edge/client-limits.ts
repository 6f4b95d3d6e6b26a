import { parseAddress } from "../routing/address-block.ts";

/** Limits over all workers; 0 for none. */
export interface ConnectionLimits {
  maxConnections: number;
  maxConnectionsPerAddress: number;
}

/**
 * Connections of one worker, counted. Workers do not ask each other: each has its share of a limit, `limit / workers`
 * rounded up. Because the kernel does not spread the connections of one address evenly, the share of the limit per
 * address is a quarter larger: with several workers an address may so come to 1.25 times its limit, not more.
 *
 * IPv6 counts by /64, which is what one subscriber has at least (RFC 6177 section 2).
 */
export class ClientLimits {
  /** This worker's shares. */
  readonly most: number;
  readonly mostPerAddress: number;
  /** Connections that were turned away: by the limit of all, and by that of an address. */
  refused = 0;
  refusedPerAddress = 0;
  #count = 0;
  readonly #byAddress = new Map<string, number>();
  readonly #makeRoom: () => void;

  /** @param makeRoom asked when all are taken: closes a connection that is idle, if there is one, and calls `left` */
  constructor(limits: ConnectionLimits, workers: number, makeRoom: () => void) {
    const { maxConnections, maxConnectionsPerAddress } = limits;
    this.most = maxConnections === 0 ? Number.POSITIVE_INFINITY : Math.ceil(maxConnections / workers);
    const slack = workers > 1 ? 1.25 : 1;
    this.mostPerAddress =
      maxConnectionsPerAddress === 0
        ? Number.POSITIVE_INFINITY
        : Math.min(maxConnectionsPerAddress, Math.ceil((maxConnectionsPerAddress * slack) / workers));
    this.#makeRoom = makeRoom;
  }

  get count(): number {
    return this.#count;
  }

  /** Number of addresses that have connections. */
  get addresses(): number {
    return this.#byAddress.size;
  }

  /**
   * A connection came. False when it has to be closed; it is not counted then.
   *
   * @param trusted the address is a proxy's: only the limit of all counts
   */
  admit(address: string, trusted: boolean): boolean {
    const key = trusted ? "" : keyOf(address);
    if (key !== "" && this.#of(key) >= this.mostPerAddress) {
      this.refusedPerAddress += 1;
      return false;
    }
    if (this.#count >= this.most) this.#makeRoom();
    if (this.#count >= this.most) {
      this.refused += 1;
      return false;
    }
    this.#count += 1;
    if (key !== "") this.#byAddress.set(key, this.#of(key) + 1);
    return true;
  }

  /**
   * A connection that was admitted as a trusted proxy's is, by its PROXY header, that of another address: it counts
   * for it from now on. False when that has too many; the connection has to be closed, and `left` is told the proxy's.
   */
  attribute(address: string): boolean {
    const key = keyOf(address);
    if (key === "") return true;
    const count = this.#of(key);
    if (count >= this.mostPerAddress) {
      this.refusedPerAddress += 1;
      return false;
    }
    this.#byAddress.set(key, count + 1);
    return true;
  }

  /**
   * A connection that was admitted is gone; to be called once for each.
   *
   * @param trusted as it was for `admit`, unless the connection was attributed to this address since
   */
  left(address: string, trusted: boolean): void {
    this.#count -= 1;
    const key = trusted ? "" : keyOf(address);
    if (key === "") return;
    const count = this.#of(key);
    if (count > 1) this.#byAddress.set(key, count - 1);
    else this.#byAddress.delete(key);
  }

  #of(key: string): number {
    return this.#byAddress.get(key) ?? 0;
  }
}

/** What an address is counted by; "" for a connection without one, which is not counted by address. */
function keyOf(address: string): string {
  if (!address.includes(":")) return address;
  const parsed = parseAddress(address);
  if (parsed === null) return "";
  return parsed.v4 ? address.slice(address.lastIndexOf(":") + 1) : `${parsed.a}:${parsed.b}`;
}
