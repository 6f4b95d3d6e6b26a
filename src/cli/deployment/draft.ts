import type { AppDefinition, AppService } from "../../compose/app-definition.ts";
import type { ComposeModel } from "../../compose/compose-model.ts";
import { fingerprint } from "../../compose/model-hash.ts";
import { didYouMean } from "../../compose/nearest.ts";
import { CutoverError } from "../../model/error.ts";
import type { Release, ReleaseDraft, ReleaseService } from "../../model/release.ts";

export interface DraftInput {
  app: AppDefinition;
  model: ComposeModel;
  projectDirectory: string;
  /** Image id of each service. */
  images: ReadonlyMap<string, string>;
  git: ReleaseDraft["git"];
  who: string;
}

/** The release that control is to number. Its images have no name of Cutover's own yet. */
export function releaseDraft(input: DraftInput): ReleaseDraft {
  const { app, model } = input;
  const services = app.services.map((service) => releaseService(service, input.images.get(service.name)));
  const { listeners, hooks, settings } = app;
  return {
    app: app.name,
    fingerprint: fingerprint({ services, listeners, hooks, settings, model }),
    services,
    listeners,
    backing: app.backing.map((service) => service.name),
    hooks,
    settings,
    model,
    projectDirectory: input.projectDirectory,
    git: input.git,
    who: input.who,
  };
}

function releaseService(service: AppService, id: string | undefined): ReleaseService {
  if (id === undefined) throw new CutoverError("INTERNAL", `Service "${service.name}" has no image.`);
  const { name, role, replicas, port, routes, check, hasHealthcheck, network } = service;
  const { streams, policy, weight, sharesWith } = service;
  return {
    ...{ name, role, replicas, image: { ref: "", id }, port, routes, check, hasHealthcheck, network },
    ...(streams ? { streams } : {}),
    ...(policy ? { policy } : {}),
    ...(weight === undefined ? {} : { weight }),
    ...(sharesWith === undefined ? {} : { sharesWith }),
  };
}

/**
 * Which services get a new image when only some were named: those, and all that the live release does not have. The
 * others keep the live release's image.
 * @throws SERVICE_UNKNOWN with the nearest name; NEEDS_DOWNTIME for one that stays in the base project
 */
export function chooseServices(
  app: AppDefinition,
  named: readonly string[],
  live: Pick<Release, "services"> | null,
): { fresh: AppService[]; kept: Map<string, string> } {
  for (const name of named) requireReplaced(app, name);
  const kept = new Map<string, string>();
  if (named.length > 0) {
    for (const { name, image } of live?.services ?? []) {
      if (!named.includes(name) && app.services.some((service) => service.name === name))
        kept.set(name, image.id);
    }
  }
  return { fresh: app.services.filter((service) => !kept.has(service.name)), kept };
}

function requireReplaced(app: AppDefinition, name: string): void {
  if (app.services.some((service) => service.name === name)) return;
  const backing = app.backing.find((service) => service.name === name);
  if (backing) {
    throw new CutoverError("NEEDS_DOWNTIME", `Service "${name}" stays as it is, because ${backing.reason}.`, {
      hint: `Use \`docker compose up -d ${name}\` at a quiet time: replacing it interrupts what uses it.`,
    });
  }
  const names = [...app.services, ...app.backing].map((service) => service.name);
  throw new CutoverError(
    "SERVICE_UNKNOWN",
    `The compose file has no service "${name}".${didYouMean(name, names)}`,
  );
}
