import type { LoadReport } from "../load/load.ts";
import type { Scene } from "./scene.ts";

/** One thing that the demo promises, and whether it was so. */
export interface Finding {
  good: boolean;
  what: string;
}

export interface Evidence {
  scenes: readonly Scene[];
  load: LoadReport;
  /** Names, ids and start times of the app's containers around the refused release. */
  containers: { before: readonly string[]; after: readonly string[] };
  /** How often the database was started, by its own count; null where the example has none. */
  databaseStarts: number | null;
}

/** Everything that must hold after the demo, in the order it is shown. Pure. */
export function verdict({ scenes, load, containers, databaseStarts }: Evidence): Finding[] {
  const findings: Finding[] = scenes.map((scene) => {
    const good =
      scene.exitCode === scene.expected.exitCode && scene.outcome?.outcome === scene.expected.outcome;
    const became = scene.outcome?.outcome ?? scene.error?.message ?? "without an outcome";
    return { good, what: `${scene.title}: ${became} (exit code ${scene.exitCode})` };
  });
  const cut = scenes.reduce((sum, { outcome }) => sum + (outcome?.receipt?.failures ?? 0), 0);
  findings.push(
    {
      good: load.failures === 0,
      what: `${count(load.requests)} requests from outside, ${load.failures} failed`,
    },
    { good: cut === 0, what: `${cut} answered with an error by the gateway or cut short` },
    {
      good: load.regressions.total === 0,
      what: `${load.regressions.total} requests answered by an older release than one already seen`,
    },
    {
      good: containers.before.length > 0 && same(containers.before, containers.after),
      what: same(containers.before, containers.after)
        ? "the refused release left the running containers as they were"
        : "the refused release changed the running containers",
    },
  );
  if (databaseStarts !== null) {
    const times = databaseStarts === 1 ? "once" : `${databaseStarts} times`;
    findings.push({ good: databaseStarts === 1, what: `the database was started ${times} in all` });
  }
  return findings;
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, i) => line === b[i]);
}

const count = (value: number) => value.toLocaleString("en-US");
