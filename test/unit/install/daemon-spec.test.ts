import { describe, expect, test } from "vitest";
import { controlSpec, gatewaySpec, type SpecInput } from "../../../src/install/daemon-spec.ts";

const input: SpecInput = {
  instance: "cutover",
  httpPort: 80,
  bind: null,
  engineSocket: "/var/run/docker.sock",
  image: { ref: "cutover/daemon:1-a", made: false, identity: { control: "c1", gateway: "g1" } },
};

describe("the daemons' containers", () => {
  test("the gateway has no Docker socket, no root and one capability", () => {
    const { body } = gatewaySpec(input);
    expect(body).toMatchObject({
      User: "10001:10001",
      HostConfig: {
        NetworkMode: "host",
        ReadonlyRootfs: true,
        CapDrop: ["ALL"],
        CapAdd: ["NET_BIND_SERVICE"],
        Mounts: [{ Type: "volume", Source: "cutover-gateway", Target: "/run/cutover" }],
      },
    });
    expect(JSON.stringify(body)).not.toContain("docker.sock");
  });

  test("control has no network and publishes nothing", () => {
    const { body } = controlSpec(input);
    expect(body).toMatchObject({
      HostConfig: { NetworkMode: "none", ReadonlyRootfs: true, CapDrop: ["ALL"] },
    });
    expect(JSON.stringify(body)).not.toContain("PortBindings");
  });

  test("a daemon is made again only for what it uses itself", () => {
    const image = { ...input.image, ref: "cutover/daemon:2-b", identity: { control: "c2", gateway: "g1" } };
    expect(gatewaySpec({ ...input, image }).config).toBe(gatewaySpec(input).config);
    expect(controlSpec({ ...input, image }).config).not.toBe(controlSpec(input).config);
    expect(gatewaySpec({ ...input, httpPort: 81 }).config).not.toBe(gatewaySpec(input).config);
    expect(controlSpec({ ...input, httpPort: 81 }).config).toBe(controlSpec(input).config);
    expect(gatewaySpec({ ...input, bind: "127.0.0.1" }).config).not.toBe(gatewaySpec(input).config);
  });
});
