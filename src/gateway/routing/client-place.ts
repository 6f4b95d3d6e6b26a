import { type IpAddress, parseAddress } from "./address-block.ts";

/** Where a request comes from, as routes see it. One for a connection, or for each client behind a trusted proxy. */
export interface ClientPlace {
  readonly address: string;
  /** Set when a condition first asks for it; null when `address` is none. */
  ip: IpAddress | null | undefined;
}

export function clientPlace(address: string): ClientPlace {
  return { address, ip: undefined };
}

/** The client's address, parsed once; null when it is none. */
export function ipOf(client: ClientPlace): IpAddress | null {
  if (client.ip === undefined) client.ip = parseAddress(client.address);
  return client.ip;
}
