import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { completed, missingOptional, platformEntry } from "../../../setup/lockfile.mjs";
import { root } from "../../../setup/paths.mjs";

describe("package-lock.json", () => {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));

  test("names every platform's packages, so that `npm ci` takes it everywhere", () => {
    expect(missingOptional(lock).map(({ name }) => name)).toEqual([]);
  });

  test("names no registry", () => {
    expect(Object.values(lock.packages).filter((entry) => entry.resolved)).toEqual([]);
  });
});

describe("missingOptional", () => {
  test("looks a package up beside and above the one that names it", () => {
    const packages = {
      "": {},
      "node_modules/a": { optionalDependencies: { "b-linux-x64": "1.0.0", "c-linux-x64": "1.0.0" } },
      "node_modules/a/node_modules/b-linux-x64": {},
      "node_modules/@x/d": { optionalDependencies: { "c-linux-x64": "1.0.0", "@x/e-darwin-arm64": "2.0.0" } },
      "node_modules/c-linux-x64": {},
    };
    expect(missingOptional({ packages }).map(({ name }) => name)).toEqual(["@x/e-darwin-arm64"]);
    expect(missingOptional(completed({ packages }))).toEqual([]);
  });
});

describe("platformEntry", () => {
  test("says for which platform it is", () => {
    expect(
      platformEntry({ name: "@x/a-linux-arm64-musl", version: "1.2.3", dev: true, license: "MIT" }),
    ).toEqual({
      version: "1.2.3",
      cpu: ["arm64"],
      dev: true,
      libc: ["musl"],
      license: "MIT",
      optional: true,
      os: ["linux"],
    });
  });

  test("refuses what it can't read the platform from", () => {
    expect(() => platformEntry({ name: "fsevents", version: "2.3.3", dev: true })).toThrow("fsevents");
    expect(() => platformEntry({ name: "a-linux-x64", version: "^1.0.0", dev: true })).toThrow("^1.0.0");
  });
});
