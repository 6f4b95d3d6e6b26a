import { get } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

const everyMs = 5;
const timeoutMs = 1_000;

/** Asks an address about every 5 ms over new connections; gives the time of the first good answer, in milliseconds since the epoch. */
export async function firstGoodAnswer(
  host: string,
  port: number,
  path: string,
  signal: AbortSignal,
): Promise<number> {
  for (;;) {
    signal.throwIfAborted();
    const from = performance.now();
    if (await answersWell(host, port, path, signal)) return Date.now();
    await delay(Math.max(0, everyMs - (performance.now() - from)), undefined, { signal });
  }
}

function answersWell(host: string, port: number, path: string, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ host, port, path, agent: false, timeout: timeoutMs, signal });
    request.on("response", (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(false));
    request.on("close", () => resolve(false));
  });
}
