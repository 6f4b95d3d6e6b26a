import type { KernelPassage } from "./plan.ts";
import { divideSlots } from "./shares.ts";

/**
 * A bit of the packet's mark. It is set after routing, just before the filter chains of the forward hook, and taken
 * away right behind them, so that it meets nobody else's use of marks.
 */
export const passMark = "0x10000000";
const otherMarks = "0xefffffff";

/** Name of an instance's own table; nothing else of the machine's rules is in it. */
export function tableName(instance: string): string {
  return `cutover-${instance}`;
}

/**
 * A script for `nft -f` that makes the instance's table be exactly this, in one transaction: a connection begins under
 * the rules before or under these, and keeps the target that it began with.
 *
 * Chains are kept and only their rules replaced: hooks are taken away a moment after a transaction, so that chains made
 * anew would for that moment stand beside the old ones; and the kernel translates connections that stand only as long
 * as some chain for address translation does.
 *
 * @param ports of all listeners that ask for the kernel: what began on them goes on, also while none of it is passed on
 */
export function ruleset(
  instance: string,
  passages: readonly KernelPassage[],
  ports: readonly number[],
): string {
  const table = tableName(instance);
  const begun = `ct status dnat meta l4proto tcp ct original proto-dst { ${[...new Set(ports)].join(", ")} }`;
  const rules = [
    "prerouting fib daddr type local goto switch",
    "output ip daddr != 127.0.0.0/8 fib daddr type local goto switch",
    ...switchRules(passages).map((rule) => `switch ${rule}`),
    ...(ports.length === 0
      ? []
      : [
          `postrouting ${begun} masquerade`,
          `before-filter ${begun} meta mark set meta mark | ${passMark}`,
          `after-filter meta mark & ${passMark} == ${passMark} meta mark set meta mark & ${otherMarks}`,
        ]),
  ];
  return lines([
    `add table ip ${table}`,
    ...Object.entries(hooks).map(([chain, hook]) => `add chain ip ${table} ${chain} { ${hook} }`),
    `add chain ip ${table} switch`,
    `flush table ip ${table}`,
    ...rules.map((rule) => `add rule ip ${table} ${rule}`),
  ]);
}

/** A script that takes the instance's table away; it succeeds also where there is none. */
export function withoutRuleset(instance: string): string {
  return lines([`add table ip ${tableName(instance)}`, `delete table ip ${tableName(instance)}`]);
}

/** Ours come just before the engine's own translations, and around its filters. */
const hooks = {
  prerouting: "type nat hook prerouting priority -110; policy accept;",
  output: "type nat hook output priority -110; policy accept;",
  postrouting: "type nat hook postrouting priority 90; policy accept;",
  "before-filter": "type filter hook forward priority -1; policy accept;",
  "after-filter": "type filter hook forward priority 1; policy accept;",
};

/** The more exact place comes first. One look-up serves all passages with one target. */
function switchRules(passages: readonly KernelPassage[]): string[] {
  const exact = passages.filter(({ address }) => address !== null);
  const open = passages.filter(({ address }) => address === null);
  return [...rulesOf(exact, "ip daddr . tcp dport"), ...rulesOf(open, "tcp dport")];
}

function rulesOf(passages: readonly KernelPassage[], key: string): string[] {
  const single = passages.filter(({ targets }) => targets.length === 1);
  const elements = single.map((passage) => `${placeOf(passage)} : ${destinations(passage)[0]}`);
  const several = passages.filter(({ targets }) => targets.length > 1);
  return [
    ...(elements.length === 0 ? [] : [`dnat ip to ${key} map { ${elements.join(", ")} }`]),
    ...several.map((passage) => {
      const match = passage.address === null ? "" : `ip daddr ${passage.address} `;
      return `${match}tcp dport ${passage.port} dnat ip to ${drawn(passage)}`;
    }),
  ];
}

function drawn(passage: KernelPassage): string {
  const { slots, shares } = divideSlots(passage.targets.map(({ weight }) => weight));
  const to = destinations(passage);
  const elements = shares.flatMap((share, index) => {
    if (share === null) return [];
    const { from } = share;
    return [`${from === share.to ? from : `${from}-${share.to}`} : ${to[index]}`];
  });
  return `numgen random mod ${slots} map { ${elements.join(", ")} }`;
}

function placeOf({ address, port }: KernelPassage): string {
  return address === null ? String(port) : `${address} . ${port}`;
}

function destinations({ targets }: KernelPassage): string[] {
  return targets.map(({ address, port }) => `${address} . ${port}`);
}

function lines(commands: readonly string[]): string {
  return `${commands.join("\n")}\n`;
}
