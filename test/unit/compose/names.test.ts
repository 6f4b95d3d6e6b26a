import fc from "fast-check";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { escapeDollar, unescapeDollar, unescapeDollars } from "../../../src/compose/dollar.ts";
import { parseDuration } from "../../../src/model/duration.ts";
import { releaseImageRef, serviceImageName } from "../../../src/compose/images.ts";
import { storeKind } from "../../../src/compose/known-images.ts";
import { editDistance, nearest } from "../../../src/compose/nearest.ts";
import { warningCodes } from "../../../src/compose/notice.ts";
import { requireServices } from "../../../src/compose/service-name.ts";

test("a release's image has a name that no registry answers to", () => {
  expect(releaseImageRef("shop", "web", 12)).toBe("cutover.local/shop/web:12");
  expect(releaseImageRef("shop", "A", 1)).not.toBe(releaseImageRef("shop", "x-41", 1));
});

test("whatever compose allows as a service's name makes a valid image name, and two names never the same", () => {
  const name = fc.stringMatching(/^[a-zA-Z0-9._-]{1,30}$/);
  const path = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
  fc.assert(
    fc.property(name, name, (one, other) => {
      const [, , service] = releaseImageRef("shop", one, 1).split(/[/:]/);
      expect(service).toMatch(path);
      if (one !== other) expect(releaseImageRef("shop", one, 1)).not.toBe(releaseImageRef("shop", other, 1));
    }),
  );
});

test("an image is named by the file, or as compose names what it builds", () => {
  const model = { name: "shop", services: { web: { image: "a/b:1", build: "." }, Api: { build: "." } } };
  expect(serviceImageName(model, "web")).toBe("a/b:1");
  expect(serviceImageName(model, "Api")).toBe("shop-api");
});

test.each([
  ["postgres:16-alpine", "database"],
  ["docker.io/library/redis", "cache"],
  ["localhost:5000/bitnami/kafka:3@sha256:00", "broker"],
  ["registry.example.com/shop/web:1", null],
  [undefined, null],
])("%s is a %s", (image, kind) => expect(storeKind(image)).toBe(kind));

test.each([
  ["30s", 30_000],
  ["1m30s", 90_000],
  ["500ms", 500],
  ["1.5h", 5_400_000],
  ["0s", 0],
  ["1500us", 2],
  ["30", null],
  ["30 s", null],
  ["-1s", null],
  ["1d", null],
  ["", null],
])("the duration %j is %s ms", (text, ms) => expect(parseDuration(text)).toBe(ms));

test("escaping and unescaping of $ are each other's reverse", () => {
  const text = fc.string({ unit: fc.constantFrom("$", "a") });
  fc.assert(fc.property(text, (one) => unescapeDollar(escapeDollar(one)) === one));
  expect(unescapeDollars({ $$a: ["$$b", 1, null] })).toEqual({ $a: ["$b", 1, null] });
});

test("the nearest name is the one that was meant, or none", () => {
  expect(nearest("wbe", ["db", "web", "worker"])).toBe("web");
  expect(nearest("Worker", ["db", "web", "worker"])).toBe("worker");
  expect(nearest("frontend", ["db", "web"])).toBeNull();
  expect([editDistance("ab", "ba"), editDistance("", "abc"), editDistance("kitten", "sitting")]).toEqual([
    1, 3, 3,
  ]);
});

test("an unknown service is told with the nearest name, or with all of them", () => {
  expect(() => requireServices(["web"], ["web"])).not.toThrow();
  expect(() => requireServices(["wbe"], ["web", "db"])).toThrow(
    'There is no service "wbe". Did you mean "web"?',
  );
  expect(() => requireServices(["x"], ["web", "db"])).toThrow("The services are: web, db.");
});

test("every warning stands in the reference of the compose file", () => {
  const page = readFileSync(new URL("../../../docs/reference/compose-file.md", import.meta.url), "utf8");
  const section = page.split("## Warnings")[1]?.split("\n## ")[0] ?? "";
  const documented = [...section.matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1]);
  expect(documented.toSorted()).toEqual(Object.keys(warningCodes).toSorted());
});
