import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { MockConnection } from "./mock-transport.ts";
import { type MockPlane, mockTarget, openMockPlane } from "./plane.ts";

let mock: MockPlane;
let transport: MockPlane["transport"];
let ports = 0;

beforeAll(async () => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate", "performance"],
  });
  mock = await openMockPlane();
  transport = mock.transport;
});

afterAll(() => {
  vi.useRealTimers();
});

beforeEach(() => {
  transport.outgoing.length = 0;
  ports += 2;
  mock.switchTo([mockTarget(ports)]);
});

const get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** The outgoing connection with this number, which stands. */
function upstream(number = 0): MockConnection {
  const connection = transport.outgoing[number];
  if (!connection) throw new Error(`there is no connection ${number}`);
  connection.stand();
  return connection;
}

function inFlight(): number {
  return [...mock.targets.present()].reduce((sum, target) => sum + target.inFlight, 0);
}

describe("an exchange", () => {
  it("carries a request and its answer", () => {
    const client = transport.client();
    client.arrive(get);
    expect(inFlight()).toBe(1);
    const target = upstream();
    expect(target.text).toMatch(/^GET \/ HTTP\/1\.1\r\nHost: h\r\n/);
    target.arrive(ok);
    expect(client.text).toBe(ok);
    expect(inFlight()).toBe(0);
    expect(client.closed).toBe(false);
  });

  it("keeps an interim response as it is while the client does not read, whatever comes behind it", () => {
    const client = transport.client();
    client.arrive(get);
    client.congested = true;
    upstream().arrive(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n\r\nbody`);
    client.congested = false;
    client.flush();
    expect(client.text).toBe(
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" +
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n",
    );
    expect(client.faults).toEqual([]);
  });
});
