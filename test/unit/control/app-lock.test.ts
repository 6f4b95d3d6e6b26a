import { describe, expect, it } from "vitest";
import { AppLock } from "../../../src/control/app-lock.ts";
import type { LockHolder } from "../../../src/model/deployment.ts";

function holder(name: string): () => LockHolder {
  return () => ({ deployment: name, who: "ann@laptop", since: 0, step: "prepare" });
}

describe("AppLock", () => {
  it("is one holder's at a time and names it", () => {
    const lock = new AppLock();
    const lease = lock.tryAcquire(holder("d1"));
    expect(lease).not.toBeNull();
    expect(lock.tryAcquire(holder("d2"))).toBeNull();
    expect(lock.holder()?.deployment).toBe("d1");
    lease?.release();
    expect(lock.holder()).toBeNull();
  });

  it("passes to those who wait in the order they came", async () => {
    const lock = new AppLock();
    const order: string[] = [];
    const first = lock.tryAcquire(holder("d1"));
    const never = new AbortController().signal;
    const waiting = ["d2", "d3"].map(async (name) => {
      const lease = await lock.acquire(holder(name), never);
      order.push(lock.holder()?.deployment ?? "");
      lease?.release();
    });
    first?.release();
    first?.release();
    await Promise.all(waiting);
    expect(order).toEqual(["d2", "d3"]);
    expect(lock.holder()).toBeNull();
  });

  it("skips who has given up waiting", async () => {
    const lock = new AppLock();
    const first = lock.tryAcquire(holder("d1"));
    const impatient = new AbortController();
    const gone = lock.acquire(holder("d2"), impatient.signal);
    const patient = lock.acquire(holder("d3"), new AbortController().signal);
    impatient.abort();
    expect(await gone).toBeNull();
    first?.release();
    expect(await patient).not.toBeNull();
    expect(lock.holder()?.deployment).toBe("d3");
  });
});
