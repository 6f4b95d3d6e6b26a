import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RoutingTable } from "../../../src/model/route.ts";
import { type ContainerOf, startControl, type TestControl } from "../../support/control.ts";
import { FakeEngine } from "../../support/fake-engine.ts";
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

async function ask(init: RequestInit = {}): Promise<string> {
  const response = await fetch(control.gateway.url, init);
  const text = await response.text();
  return response.ok ? text : `status ${response.status}`;
}

describe("what a release says of the gateway", () => {
  it("takes effect with the switch, and goes with a rollback", async () => {
    await control.deploy({ services: [webService()] }, named);
    const policy = { maxBodyBytes: 10, ejection: null };
    await control.deploy({ services: [webService({ policy })] }, named);
    expect((await table()).backends).toEqual([expect.objectContaining({ release: 2, policy })]);
    expect(await ask({ method: "POST", body: "0123456789" })).toBe("web 2");
    expect(await ask({ method: "POST", body: "0123456789a" })).toBe("status 413");
    const back = control.begin("shop", { kind: "rollback" });
    expect(await back.outcome()).toMatchObject({ outcome: "live" });
    expect((await table()).backends[0]).not.toHaveProperty("policy");
    expect(await ask({ method: "POST", body: "0123456789a" })).toBe("web 1");
  });

  it("sends requests that fulfil a condition to the service that asks for it", async () => {
    const when = { header: "x-beta", value: "1" };
    const beta = webService({ name: "beta", routes: [{ ...anyHost, when }] });
    await control.deploy({ services: [webService(), beta] }, named);
    expect(await ask()).toBe("web 1");
    expect(await ask({ headers: { "x-beta": "1" } })).toBe("beta 1");
    expect(await ask({ headers: { "x-beta": "2" } })).toBe("web 1");
  });

  it("shares requests by weight, also after a container has come back", async () => {
    const services = [
      webService({ weight: 1 }),
      webService({ name: "canary", routes: [], weight: 0, sharesWith: "web" }),
    ];
    await control.deploy({ services }, named);
    const weights = async () =>
      (await table()).backends.map((backend) => backend.targets.map((target) => target.weight).toSorted());
    expect(await weights()).toEqual([[0, 1]]);
    const answers = new Set(await Promise.all(Array.from({ length: 40 }, () => ask())));
    expect([...answers]).toEqual(["web 1"]);
    const [id = ""] = await control.routed();
    control.engine.crash(id);
    while ((await weights())[0]?.length !== 1) await new Promise((resolve) => setImmediate(resolve));
    await control.engine.start(id);
    while ((await weights())[0]?.length !== 2) await new Promise((resolve) => setImmediate(resolve));
    expect(await weights()).toEqual([[0, 1]]);
  });
});
