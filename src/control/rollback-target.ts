import type { Engine } from "../deploy/ports.ts";
import type { ReleaseRecord } from "../deploy/record.ts";
import { CutoverError } from "../model/error.ts";
import type { State } from "./state.ts";

/**
 * The release a rollback brings back: the wanted one, else the one that served last before the one that serves now.
 * @throws CutoverError APP_UNKNOWN, RELEASE_UNKNOWN, NOTHING_TO_ROLL_BACK, RELEASE_GONE
 */
export async function rollbackTarget(
  { state, engine }: { state: State; engine: Engine },
  app: string,
  wanted: number | null,
): Promise<ReleaseRecord> {
  const live = state.app(app)?.live ?? null;
  if (live === null) throw new CutoverError("APP_UNKNOWN", `no app ${app} is deployed here`);
  const row = wanted === null ? lastServed(state.releases(app), live) : state.release(app, wanted);
  if (!row && wanted === null)
    throw new CutoverError("NOTHING_TO_ROLL_BACK", `release ${live} is the first of ${app} that served`);
  if (!row) throw new CutoverError("RELEASE_UNKNOWN", `${app} has no release ${wanted}`);
  if (row.release.number === live)
    throw new CutoverError("NOTHING_TO_ROLL_BACK", `release ${live} of ${app} serves already`);
  if (row.liveAt === null) {
    throw new CutoverError(
      "NOTHING_TO_ROLL_BACK",
      `release ${row.release.number} of ${app} never served: it was ${row.state}`,
    );
  }
  for (const service of row.release.services) {
    if (!(await engine.hasImage(service.image.ref))) {
      throw new CutoverError(
        "RELEASE_GONE",
        `the image of ${service.name} in release ${row.release.number} was removed`,
      );
    }
  }
  return row;
}

function lastServed(releases: ReleaseRecord[], live: number): ReleaseRecord | null {
  const served = releases.filter(
    (row) => row.release.number !== live && row.state === "retired" && row.liveAt !== null,
  );
  return served.sort((a, b) => (b.liveAt ?? 0) - (a.liveAt ?? 0))[0] ?? null;
}
