import type { Held } from "./probe.ts";

/** What one process of the gateway holds while nothing is going on. */
export interface Quiet extends Held {
  role: string;
  sockets: number;
}

const mebibyte = 2 ** 20;

/**
 * Growth from the end of the first phase, which fills caches and pools, to that of the last. The primary keeps 15
 * minutes of statistics, by second and release, so it grows for as long.
 */
const limits = {
  worker: { heap: 3 * mebibyte, external: 6 * mebibyte, resident: 32 * mebibyte },
  primary: { heap: 24 * mebibyte, external: 6 * mebibyte, resident: 48 * mebibyte },
};

/** Deadlines of a drain may outlive it: for requests, for connections, and for those that were closed. */
const timersPerSwitch = 3;

/**
 * What is held that was not at the start, and memory that grew. Pure.
 *
 * @param switches whose drains' deadlines are still to come
 */
export function leaks(
  start: readonly Quiet[],
  phases: readonly (readonly Quiet[])[],
  switches: number,
): string[] {
  const [first, last] = [phases[0], phases.at(-1)];
  if (!first || !last) return [];
  return last.flatMap((end, index) => {
    const [begin, warm] = [start[index], first[index]];
    if (!begin || !warm) return [`${end.role}: nothing to compare with`];
    const limit = end.role === "primary" ? limits.primary : limits.worker;
    return [
      ...leakedHandles(begin, end, timersPerSwitch * switches),
      ...grown(`${end.role}: heap`, warm.heap, end.heap, limit.heap),
      ...grown(`${end.role}: memory outside the heap`, warm.external, end.external, limit.external),
      ...grown(`${end.role}: resident memory`, warm.resident, end.resident, limit.resident),
    ];
  });
}

function leakedHandles(begin: Quiet, end: Quiet, timers: number): string[] {
  const allowed = (kind: string) => (begin.handles[kind] ?? 0) + (kind === "Timeout" ? timers : 0);
  const more = Object.entries(end.handles).filter(
    ([kind, count]) => kind !== "Immediate" && count > allowed(kind),
  );
  const handles = more.map(
    ([kind, count]) =>
      `${end.role}: ${count} handles of the kind ${kind}, ${begin.handles[kind] ?? 0} at the start`,
  );
  if (end.sockets <= begin.sockets) return handles;
  return [...handles, `${end.role}: ${end.sockets} sockets, ${begin.sockets} at the start`];
}

function grown(what: string, from: number, to: number, limit: number): string[] {
  if (to - from <= limit) return [];
  const mib = (bytes: number) => (bytes / mebibyte).toFixed(1);
  return [`${what} grew from ${mib(from)} to ${mib(to)} MiB`];
}
