import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { transports, turn } from "../../contract/gateway/transport-setting.ts";
import { StreamSetting, StreamTarget } from "./stream-setting.ts";

/** Numbers from 0 up to 1 that are the same in every run (Park and Miller). */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** Does things to a socket, one after the other, until it is over. */
async function play(socket: Socket, roll: () => number): Promise<void> {
  socket.on("error", () => undefined);
  socket.resume();
  for (let step = 0; step < 6 && !socket.destroyed; step++) {
    const choice = roll();
    if (choice < 0.35) socket.write(Buffer.alloc(1 + Math.floor(roll() ** 6 * 3_000_000), "x"));
    else if (choice < 0.45) socket.pause();
    else if (choice < 0.55) socket.resume();
    else if (choice < 0.65) socket.end();
    else if (choice < 0.72) socket.resetAndDestroy();
    else if (choice < 0.78) socket.destroy();
    for (let turns = Math.floor(roll() * 8); turns > 0; turns--) await turn();
  }
  socket.resume();
  if (roll() < 0.5) socket.end();
  else socket.destroy();
}

describe.each(transports)("streams over %s", (_name, make) => {
  it.each([1, 2, 3])("leave nothing behind, whatever happens to them (seed %i)", async (seed) => {
    const roll = dice(seed * 7_919);
    const count = 200;
    await using it = await StreamSetting.make(make());
    const serve = (socket: Socket) => void play(socket, roll);
    await using one = await StreamTarget.start(serve);
    await using two = await StreamTarget.start(serve);
    it.serve([{ ports: [one.port] }]);
    const clients: Promise<void>[] = [];
    for (let index = 0; index < count; index++) {
      const client = it.dial();
      clients.push(play(client, roll));
      const choice = roll();
      if (choice < 0.1) it.gate.hold();
      else if (choice < 0.3) it.serve([{ ports: choice < 0.2 ? [one.port] : [two.port, one.port] }]);
      else if (choice < 0.4) for (const claim of it.targets.claims()) if (roll() < 0.3) claim.cutter.close();
      if (roll() < 0.5) await turn();
    }
    it.serve([{ ports: [one.port, two.port] }]);
    await Promise.all(clients);
    for (const socket of [...one.sockets, ...two.sockets]) socket.destroy();
    while (it.streams.count > 0) {
      for (const socket of [...one.sockets, ...two.sockets]) socket.destroy();
      await turn();
    }
    expect(it.reports.length).toBeGreaterThan(count / 2);
    expect(it.reports.length).toBeLessThanOrEqual(count);
    expect(it.targets.claims()).toEqual([]);
    expect([it.state(one.port).inFlight, it.state(two.port).inFlight, it.gate.waiting]).toEqual([0, 0, 0]);
  });
});
