/** How long the client's FIN is waited for after the gateway's, in milliseconds. */
export const closeWaitMs = 2_000;
/** How long in all while the client goes on sending what nobody reads any more: it has to come to read its answer. */
const mostCloseWaitMs = 30_000;

/**
 * Whether a connection on which all is said has waited long enough for its client's end.
 *
 * @param heardAt time of the client's last byte
 * @param saidAt time at which the last answer was with the kernel
 */
export function waitedEnough(now: number, heardAt: number, saidAt: number): boolean {
  return now - heardAt > closeWaitMs || now - saidAt > mostCloseWaitMs;
}
