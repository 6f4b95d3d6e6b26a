import { readFile } from "node:fs/promises";

/** Which processors the proxies have, and which the load and the backends. */
export interface Placement {
  proxy: string;
  load: string;
  /** Of a proxy with two workers. */
  twoProxies: string;
  /** Of the load of a proxy with two workers: the same processors where there are no others. */
  loadOfTwo: string;
  shared: boolean;
}

/** Numbers in a list as the kernel writes it (`0-2,5`). Pure. */
export function cpuList(text: string): number[] {
  return text
    .trim()
    .split(",")
    .filter((part) => part !== "")
    .flatMap((part) => {
      const [from = 0, to = from] = part.split("-").map(Number);
      return Array.from({ length: to - from + 1 }, (_, index) => from + index);
    });
}

/** The last processor is the proxy's, the others are the load's. Pure. @throws when there is but one */
export function placementOf(cpus: readonly number[]): Placement {
  if (cpus.length < 2)
    throw new Error("this bench needs two processors: one for the proxy, one for its load");
  const rest = cpus.slice(0, -2);
  const shared = rest.length < 2;
  return {
    proxy: cpus.slice(-1).join(),
    load: cpus.slice(0, -1).join(),
    twoProxies: cpus.slice(-2).join(),
    loadOfTwo: (shared ? cpus : rest).join(),
    shared,
  };
}

/** Of the processors that this process may use. */
export async function readPlacement(): Promise<Placement> {
  const status = await readFile("/proc/self/status", "utf8");
  return placementOf(cpuList(/^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? ""));
}
