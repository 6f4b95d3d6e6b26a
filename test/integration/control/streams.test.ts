import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AppSummary, PutReleaseRequest } from "../../../src/model/control-api.ts";
import type { ReleaseService } from "../../../src/model/release.ts";
import type { RoutingTable } from "../../../src/model/route.ts";
import { defaultSettings } from "../../../src/model/settings.ts";
import { type ContainerOf, startControl, type TestControl } from "../../support/control.ts";
import { FakeEngine } from "../../support/fake-engine.ts";
import { freePort } from "../../support/gateway.ts";
import { webService } from "../../support/release.ts";

let control: TestControl;

beforeEach(async () => {
  control = await startControl(new FakeEngine());
});

afterEach(() => control[Symbol.asyncDispose]());

/** Answers with the service's name and the release's number. */
const named: ContainerOf = ({ name }, number) => ({
  serve: (request, response) => {
    request.resume();
    request.on("end", () => response.end(`${name} ${number}`));
  },
});

const anyHost = { listener: "http", hosts: [], path: "/", priority: 0 };

function table(): Promise<RoutingTable> {
  return control.gateway.call("GET", "/v1/table");
}

describe("connections that are passed on as they are", () => {
  let port: number;

  beforeEach(async () => {
    port = await freePort();
  });

  /** A release whose one service takes connections on the port. */
  function streaming(overrides: Partial<ReleaseService> = {}): Partial<PutReleaseRequest> {
    const listener = `port:${port}`;
    return {
      listeners: [{ name: listener, host: null, port, protocol: "tcp" }],
      services: [webService({ routes: [], streams: [{ listener, serverNames: [] }], ...overrides })],
      settings: { ...defaultSettings, drainConnectionsMs: 60_000, drainSpreadMs: 0 },
    };
  }

  async function open(): Promise<Socket> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    return socket;
  }

  /** The body that is answered to a request on the connection. */
  async function say(socket: Socket): Promise<string> {
    socket.write("GET / HTTP/1.1\r\nHost: any\r\n\r\n");
    let text = "";
    while (!/\r\n\r\n.*web \d/s.test(text)) text += String((await once(socket, "data"))[0]);
    return /web \d/.exec(text)?.[0] ?? "";
  }

  it("go to the live release; those that are open stay with theirs until it has drained", async () => {
    expect(await control.deploy(streaming(), named)).toMatchObject({ outcome: "live" });
    const first = await open();
    expect(await say(first)).toBe("web 1");
    const { deployment } = await control.stage(streaming(), named);
    await control.handOver(deployment);
    while ((await table()).backends[0]?.release !== 2) await new Promise((resolve) => setImmediate(resolve));
    const second = await open();
    expect(await say(second)).toBe("web 2");
    expect(await say(first)).toBe("web 1");
    first.destroy();
    expect((await control.ended(deployment)).outcome).toBe("live");
    expect(await say(second)).toBe("web 2");
    second.destroy();
    const { streams, routes } = (await control.get("/v1/apps/shop")) as AppSummary;
    expect(routes).toEqual([]);
    expect(streams).toEqual([expect.objectContaining({ listener: `port:${port}`, backend: "shop/web@2" })]);
  });

  it("have a port of one app alone, and never the gateway's own", async () => {
    await control.deploy(streaming(), named);
    expect(
      await control.deploy({ ...streaming(), app: "blog" }, named).catch((error: unknown) => error),
    ).toMatchObject({ code: "ROUTE_TAKEN", message: `listener port:${port} belongs to app shop` });
    port = control.gateway.httpPort;
    expect(await control.deploy(streaming(), named).catch((error: unknown) => error)).toMatchObject({
      code: "PORT_TAKEN",
      message: expect.stringContaining("is the gateway's own for HTTP"),
    });
  });

  it("take a port over from HTTP, and give it back, with a new release", async () => {
    const { listeners = [], ...rest } = streaming();
    const http = {
      ...rest,
      listeners: listeners.map(({ protocol: _, ...listener }) => listener),
      services: [webService({ routes: [{ ...anyHost, listener: `port:${port}` }] })],
    };
    for (const [number, draft] of [http, streaming(), http].entries()) {
      expect(await control.deploy(draft, named)).toMatchObject({ outcome: "live" });
      const socket = await open();
      expect(await say(socket)).toBe(`web ${number + 1}`);
      socket.destroy();
    }
  });
});
