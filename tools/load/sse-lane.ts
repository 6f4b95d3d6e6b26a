import { Agent, type IncomingMessage, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { nowMicros } from "./record.ts";
import type { Lane } from "./recorder.ts";

/** What one stream hands on to the next, as EventSource does. */
interface Follow {
  lastId: number | null;
  retryMs: number;
}

/** Follows one event stream until the load ends; opens it again after `retry` with the last id it saw. */
export async function sseLane(lane: Lane): Promise<void> {
  const follow: Follow = { lastId: null, retryMs: 1_000 };
  while (!lane.signal.aborted) {
    await stream(lane, follow);
    await delay(follow.retryMs, undefined, { signal: lane.signal }).catch(() => {});
  }
}

/** One stream. Resolves when it has ended. */
function stream(lane: Lane, follow: Follow): Promise<void> {
  const { recorder, signal } = lane;
  const number = recorder.connection("sse");
  const start = nowMicros();
  const agent = new Agent({ keepAlive: false });
  return new Promise((resolve) => {
    const outgoing = request(new URL("/events", lane.url), {
      agent,
      headers: {
        accept: "text/event-stream",
        ...(lane.host === null ? {} : { host: lane.host }),
        ...(follow.lastId === null ? {} : { "last-event-id": String(follow.lastId) }),
      },
    });
    const stop = () => void outgoing.destroy();
    signal.addEventListener("abort", stop, { once: true });
    const done = () => {
      signal.removeEventListener("abort", stop);
      agent.destroy();
      resolve();
    };
    const opened = (response: IncomingMessage | null, error: string | null) => {
      const at = nowMicros();
      const version = response?.headers["x-version"];
      recorder.request({
        kind: "sse",
        connection: number,
        due: start,
        start,
        head: response ? at : null,
        end: at,
        version: typeof version === "string" ? version : null,
        status: response?.statusCode ?? null,
        error,
      });
      return typeof version === "string" ? version : null;
    };
    outgoing.on("error", (error) => {
      if (!signal.aborted) opened(null, error.message);
      done();
    });
    outgoing.on("response", (response) => {
      outgoing.removeAllListeners("error").on("error", () => {});
      const version = opened(response, response.statusCode === 200 ? null : `status ${response.statusCode}`);
      const openedAt = nowMicros();
      let events = 0;
      readEvents(response, follow, (id) => {
        events += 1;
        recorder.seen.messages.sse.events += 1;
        if (follow.lastId !== null && id !== follow.lastId + 1) {
          recorder.seen.messages.sse.missed += 1;
          recorder.failure("sse", number, version, `event ${id} came after ${follow.lastId}`);
        }
        follow.lastId = id;
      });
      response.on("error", () => {});
      response.on("close", () => {
        const clean = response.complete;
        const byServer = !signal.aborted;
        recorder.closing({
          kind: "sse",
          connection: number,
          version,
          openedAt,
          closedAt: nowMicros(),
          byServer,
          clean,
          code: null,
          messages: events,
        });
        if (byServer && !clean)
          recorder.failure("sse", number, version, "the stream ended without its last chunk");
        done();
      });
    });
    outgoing.end();
  });
}

/** Takes `id` and `retry` out of an event stream (HTML standard, 9.2.6); the rest of it is not looked at. */
function readEvents(response: IncomingMessage, follow: Follow, onId: (id: number) => void): void {
  let text = "";
  response.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      for (const line of block.split("\n")) {
        const [field, value = ""] = line.split(": ", 2);
        if (field === "id") onId(Number(value));
        if (field === "retry") follow.retryMs = Number(value);
      }
    }
  });
}
