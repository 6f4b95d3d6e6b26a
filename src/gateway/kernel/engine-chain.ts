import { z } from "zod";
import { passMark, tableName } from "./ruleset.ts";

/**
 * The chain that the engine leaves to others, in front of its own filters: what is accepted in it gets past the
 * policy of FORWARD, which is DROP.
 */
export const engineChain = "ip filter DOCKER-USER";

const listingSchema = z.object({ nftables: z.array(z.record(z.string(), z.unknown())) });
const ruleSchema = z.object({
  handle: z.number(),
  comment: z.string().optional(),
  expr: z.array(z.record(z.string(), z.unknown())),
});
type Rule = z.infer<typeof ruleSchema>;

/**
 * The command that puts our rule into the engine's chain: behind what a user has written there, who may refuse what
 * he will, and before the engine's own `return`. Written so that iptables takes it for one of its own. Null when the
 * rule stands.
 *
 * @param listing what `nft -j -a list chain` prints of the chain
 */
export function acceptingRule(instance: string, listing: string): string | null {
  const rules = rulesOf(listing);
  const comment = tableName(instance);
  if (rules.some((rule) => rule.comment === comment)) return null;
  const rule = `meta mark & ${passMark} == ${passMark} accept comment "${comment}"`;
  const last = rules.at(-1);
  if (last && isReturn(last)) return `insert rule ${engineChain} handle ${last.handle} ${rule}\n`;
  return `add rule ${engineChain} ${rule}\n`;
}

/** The commands that take our rule out of the engine's chain; empty when it is not there. */
export function withoutAcceptingRule(instance: string, listing: string): string {
  const own = rulesOf(listing).filter(({ comment }) => comment === tableName(instance));
  return own.map(({ handle }) => `delete rule ${engineChain} handle ${handle}\n`).join("");
}

function rulesOf(listing: string): Rule[] {
  return listingSchema
    .parse(JSON.parse(listing))
    .nftables.flatMap(({ rule }) => (rule === undefined ? [] : [ruleSchema.parse(rule)]));
}

/** Returns whatever comes: nothing but a counter beside it. */
function isReturn({ expr }: Rule): boolean {
  return "return" in (expr.at(-1) ?? {}) && expr.every((one) => "return" in one || "counter" in one);
}
