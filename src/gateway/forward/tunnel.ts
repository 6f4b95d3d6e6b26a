import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import {
  type FrameTracker,
  atFrameBorder,
  closeFrame,
  createFrameTracker,
  trackFrames,
} from "../websocket-frames.ts";

/** RFC 6455 registry: "service restart", which tells a client to come back. */
const serviceRestart = 1012;
/** How long both sides have to come to a frame border and to answer the Close. */
const closeWaitMs = 1_000;

/** One end of a tunnel and the bytes that were read from it with the handshake. */
export interface TunnelEnd {
  socket: Duplex;
  head: Buffer;
}

/**
 * Joins two connections after an upgrade, each direction with backpressure and an end of its own.
 *
 * @param onClosed is called once, when both connections are closed
 * @returns `close` ends a WebSocket with Close frames at the next frame borders, anything else with both ends' FIN
 */
export function openTunnel(
  client: TunnelEnd,
  target: TunnelEnd,
  webSocket: boolean,
  onClosed: () => void,
): { close(): void } {
  const down = createDirection(target.socket, client.socket, webSocket, () =>
    closeFrame(serviceRestart, null),
  );
  const up = createDirection(client.socket, target.socket, webSocket, () =>
    closeFrame(serviceRestart, randomBytes(4)),
  );
  const destroy = () => {
    client.socket.destroy();
    target.socket.destroy();
  };
  let closing = false;
  let open = 2;
  const closed = () => {
    open -= 1;
    if (open === 0) onClosed();
    else destroy();
  };
  for (const { socket } of [client, target]) {
    socket.on("error", destroy);
    socket.once("close", closed);
  }
  const endWhenAgreed = () => {
    if (!closing || !up.peerClosed() || !down.ended()) return;
    client.socket.end();
    target.socket.end();
  };
  up.start(client.head, endWhenAgreed);
  down.start(target.head, endWhenAgreed);
  return {
    close() {
      if (closing) return;
      closing = true;
      const timer = setTimeout(destroy, closeWaitMs);
      client.socket.once("close", () => clearTimeout(timer));
      if (client.socket.destroyed) clearTimeout(timer);
      down.end();
      up.end();
      if (!webSocket) {
        client.socket.end();
        target.socket.end();
      }
    },
  };
}

interface Direction {
  start(head: Buffer, changed: () => void): void;
  /** Lets nothing through after the current frame, and puts a Close frame at its end. */
  end(): void;
  /** The Close frame was sent. */
  ended(): boolean;
  /** The sender has sent a Close frame or ended. */
  peerClosed(): boolean;
}

function createDirection(from: Duplex, to: Duplex, webSocket: boolean, makeClose: () => Buffer): Direction {
  const tracker: FrameTracker | null = webSocket ? createFrameTracker() : null;
  let state: "open" | "ending" | "ended" = "open";
  let finished = false;
  let changed: () => void = () => undefined;
  const putClose = () => {
    if (state !== "ending" || !tracker || !atFrameBorder(tracker)) return;
    state = "ended";
    if (!tracker.closed && to.writable) to.write(makeClose());
    from.resume();
  };
  const pass = (chunk: Buffer) => {
    if (state === "open") {
      if (tracker) trackFrames(tracker, chunk);
      if (!to.write(chunk)) from.pause();
    } else if (state === "ending" && tracker) {
      const rest = trackFrames(tracker, chunk, true);
      if (rest > 0) to.write(chunk.subarray(0, rest));
      putClose();
      trackFrames(tracker, chunk.subarray(rest));
    } else if (tracker) trackFrames(tracker, chunk);
    changed();
  };
  return {
    start(head, onChange) {
      changed = onChange;
      if (head.length > 0) pass(head);
      from.on("data", pass);
      to.on("drain", () => from.resume());
      from.on("end", () => {
        finished = true;
        if (state !== "ended") to.end();
        changed();
      });
    },
    end() {
      state = "ending";
      putClose();
      changed();
    },
    ended: () => state === "ended" || finished,
    peerClosed: () => finished || (tracker?.closed ?? false),
  };
}
