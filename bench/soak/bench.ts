import { fileURLToPath } from "node:url";
import { type SoakReport, soak } from "./soak.ts";

const bundle = fileURLToPath(new URL("../../dist/gateway.mjs", import.meta.url));
const everyMs = 1_000;
/** A load keeps a record of each request, so it is not longer than this; and there is more than one rest to compare. */
const longestPhaseSeconds = 300;
const leastPhases = 3;

/** How a length is cut into phases of equal length. Pure. */
export function phasesOf(minutes: number): { phases: number; switchesPerPhase: number } {
  const seconds = minutes * 60;
  const phases = Math.max(leastPhases, Math.ceil(seconds / longestPhaseSeconds));
  return { phases, switchesPerPhase: Math.max(1, Math.round((seconds * 1_000) / everyMs / phases)) };
}

/** Soaks the gateway as it is built, with a switch every second. */
export function benchSoak(
  minutes: number,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<SoakReport> {
  return soak({ entry: bundle, ...phasesOf(minutes), everyMs, signal, say });
}
