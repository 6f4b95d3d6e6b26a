import { describe, expect, test } from "vitest";
import { chooseServices, releaseDraft } from "../../../src/cli/deployment/draft.ts";
import { readApp } from "../../../src/compose/app.ts";
import type { ReleaseService } from "../../../src/model/release.ts";

const model = {
  name: "shop",
  services: {
    web: { build: {}, ports: [{ target: 80, published: "8080" }] },
    api: { image: "api:1", expose: ["80"], labels: { "cutover.port": "80" } },
    db: { image: "postgres:17", volumes: [{ type: "volume", source: "data", target: "/data" }] },
  },
  volumes: { data: {} },
};
const app = readApp({ model, sources: [] });
const live = { services: [{ name: "web", image: { ref: "r", id: "sha256:old" } }] as ReleaseService[] };
const names = (services: { name: string }[]) => services.map((service) => service.name);

describe("deploy SERVICE…", () => {
  test("without names every service is made anew", () => {
    const { fresh, kept } = chooseServices(app, [], live);
    expect(names(fresh)).toEqual(["web", "api"]);
    expect(kept.size).toBe(0);
  });

  test("services that were not named keep the live release's image", () => {
    const { fresh, kept } = chooseServices(app, ["api"], live);
    expect(names(fresh)).toEqual(["api"]);
    expect([...kept]).toEqual([["web", "sha256:old"]]);
  });

  test("what the live release does not have is made anew all the same", () => {
    expect(names(chooseServices(app, ["web"], live).fresh)).toEqual(["web", "api"]);
    expect(names(chooseServices(app, ["api"], null).fresh)).toEqual(["web", "api"]);
  });

  test("an unknown service is answered with the nearest", () => {
    expect(() => chooseServices(app, ["wbe"], live)).toThrow(/no service "wbe"\. Did you mean "web"\?/);
  });

  test("a service that stays can't be replaced without downtime", () => {
    expect(() => chooseServices(app, ["db"], live)).toThrow(
      expect.objectContaining({ code: "NEEDS_DOWNTIME" }),
    );
  });
});

test("the draft holds the images' ids, and a fingerprint that follows them", () => {
  const draft = (web: string) =>
    releaseDraft({
      app,
      model,
      projectDirectory: "/srv/shop",
      images: new Map([
        ["web", web],
        ["api", "sha256:api"],
      ]),
      git: null,
      who: "ann@ci",
    });
  expect(draft("sha256:1").services.map(({ name, image }) => [name, image])).toEqual([
    ["web", { ref: "", id: "sha256:1" }],
    ["api", { ref: "", id: "sha256:api" }],
  ]);
  expect(draft("sha256:1")).toMatchObject({ app: "shop", backing: ["db"], who: "ann@ci" });
  expect(draft("sha256:1").fingerprint).toBe(draft("sha256:1").fingerprint);
  expect(draft("sha256:1").fingerprint).not.toBe(draft("sha256:2").fingerprint);
});
