import { Block } from "./block.ts";
import { createNetTransport } from "./net.ts";
import { createRawTransport } from "./raw.ts";
import { ReadBlocks, sharedSize } from "./read-blocks.ts";
import { testRaw } from "./self-test.ts";
import type { Transport } from "./transport.ts";

/**
 * The transport for a setting, and why it is not the raw one where that was wanted. With `auto` and with `raw` the raw
 * one is tested; one that fails is not used, because it would fail users.
 *
 * @param shared what all accepted connections read into; it becomes a shared block
 */
export async function chooseTransport(
  setting: "auto" | "raw" | "net",
  shared = new Block(sharedSize),
): Promise<{ transport: Transport; reason: string | null }> {
  if (setting === "net") return { transport: createNetTransport(new ReadBlocks(), shared), reason: null };
  const reason = await testRaw();
  const create = reason === null ? createRawTransport : createNetTransport;
  return { transport: create(new ReadBlocks(), shared), reason };
}
