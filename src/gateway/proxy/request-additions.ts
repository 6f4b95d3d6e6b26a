import type { Destination } from "../destination.ts";
import type { RequestHead } from "../http1/head.ts";
import type { ClientHost } from "./client-host.ts";
import type { RequestAdditions } from "./compose-request.ts";

/**
 * Fills in what a target is told beside the client's own words.
 *
 * @param authority address and port of the target
 */
export function fillAdditions(
  additions: RequestAdditions,
  host: ClientHost,
  head: RequestHead,
  destination: Destination,
  authority: Uint8Array,
): void {
  const { fields } = host;
  additions.fields = head.minor === 1 ? fields.fields : fields.fields10;
  if (head.authorityStart < 0) additions.localAuthority = host.localAuthority;
  additions.forwardedHost = fields.forwardedHost;
  additions.forwarded = fields.forwarded;
  additions.host = destination.hostIsTarget ? authority : destination.hostName;
}
