import type { ReleaseState, ReleaseSummary } from "../../model/release.ts";
import { shortId, showTime } from "./quantity.ts";
import type { Style } from "./style.ts";
import { table } from "./table.ts";

/** An app's releases, newest first. */
export function renderHistory(releases: readonly ReleaseSummary[], style: Style): string {
  const head = ["release", "state", "made", "git", "by", "containers", "images"].map((cell) =>
    style.dim(cell),
  );
  const rows = releases.map((release) => [
    String(release.number),
    stateText(release.state, style),
    showTime(release.createdAt),
    release.git ? `${release.git.revision.slice(0, 9)}${release.git.dirty ? "+" : ""}` : "-",
    release.who,
    release.containers,
    release.restorable || release.state === "live" || release.liveAt === null
      ? release.images.map((image) => `${image.service} ${shortId(image.id)}`).join(", ")
      : style.yellow("removed"),
  ]);
  return table([head, ...rows], { right: [0] });
}

function stateText(state: ReleaseState, style: Style): string {
  if (state === "live") return style.green(state);
  if (state === "refused") return style.red(state);
  return state === "pending" ? style.yellow(state) : state;
}
