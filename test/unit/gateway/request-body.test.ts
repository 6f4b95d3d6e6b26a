import type { ClientRequest, IncomingMessage } from "node:http";
import { once } from "node:events";
import { PassThrough, Writable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { relayBody } from "../../../src/gateway/forward/request-body.ts";

/** A request that takes a chunk only when it is told to. */
function slowRequest(): { request: ClientRequest; take: () => void } {
  let taken: () => void = () => undefined;
  const writable = new Writable({
    highWaterMark: 1,
    write(_chunk, _encoding, callback) {
      taken = callback;
    },
  });
  return { request: writable as unknown as ClientRequest, take: () => taken() };
}

function fakeIncoming(): PassThrough & IncomingMessage {
  return Object.assign(new PassThrough(), { rawTrailers: [] }) as unknown as PassThrough & IncomingMessage;
}

describe("a client's silence", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => void vi.useRealTimers());

  test("is measured only while the target takes the body, and again after each stop", async () => {
    const from = fakeIncoming();
    const { request, take } = slowRequest();
    const silent = vi.fn();
    relayBody(from, request, () => undefined, silent, 1_000);
    from.write("begin");
    await vi.waitFor(() => expect(request.writableLength).toBe(5));
    vi.advanceTimersByTime(10_000);
    expect(silent).not.toHaveBeenCalled();
    const drained = once(request, "drain");
    take();
    await drained;
    vi.advanceTimersByTime(999);
    expect(silent).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(silent).toHaveBeenCalledOnce();
  });
});

test("stopping a second time leaves the reading to whoever took over", () => {
  const from = fakeIncoming();
  const body = relayBody(
    from,
    slowRequest().request,
    () => undefined,
    () => undefined,
  );
  body.stop();
  expect(from.isPaused()).toBe(true);
  from.resume();
  body.stop();
  expect(from.isPaused()).toBe(false);
});
