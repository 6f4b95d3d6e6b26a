import { describe, expect, test } from "vitest";
import { WaitQueue, Waiter, queueRoom } from "../../../../src/gateway/balance/queue.ts";

/** A queue before so many places, and a log of what became of those who waited. */
function scene(places: number, room = 10) {
  const queue = new WaitQueue(room, 1_000);
  const log: string[] = [];
  const sizes: number[] = [];
  queue.changed = () => sizes.push(queue.size);
  const scene = {
    queue,
    log,
    sizes,
    places,
    join(name: string, now = 0, onTurn: () => void = () => undefined): Waiter {
      const waiter = new Waiter({
        turn() {
          if (scene.places === 0) return false;
          scene.places -= 1;
          log.push(name);
          onTurn();
          return true;
        },
        expired: () => void log.push(`${name} expired`),
      });
      log.push(...(queue.join(waiter, now) ? [] : [`${name} refused`]));
      return waiter;
    },
    free(count: number) {
      scene.places += count;
      queue.wake();
    },
  };
  return scene;
}

describe("a queue", () => {
  test("serves in the order of arrival, for as long as there is room", () => {
    const { queue, log, join, free, sizes } = scene(0);
    for (const name of ["a", "b", "c", "d"]) join(name);
    free(2);
    expect(log).toEqual(["a", "b"]);
    queue.wake();
    join("e");
    free(9);
    expect(log).toEqual(["a", "b", "c", "d", "e"]);
    expect(sizes).toEqual([1, 2, 3, 4, 2, 3, 0]);
  });

  test("is bounded", () => {
    const { queue, log, join, free } = scene(0, 2);
    for (const name of ["a", "b", "c"]) join(name);
    expect(log).toEqual(["c refused"]);
    free(1);
    join("d");
    expect([queue.size, ...log]).toEqual([2, "c refused", "a"]);
  });

  test("ends each wait after its time, also when that became shorter meanwhile", () => {
    const { queue, log, join } = scene(0);
    join("a", 0);
    join("b", 500);
    queue.waitMs = 100;
    join("c", 500);
    queue.tick(599);
    expect(log).toEqual([]);
    queue.tick(600);
    queue.tick(1_000);
    expect(log).toEqual(["c expired", "a expired"]);
    queue.tick(9_000);
    expect([queue.size, ...log]).toEqual([0, "c expired", "a expired", "b expired"]);
  });

  test("gives a turn before it ends a wait: time may have brought a target back", () => {
    const scenery = scene(0);
    scenery.join("a", 0);
    scenery.places = 1;
    scenery.queue.tick(5_000);
    expect(scenery.log).toEqual(["a"]);
  });

  test("one that leaves is neither served nor told, wherever it stands", () => {
    for (const leaver of [0, 1, 2]) {
      const { queue, log, join, free } = scene(0);
      const waiters = ["a", "b", "c"].map((name) => join(name));
      waiters[leaver]?.leave();
      waiters[leaver]?.leave();
      expect(queue.size).toBe(2);
      free(5);
      queue.tick(99_999);
      expect(log).toEqual(["a", "b", "c"].filter((_name, index) => index !== leaver));
    }
  });

  test("whoever has its turn may wait again at once, and others may leave meanwhile", () => {
    const scenery = scene(0);
    const { queue, log, join, free } = scenery;
    const first: Waiter = join("a", 0, () => {
      log.push(queue.join(first, 0) ? "a again" : "a lost");
      second.leave();
      queue.wake();
    });
    const second = join("b");
    join("c");
    free(1);
    expect(log).toEqual(["a", "a again"]);
    free(1);
    expect(log).toEqual(["a", "a again", "c"]);
    expect(queue.size).toBe(1);
  });

  test("one that expires may take another with it", () => {
    const { queue, log } = scene(0);
    const other = new Waiter({ turn: () => false, expired: () => void log.push("other") });
    const one = new Waiter({
      turn: () => false,
      expired() {
        log.push("one");
        other.leave();
      },
    });
    queue.join(one, 0);
    queue.join(other, 0);
    queue.tick(2_000);
    expect([queue.size, ...log]).toEqual([0, "one"]);
  });

  test("all can be taken out in order", () => {
    const { queue, log, join, free } = scene(0);
    const waiters = ["a", "b"].map((name) => join(name));
    expect(queue.takeAll()).toEqual(waiters.map((waiter) => waiter.request));
    free(5);
    expect([queue.size, waiters[0]?.queue, ...log]).toEqual([0, null]);
  });
});

test("the room in all workers together is what the policy says, but each has some", () => {
  expect([queueRoom(1_000, 4), queueRoom(10, 3), queueRoom(2, 8), queueRoom(0, 8)]).toEqual([250, 3, 1, 0]);
});
