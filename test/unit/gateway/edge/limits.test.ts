import { describe, expect, test } from "vitest";
import { ClientLimits } from "../../../../src/gateway/edge/client-limits.ts";
import {
  beginRate,
  createRate,
  endRate,
  excuse,
  moved,
  tooSlow,
} from "../../../../src/gateway/edge/data-rate.ts";
import { ErrorLog } from "../../../../src/gateway/edge/error-log.ts";

const noRoom = () => {};

describe("limits of connections", () => {
  test("are shared by the workers", () => {
    const shares = (maxConnections: number, maxConnectionsPerAddress: number, workers: number) => {
      const limits = new ClientLimits({ maxConnections, maxConnectionsPerAddress }, workers, noRoom);
      return [limits.most, limits.mostPerAddress];
    };
    expect(shares(20_000, 2_000, 1)).toEqual([20_000, 2_000]);
    expect(shares(20_000, 2_000, 3)).toEqual([6_667, 834]);
    expect(shares(1, 1, 8)).toEqual([1, 1]);
    expect(shares(0, 0, 8)).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
  });

  test("of one address leave others alone", () => {
    const limits = new ClientLimits({ maxConnections: 10, maxConnectionsPerAddress: 2 }, 1, noRoom);
    const came = ["a", "a", "a", "b"].map((address) => limits.admit(address, false));
    expect(came).toEqual([true, true, false, true]);
    expect([limits.count, limits.addresses, limits.refusedPerAddress, limits.refused]).toEqual([3, 2, 1, 0]);
    limits.left("a", false);
    expect(limits.admit("a", false)).toBe(true);
    for (const address of ["a", "a", "b"]) limits.left(address, false);
    expect([limits.count, limits.addresses]).toEqual([0, 0]);
  });

  test("count a proxy in the limit of all only", () => {
    const limits = new ClientLimits({ maxConnections: 4, maxConnectionsPerAddress: 1 }, 1, noRoom);
    expect([limits.admit("p", true), limits.admit("p", true), limits.addresses]).toEqual([true, true, 0]);
    expect([limits.attribute("c"), limits.attribute("c")]).toEqual([true, false]);
    limits.left("c", false);
    limits.left("p", true);
    expect([limits.count, limits.addresses]).toEqual([0, 0]);
    for (let index = 0; index < 4; index += 1) expect(limits.admit("", false)).toBe(true);
    expect(limits.admit("", false)).toBe(false);
  });

  test("count IPv6 by /64, and IPv4 in IPv6 as IPv4", () => {
    const limits = new ClientLimits({ maxConnections: 99, maxConnectionsPerAddress: 1 }, 1, noRoom);
    const came = [
      "2001:db8::1",
      "2001:db8::ffff:2",
      "2001:db8:0:1::1",
      "::ffff:10.0.0.1",
      "10.0.0.1",
      "10.0.0.2",
    ];
    expect(came.map((address) => limits.admit(address, false))).toEqual([
      true,
      false,
      true,
      true,
      false,
      true,
    ]);
    limits.left("2001:db8::1", false);
    limits.left("10.0.0.1", false);
    expect(limits.admit("2001:db8::2", false)).toBe(true);
    expect(limits.admit("::ffff:10.0.0.1", false)).toBe(true);
  });

  test("ask for room before they refuse", () => {
    const idle = ["a"];
    const limits: ClientLimits = new ClientLimits(
      { maxConnections: 2, maxConnectionsPerAddress: 0 },
      1,
      () => {
        const address = idle.pop();
        if (address !== undefined) limits.left(address, false);
      },
    );
    const came = ["a", "b", "c", "d"].map((address) => limits.admit(address, false));
    expect(came).toEqual([true, true, true, false]);
    expect([limits.count, limits.addresses, limits.refused]).toEqual([2, 2, 1]);
  });
});

describe("the least data rate", () => {
  /** Milliseconds until it is too slow when so many bytes come every `everyMs`. */
  function lasts(first: number, bytes: number, everyMs: number, minRate = 240): number {
    const rate = createRate();
    beginRate(rate, 1_000);
    moved(rate, first);
    for (let now = 1_000; now < 1_000_000; now += 250) {
      if ((now - 1_000) % everyMs === 0) moved(rate, bytes);
      if (tooSlow(rate, now, minRate)) return now - 1_000;
    }
    return Number.POSITIVE_INFINITY;
  }

  test("lets a transfer begin slowly, but not go on so", () => {
    expect(lasts(0, 0, 250)).toBe(5_250);
    expect(lasts(0, 60, 250)).toBe(Number.POSITIVE_INFINITY);
    expect(lasts(0, 30, 250)).toBeLessThan(11_000);
    expect(lasts(0, 1, 60_000, 0)).toBe(Number.POSITIVE_INFINITY);
  });

  test("lets a fast transfer pause, but for a minute at most", () => {
    expect(lasts(10_000_000, 0, 250)).toBe(60_250);
    expect(lasts(0, 240 * 30, 30_000)).toBe(Number.POSITIVE_INFINITY);
  });

  test("does not count the time in which the peer had not to move", () => {
    const rate = createRate();
    expect(tooSlow(rate, 1e9, 240)).toBe(false);
    beginRate(rate, 0);
    for (let now = 0; now < 100_000; now += 1_000) excuse(rate, now);
    expect(tooSlow(rate, 104_000, 240)).toBe(false);
    expect(tooSlow(rate, 104_001, 240)).toBe(true);
    endRate(rate);
    excuse(rate, 105_000);
    expect(tooSlow(rate, 205_000, 240)).toBe(false);
  });
});

describe("the log of failures", () => {
  function create(perSecond: number) {
    const entries: [string, Record<string, unknown>, number][] = [];
    return { entries, log: new ErrorLog((...entry) => entries.push(entry), perSecond) };
  }

  test("writes a few a second of each reason, and how many it left out", () => {
    const { entries, log } = create(2);
    for (let index = 0; index < 5; index += 1) log.report("refused", { index }, 100);
    log.report("reset", {}, 100);
    expect(entries).toEqual([
      ["refused", { index: 0 }, 0],
      ["refused", { index: 1 }, 0],
      ["reset", {}, 0],
    ]);
    log.report("refused", { index: 5 }, 1_100);
    expect(entries.at(-1)).toEqual(["refused", { index: 5 }, 3]);
  });

  test("says what it left out of reasons that became quiet", () => {
    const { entries, log } = create(1);
    for (let index = 0; index < 4; index += 1) log.report("refused", {}, 100);
    log.tick(1_000);
    expect(entries).toHaveLength(1);
    log.tick(1_100);
    log.tick(2_200);
    expect(entries.slice(1)).toEqual([["refused", {}, 3]]);
  });

  test("is bounded, however many reasons there are", () => {
    const { entries, log } = create(1);
    for (let index = 0; index < 10_000; index += 1) log.report(`r${index}`, {}, 0);
    expect(entries).toHaveLength(257);
    expect(entries.at(-1)).toEqual(["other", { reason: "r256" }, 0]);
    log.tick(1_000);
    expect(entries.at(-1)).toEqual(["other", {}, 10_000 - 257]);
  });
});
