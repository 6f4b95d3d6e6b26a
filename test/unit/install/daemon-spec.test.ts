import { describe, expect, test } from "vitest";
import { chooseSettings, settingsOfSpec } from "../../../src/install/gateway-settings.ts";
import { controlSpec, gatewaySpec, type SpecInput } from "../../../src/install/daemon-spec.ts";

const input: SpecInput = {
  instance: "cutover",
  httpPort: 80,
  bind: null,
  settings: {},
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
    const settings = { "access-log": "off" };
    expect(gatewaySpec({ ...input, settings }).config).not.toBe(gatewaySpec(input).config);
    expect(controlSpec({ ...input, settings }).config).toBe(controlSpec(input).config);
  });

  test("settings are flags of the gateway, and directories are mounted where it may have them", () => {
    const settings = { spool: "/srv/spool", "error-pages": "/srv/pages", "access-log": "off" };
    const { body } = gatewaySpec({ ...input, settings });
    expect(body).toMatchObject({
      Cmd: [
        ...["/app/gateway.mjs", "--http-port", "80"],
        ...["--socket", "/run/cutover/gateway.sock", "--snapshot", "/run/cutover/table.json"],
        ...[
          "--access-log",
          "off",
          "--error-pages",
          "/etc/cutover/error-pages",
          "--spool",
          "/var/spool/cutover",
        ],
      ],
      HostConfig: {
        ReadonlyRootfs: true,
        Mounts: [
          { Type: "volume", Source: "cutover-gateway" },
          { Type: "bind", Source: "/srv/pages", Target: "/etc/cutover/error-pages", ReadOnly: true },
          { Type: "bind", Source: "/srv/spool", Target: "/var/spool/cutover", ReadOnly: false },
        ],
      },
    });
    const { labels } = settingsOfSpec(settings);
    expect(body).toMatchObject({ Labels: labels });
    expect(chooseSettings(labels, {})).toEqual({ settings, warnings: [] });
  });
});
