import { describe, expect, test } from "vitest";
import { acceptingRule, withoutAcceptingRule } from "../../../../src/gateway/kernel/engine-chain.ts";

const counter = { counter: { packets: 0, bytes: 0 } };

function listing(...rules: { handle: number; comment?: string; expr: object[] }[]): string {
  const place = { family: "ip", table: "filter", chain: "DOCKER-USER" };
  return JSON.stringify({
    nftables: [
      { metainfo: { version: "1.0.6" } },
      { chain: { family: "ip", table: "filter", name: "DOCKER-USER", handle: 1 } },
      ...rules.map((rule) => ({ rule: { ...place, ...rule } })),
    ],
  });
}

const drop = { handle: 4, expr: [{ xt: { type: "match", name: "conntrack" } }, counter, { drop: null }] };
const last = { handle: 5, expr: [counter, { return: null }] };
const own = { handle: 9, comment: "cutover-shop", expr: [{ accept: null }] };

describe("our rule in the engine's chain", () => {
  test("comes behind a user's rules and before the engine's return", () => {
    expect(acceptingRule("shop", listing(drop, last))).toMatch(
      /^insert rule ip filter DOCKER-USER handle 5 meta mark .* accept comment "cutover-shop"\n$/,
    );
  });

  test("comes last where nothing returns, or only under a condition", () => {
    const some = { handle: 6, expr: [{ match: {} }, counter, { return: null }] };
    for (const text of [listing(), listing(drop), listing(last, some)])
      expect(acceptingRule("shop", text)).toMatch(/^add rule ip filter DOCKER-USER meta mark/);
  });

  test("is made once, and another instance's does not count", () => {
    expect(acceptingRule("shop", listing(drop, own, last))).toBe(null);
    expect(acceptingRule("demo", listing(own, last))).toContain('comment "cutover-demo"');
  });

  test("is taken away by its handle, and nothing else is", () => {
    expect(withoutAcceptingRule("shop", listing(drop, own, last))).toBe(
      "delete rule ip filter DOCKER-USER handle 9\n",
    );
    expect(withoutAcceptingRule("demo", listing(drop, own, last))).toBe("");
  });
});
