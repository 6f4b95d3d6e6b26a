import type { Engine } from "../deploy/ports.ts";
import type { ReleaseRecord } from "../deploy/record.ts";
import type { AppSummary } from "../model/control-api.ts";
import { CutoverError } from "../model/error.ts";
import { label } from "../model/labels.ts";
import type { ReleaseSummary } from "../model/release.ts";
import type { Deployments } from "./deployments.ts";
import type { LiveRoutes } from "./live-routes.ts";
import type { State } from "./state.ts";

export interface SummaryInput {
  engine: Engine;
  state: State;
  deployments: Deployments;
  liveRoutes: LiveRoutes;
}

/** What is known of an app. @throws CutoverError APP_UNKNOWN */
export async function appSummary(input: SummaryInput, app: string): Promise<AppSummary> {
  const { state, engine, deployments, liveRoutes } = input;
  const row = state.app(app);
  const holder = deployments.holder(app);
  if (!row && !holder) throw new CutoverError("APP_UNKNOWN", `no app ${app} is deployed here`);
  const live = row?.live == null ? null : state.release(app, row.live);
  const containers = await engine.containers({ [label.app]: app });
  const targets = liveRoutes.targets(app);
  const routes = state.routes(app);
  return {
    app,
    live: live ? await releaseSummary(engine, live, containers) : null,
    colour: row?.colour ?? null,
    fingerprint: live?.release.fingerprint ?? null,
    deployment: holder,
    routes: routes?.routes ?? [],
    ...(routes?.streams ? { streams: routes.streams } : {}),
    services: (live?.release.services ?? []).map((service) => ({
      name: service.name,
      role: service.role,
      targets: containers
        .filter(
          (c) =>
            isOf(c.labels, live) &&
            c.labels[label.service] === service.name &&
            c.labels[label.role] !== "hook",
        )
        .map((container) => ({
          id: container.id,
          address: targets.get(container.id)?.target.address ?? "",
          port: service.port ?? 0,
          state: container.health === "none" ? container.status : `${container.status}, ${container.health}`,
        })),
    })),
  };
}

/** All releases of an app, newest first. @throws CutoverError APP_UNKNOWN */
export async function releaseSummaries(
  { state, engine }: SummaryInput,
  app: string,
): Promise<ReleaseSummary[]> {
  const rows = state.releases(app);
  if (rows.length === 0 && !state.app(app))
    throw new CutoverError("APP_UNKNOWN", `no app ${app} is deployed here`);
  const containers = await engine.containers({ [label.app]: app });
  return Promise.all(rows.map((row) => releaseSummary(engine, row, containers)));
}

async function releaseSummary(
  engine: Engine,
  row: ReleaseRecord,
  containers: Awaited<ReturnType<Engine["containers"]>>,
): Promise<ReleaseSummary> {
  const { release } = row;
  const own = containers.filter(
    (container) => isOf(container.labels, row) && container.labels[label.role] !== "hook",
  );
  const images = await Promise.all(release.services.map((service) => engine.hasImage(service.image.ref)));
  const state = own.some((container) => container.status === "running") ? "running" : "stopped";
  return {
    number: release.number,
    state: row.state,
    createdAt: release.createdAt,
    liveAt: row.liveAt,
    who: release.who,
    git: release.git,
    images: release.services.map((service) => ({ service: service.name, id: service.image.id })),
    containers: own.length === 0 ? "removed" : state,
    restorable: row.liveAt !== null && images.every(Boolean),
  };
}

function isOf(labels: Record<string, string>, row: ReleaseRecord | null): boolean {
  return (
    row !== null &&
    labels[label.release] === String(row.release.number) &&
    labels[label.colour] === row.colour
  );
}
