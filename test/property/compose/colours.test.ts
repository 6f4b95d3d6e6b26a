import fc from "fast-check";
import { expect, test } from "vitest";
import { readApp } from "../../../src/compose/app.ts";
import type { AppDefinition } from "../../../src/compose/app-definition.ts";
import { baseProjectFile } from "../../../src/compose/base-project.ts";
import { colourProjectFile } from "../../../src/compose/colour-project.ts";
import type { ComposeModel } from "../../../src/compose/compose-model.ts";
import { fingerprint } from "../../../src/compose/model-hash.ts";
import { makePlan } from "../../../src/compose/plan.ts";
import { type Colour, colours } from "../../../src/model/app.ts";
import { CutoverError } from "../../../src/model/error.ts";
import { models } from "./models.ts";

/** The app, or null where the file has nothing to deploy. */
function appOf(model: ComposeModel): AppDefinition | null {
  try {
    return readApp({ model, sources: [] });
  } catch (error) {
    if (error instanceof CutoverError && error.code === "NOTHING_TO_DEPLOY") return null;
    throw error;
  }
}

function withImages(app: AppDefinition) {
  return app.services.map((service) => ({
    ...service,
    image: { ref: `local/${service.name}`, id: `sha256:${service.name}` },
  }));
}

function colourModel(model: ComposeModel, app: AppDefinition, colour: Colour): ComposeModel {
  const input = {
    model,
    colour,
    release: 1,
    deployment: "d",
    instance: "i",
    services: withImages(app),
    hooks: app.hooks,
  };
  return colourProjectFile(input) as ComposeModel;
}

function baseModel(model: ComposeModel, app: AppDefinition): ComposeModel {
  const backing = app.backing.map((service) => service.name);
  return baseProjectFile({ model, backing, replaced: app.services.map((service) => service.name) });
}

/** Every name that a project's containers answer to, as `network of the engine / name`. */
function answers(project: ComposeModel): Set<string> {
  const found = new Set<string>();
  for (const [name, service] of Object.entries(project.services)) {
    if (service.scale === 0) continue;
    for (const [key, network] of Object.entries(service.networks ?? {})) {
      const real = project.networks?.[key]?.name ?? key;
      const names = [name, service.container_name, service.hostname, ...(network?.aliases ?? [])];
      for (const one of names) if (one !== undefined) found.add(`${real} / ${one}`);
    }
  }
  return found;
}

function common(a: ReadonlySet<string>, b: ReadonlySet<string>): string[] {
  return [...a].filter((one) => b.has(one));
}

function property(check: (model: ComposeModel, app: AppDefinition) => void): void {
  let deployable = 0;
  fc.assert(
    fc.property(models, (model) => {
      const app = appOf(model);
      if (!app || app.refusals.length > 0) return;
      deployable++;
      check(model, app);
    }),
    { numRuns: 500 },
  );
  expect(deployable).toBeGreaterThan(50);
}

test("two colours, and a colour and the base project, never answer to one name on one network", () => {
  property((model, app) => {
    const base = answers(baseModel(model, app));
    const [blue, green] = colours.map((colour) => answers(colourModel(model, app, colour)));
    if (!blue || !green) throw new Error("There are two colours.");
    expect(common(blue, green)).toEqual([]);
    expect(common(blue, base)).toEqual([]);
    expect(common(green, base)).toEqual([]);
  });
});

test("no colour publishes a port, names a container, builds, pulls or comes back by itself", () => {
  property((model, app) => {
    for (const colour of colours) {
      for (const service of Object.values(colourModel(model, app, colour).services)) {
        expect(service).not.toHaveProperty("ports");
        expect(service).not.toHaveProperty("container_name");
        expect(service).not.toHaveProperty("build");
        expect(service.pull_policy).toBe("never");
        expect(service.restart).not.toBe("always");
      }
    }
  });
});

test("inside a colour each service answers to its own name wherever another of the colour could ask for it", () => {
  property((model, app) => {
    const made = colourModel(model, app, "green");
    const there = answers(made);
    for (const one of app.services) {
      for (const other of app.services) {
        const shared = Object.keys(model.services[one.name]?.networks ?? {}).filter(
          (key) => key in (model.services[other.name]?.networks ?? {}),
        );
        if (one === other || shared.length === 0) continue;
        const common = Object.keys(made.services[`${one.name}-green`]?.networks ?? {}).filter(
          (key) => key in (made.services[`${other.name}-green`]?.networks ?? {}),
        );
        const heard = common.some((key) => there.has(`${made.networks?.[key]?.name} / ${other.name}`));
        expect(heard, `${one.name} asks for ${other.name}`).toBe(true);
      }
    }
  });
});

test("everything a colour refers to is in its file, and what it takes from outside the base project makes", () => {
  property((model, app) => {
    const made = colourModel(model, app, "blue");
    const base = baseModel(model, app);
    const inBase = new Set(
      Object.values(base.services).flatMap((service) => [
        ...Object.keys(service.networks ?? {}).map((key) => base.networks?.[key]?.name),
        ...(service.volumes ?? []).map((mount) => mount.source && base.volumes?.[mount.source]?.name),
      ]),
    );
    for (const service of Object.values(made.services)) {
      for (const other of Object.keys(service.depends_on ?? {}))
        expect(made.services).toHaveProperty([other]);
      for (const key of Object.keys(service.networks ?? {})) {
        const network = made.networks?.[key];
        expect(network).toBeDefined();
        if (network?.external) expect(inBase).toContain(network.name);
      }
      for (const mount of service.volumes ?? []) {
        if (mount.type !== "volume" || mount.source === undefined) continue;
        expect(made.volumes?.[mount.source]).toMatchObject({ external: true });
        expect(inBase).toContain(made.volumes?.[mount.source]?.name);
      }
    }
  });
});

test("every service is planned once, and is in the base project or in a colour but not in both", () => {
  property((model, app) => {
    const live = { release: 3, colour: "blue" as const, services: ["web", "gone"] };
    const plan = makePlan(app, { live, base: [] });
    const names = plan.services.map((service) => service.name);
    expect(names.toSorted()).toEqual(
      [...new Set([...Object.keys(model.services), "web", "gone"])].toSorted(),
    );
    const replaced = app.services.map((service) => service.name);
    expect(app.backing.filter((service) => replaced.includes(service.name))).toEqual([]);
  });
});

test("no two services are served under the same port, host and path, and no port is bound twice", () => {
  property((_, app) => {
    const routes = app.services.flatMap((service) =>
      service.routes.map((route) => `${route.listener} ${route.hosts.join()} ${route.path}`),
    );
    expect(new Set(routes).size).toBe(routes.length);
    const listeners = app.listeners.map((listener) => listener.name);
    expect(new Set(listeners).size).toBe(listeners.length);
    for (const service of app.services.filter((one) => one.role === "web"))
      expect(service.routes).not.toEqual([]);
  });
});

test("a fingerprint does not depend on the order of keys, and changes with what makes a container", () => {
  property((model, app) => {
    const { listeners, hooks, settings } = app;
    const input = { model, services: withImages(app), listeners, hooks, settings };
    const before = fingerprint(input);
    const reversed = {
      ...model,
      services: Object.fromEntries(
        Object.entries(model.services)
          .toReversed()
          .map(([name, service]) => [name, Object.fromEntries(Object.entries(service).toReversed())]),
      ),
    };
    expect(fingerprint({ ...input, model: reversed, services: input.services.toReversed() })).toBe(before);
    const first = app.services[0]?.name ?? "";
    const changed = structuredClone(model);
    Object.assign(changed.services[first] ?? {}, { environment: { CHANGED: "1" } });
    expect(fingerprint({ ...input, model: changed })).not.toBe(before);
    const image = input.services.map((service, index) =>
      index === 0 ? { ...service, image: { ref: "", id: "other" } } : service,
    );
    expect(fingerprint({ ...input, services: image })).not.toBe(before);
    const kept = app.backing[0]?.name;
    if (kept !== undefined) {
      const other = structuredClone(model);
      Object.assign(other.services[kept] ?? {}, { environment: { CHANGED: "1" } });
      expect(fingerprint({ ...input, model: other })).toBe(before);
    }
  });
});
