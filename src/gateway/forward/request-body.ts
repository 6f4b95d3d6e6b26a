import type { ClientRequest, IncomingMessage } from "node:http";

/** How long a client may be silent in the middle of a body. */
const silentMs = 60_000;

/**
 * Sends a client's body on, with backpressure and trailers. `stop` leaves the rest unread, so that it can be sent to
 * another as long as `onFirstByte` was not called.
 */
export function relayBody(
  from: IncomingMessage,
  to: ClientRequest,
  onFirstByte: () => void,
  onSilence: () => void,
): { stop(): void } {
  let timer: NodeJS.Timeout | null = setTimeout(onSilence, silentMs);
  let touched = false;
  const data = (chunk: Buffer) => {
    if (!touched) onFirstByte();
    touched = true;
    timer?.refresh();
    if (!to.write(chunk)) {
      from.pause();
      if (timer) clearTimeout(timer);
    }
  };
  const drain = () => {
    timer?.refresh();
    from.resume();
  };
  const end = () => {
    finish();
    if (from.rawTrailers.length > 0) to.addTrailers(pairs(from.rawTrailers));
    to.end();
  };
  const finish = () => {
    if (timer) clearTimeout(timer);
    timer = null;
    from.off("data", data).off("end", end);
    to.off("drain", drain);
  };
  from.on("data", data).on("end", end);
  to.on("drain", drain);
  from.resume();
  return {
    stop() {
      finish();
      from.pause();
    },
  };
}

/** Trailers of a raw list in the form that node's `addTrailers` takes. */
export function pairs(raw: readonly string[]): [string, string][] {
  const list: [string, string][] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) list.push([raw[at] ?? "", raw[at + 1] ?? ""]);
  return list;
}
