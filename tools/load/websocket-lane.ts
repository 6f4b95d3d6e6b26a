import { setTimeout as delay } from "node:timers/promises";
import { WebSocket } from "ws";
import { nowMicros } from "./record.ts";
import type { Lane } from "./recorder.ts";

/** How soon a closed WebSocket is opened again, milliseconds. */
const reopenMs = 100;
const openWithinMs = 30_000;

/** Keeps one WebSocket open, again and again until the load ends. */
export async function websocketLane(lane: Lane, everyMs: number): Promise<void> {
  while (!lane.signal.aborted) {
    await connection(lane, everyMs);
    await delay(reopenMs, undefined, { signal: lane.signal }).catch(() => {});
  }
}

/** One connection: it tells its version, then every message comes back in order. Resolves when it has closed. */
function connection(lane: Lane, everyMs: number): Promise<void> {
  const { recorder, signal } = lane;
  const { messages } = recorder.seen;
  const url = new URL("/ws", lane.url);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const number = recorder.connection("websocket");
  const start = nowMicros();
  const socket = new WebSocket(url, {
    handshakeTimeout: openWithinMs,
    perMessageDeflate: false,
    ...(lane.host === null ? {} : { headers: { host: lane.host } }),
  });
  return new Promise((resolve) => {
    let head: number | null = null;
    let version: string | null = null;
    let error: string | null = null;
    let count = 0;
    let timer: NodeJS.Timeout | undefined;
    const waiting: string[] = [];
    const stop = () => socket.close(1000);
    const send = () => {
      count += 1;
      const text = `${number}.${count}`;
      waiting.push(text);
      messages.websocket.sent += 1;
      socket.send(text);
    };
    const opened = () => {
      const at = head ?? nowMicros();
      recorder.request({
        kind: "websocket",
        connection: number,
        due: start,
        start,
        head,
        end: at,
        version,
        status: head === null ? null : 101,
        error: version === null ? (error ?? "closed before it told its version") : null,
      });
    };
    socket.on("upgrade", () => {
      head = nowMicros();
    });
    socket.on("error", (cause) => {
      error = cause.message;
    });
    socket.on("message", (data) => {
      const text = data.toString();
      if (version === null) {
        version = versionIn(text);
        opened();
        if (signal.aborted) return stop();
        signal.addEventListener("abort", stop, { once: true });
        timer = setInterval(send, everyMs);
        return send();
      }
      if (waiting.shift() === text) messages.websocket.echoed += 1;
      else recorder.failure("websocket", number, version, `an unexpected message came: ${text.slice(0, 40)}`);
    });
    socket.on("close", (code) => {
      clearInterval(timer);
      signal.removeEventListener("abort", stop);
      messages.websocket.unanswered += waiting.length;
      const clean = code !== 1006 && error === null;
      if (version === null) opened();
      else {
        recorder.closing({
          kind: "websocket",
          connection: number,
          version,
          openedAt: head ?? start,
          closedAt: nowMicros(),
          byServer: !signal.aborted,
          clean,
          code,
          messages: count,
        });
        if (!clean)
          recorder.failure("websocket", number, version, error ?? `ended without a close frame (${code})`);
      }
      resolve();
    });
  });
}

function versionIn(text: string): string {
  try {
    const told: unknown = JSON.parse(text);
    if (typeof told === "object" && told !== null && "version" in told) return String(told.version);
  } catch {
    return "unknown";
  }
  return "unknown";
}
