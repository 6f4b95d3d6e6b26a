import { afterAll, beforeAll, beforeEach, vi } from "vitest";
import type { BackendPolicy, Target } from "../../../../src/model/route.ts";
import type { MockConnection } from "./mock-transport.ts";
import { type MockPlane, mockTarget, openMockPlane } from "./plane.ts";

/** A data plane with one target, new for every test, and the clock in the test's hands. */
export interface Stage {
  readonly mock: MockPlane;
  readonly target: Target;
  client(): MockConnection;
  /** The outgoing connection with this number, which stands. */
  upstream(number?: number): MockConnection;
  /** Number of outgoing connections. */
  readonly connections: number;
  /** Claims in all targets. */
  readonly inFlight: number;
  /** Lines of the access log that are written, as objects. */
  logged(): Promise<Record<string, unknown>[]>;
  switchTo(targets: Target[], policy?: BackendPolicy, release?: number): void;
  /** Lets time pass, and with it the ticks of the data plane. */
  pass(ms: number): void;
}

export function setStage(): Stage {
  let mock: MockPlane;
  let target: Target;
  let number = 0;
  const clients: MockConnection[] = [];
  beforeAll(async () => {
    vi.useFakeTimers({
      toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate", "performance"],
    });
    mock = await openMockPlane();
  });
  afterAll(() => {
    vi.useRealTimers();
  });
  beforeEach(async () => {
    for (const client of clients.splice(0)) client.peerFail();
    await vi.advanceTimersByTimeAsync(2_000);
    mock.transport.outgoing.length = 0;
    mock.log.length = 0;
    number += 10;
    target = mockTarget(number);
    mock.switchTo([target]);
  });
  return {
    get mock() {
      return mock;
    },
    get target() {
      return target;
    },
    client() {
      const client = mock.transport.client();
      clients.push(client);
      return client;
    },
    upstream(index = 0) {
      const connection = mock.transport.outgoing[index];
      if (!connection) throw new Error(`there is no connection ${index}`);
      connection.stand();
      return connection;
    },
    get connections() {
      return mock.transport.outgoing.length;
    },
    get inFlight() {
      return mock.targets.all().reduce((sum, one) => sum + one.inFlight, 0);
    },
    async logged() {
      await vi.advanceTimersByTimeAsync(2_000);
      return mock.log.map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    switchTo: (targets, policy, release) => mock.switchTo(targets, policy, release),
    pass: (ms) => void vi.advanceTimersByTime(ms),
  };
}

export const get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
export const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
