import type { ClientRequest, IncomingMessage } from "node:http";

/**
 * Sends a client's body on, with backpressure and trailers. `stop` leaves the rest unread, so that it can be sent to
 * another as long as `onFirstByte` was not called; it does nothing when called again.
 *
 * @param onSilence is called when the client sent nothing for `silentMs` though it could have
 */
export function relayBody(
  from: IncomingMessage,
  to: ClientRequest,
  onFirstByte: () => void,
  onSilence: () => void,
  silentMs = 60_000,
): { stop(): void } {
  let timer = setTimeout(onSilence, silentMs);
  let touched = false;
  let stopped = false;
  const data = (chunk: Buffer) => {
    if (!touched) onFirstByte();
    touched = true;
    if (to.write(chunk)) timer.refresh();
    else {
      from.pause();
      clearTimeout(timer);
    }
  };
  const drain = () => {
    clearTimeout(timer);
    timer = setTimeout(onSilence, silentMs);
    from.resume();
  };
  const end = () => {
    finish();
    if (from.rawTrailers.length > 0) to.addTrailers(pairs(from.rawTrailers));
    to.end();
  };
  const finish = () => {
    stopped = true;
    clearTimeout(timer);
    from.off("data", data).off("end", end);
    to.off("drain", drain);
  };
  from.on("data", data).on("end", end);
  to.on("drain", drain);
  from.resume();
  return {
    stop() {
      if (stopped) return;
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
