import { createNetTransport } from "./net.ts";
import { createRawTransport } from "./raw.ts";
import { testRaw } from "./self-test.ts";
import type { Transport } from "./transport.ts";

/**
 * The transport for a setting, and why it is not the raw one where that was wanted. With `auto` and with `raw` the raw
 * one is tested; one that fails is not used, because it would fail users.
 */
export async function chooseTransport(
  setting: "auto" | "raw" | "net",
): Promise<{ transport: Transport; reason: string | null }> {
  if (setting === "net") return { transport: createNetTransport(), reason: null };
  const reason = await testRaw();
  return { transport: reason === null ? createRawTransport() : createNetTransport(), reason };
}
