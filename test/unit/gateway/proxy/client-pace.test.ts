import { describe, expect, it } from "vitest";
import { ClientPace } from "../../../../src/gateway/proxy/client-pace.ts";
import type { Connection } from "../../../../src/gateway/transport/transport.ts";

const settings = { sendMs: 10_000, minRate: 1_000 };

/** A connection with so many bytes that wait. */
function waiting(bytes: number): Connection {
  return { queued: bytes > 0 ? 1 : 0, unsent: () => bytes } as unknown as Connection;
}

describe("a client that takes an answer", () => {
  it("may stand still for the time to send, and no longer", () => {
    const pace = new ClientPace();
    for (let now = 1; now <= 10_001; now += 100) {
      expect(pace.takesTooLittle(waiting(5_000), -1, now, settings)).toBe(false);
    }
    expect(pace.takesTooLittle(waiting(5_000), -1, 10_002, settings)).toBe(true);
  });

  it("has moved when less waits, or when nothing waited in between", () => {
    const pace = new ClientPace();
    let unsent = 100_000;
    for (let now = 1; now < 60_000; now += 5_000) {
      unsent -= 1;
      expect(pace.takesTooLittle(waiting(unsent), -1, now, settings)).toBe(false);
    }
    for (let now = 60_000; now < 120_000; now += 9_000) {
      pace.emptied();
      expect(pace.takesTooLittle(waiting(131_072), -1, now, settings)).toBe(false);
    }
  });

  it("has to take the least rate, after five seconds", () => {
    const slow = new ClientPace();
    const fast = new ClientPace();
    let slowAt = -1;
    for (let now = 0; now <= 60_000; now += 100) {
      const elapsed = now / 1_000;
      // Both began when what they had taken was little.
      if (slow.takesTooLittle(waiting(1_000_000 - elapsed * 500), 1_000_000, now, settings)) {
        slowAt = now;
        break;
      }
    }
    for (let now = 0; now <= 60_000; now += 100) {
      const taken = (now / 1_000) * 1_100;
      expect(fast.takesTooLittle(waiting(1_000_000 - taken), 1_000_000, now, settings)).toBe(false);
    }
    expect(slowAt).toBeGreaterThan(9_000);
    expect(slowAt).toBeLessThan(11_500);
  });

  it("is not blamed for what the target does not send", () => {
    const pace = new ClientPace();
    for (let now = 0; now <= 600_000; now += 100) {
      expect(pace.takesTooLittle(waiting(0), 1_000, now, settings)).toBe(false);
    }
    expect(pace.takesTooLittle(waiting(10), 1_010, 600_100, settings)).toBe(false);
  });
});

describe("a client that sends a body", () => {
  it("is too slow below the least rate, and a fast beginning helps for a minute at most", () => {
    const cutAt = (begun: number, rate: number) => {
      const pace = new ClientPace();
      for (let now = 0; now < 1_000_000; now += 100) {
        if (pace.sendsTooLittle(begun + (now / 1_000) * rate, now, settings)) return now;
      }
      return Number.POSITIVE_INFINITY;
    };
    expect(cutAt(0, 0)).toBeLessThan(5_500);
    expect(cutAt(0, 1_001)).toBe(Number.POSITIVE_INFINITY);
    expect(cutAt(10_000_000, 0)).toBeGreaterThan(55_000);
    expect(cutAt(10_000_000, 0)).toBeLessThan(61_000);
  });

  it("is not too slow while it may not send", () => {
    const pace = new ClientPace();
    expect(pace.sendsTooLittle(0, 0, settings)).toBe(false);
    for (let now = 100; now < 100_000; now += 100) pace.excuseSending(0, now);
    expect(pace.sendsTooLittle(0, 100_100, settings)).toBe(false);
    pace.endSending(0);
    expect(pace.sendsTooLittle(0, 900_000, settings)).toBe(false);
  });
});
