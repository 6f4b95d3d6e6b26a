import { readdir, readFile } from "node:fs/promises";

/** Processor time that processes have used since they began. */
export interface Cost {
  /** Nanoseconds that the scheduler gave to their threads. */
  scheduledNs: number;
  /** Ticks of 10 ms. */
  userTicks: number;
  systemTicks: number;
}

/** First number of /proc/PID/task/TID/schedstat: nanoseconds on a processor. Pure. */
export function scheduledNs(schedstat: string): number {
  return Number(schedstat.split(" ", 1)[0]);
}

/** User and system ticks of /proc/PID/stat, in which the name may hold anything but a newline. Pure. */
export function ticks(stat: string): { user: number; system: number } {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { user: Number(fields[11]), system: Number(fields[12]) };
}

/** The kB of a field in /proc/PID/status or smaps_rollup, in MiB. Pure. */
export function mebibytes(text: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0) / 1024;
}

/** Of all threads of each process. A thread that ends meanwhile is left out. */
export async function costsOf(pids: readonly number[]): Promise<Cost[]> {
  return Promise.all(pids.map(costOfProcess));
}

/** What processes used from one reading to the next, together; and which of them used most, by its place. Pure. */
export function costBetween(before: readonly Cost[], after: readonly Cost[]): Cost & { busiest: number } {
  const used = after.map((cost, index) => ({
    scheduledNs: cost.scheduledNs - (before[index]?.scheduledNs ?? 0),
    userTicks: cost.userTicks - (before[index]?.userTicks ?? 0),
    systemTicks: cost.systemTicks - (before[index]?.systemTicks ?? 0),
  }));
  const sum = (value: (cost: Cost) => number) => used.reduce((total, cost) => total + value(cost), 0);
  const most = Math.max(...used.map((cost) => cost.scheduledNs));
  return {
    scheduledNs: sum((cost) => cost.scheduledNs),
    userTicks: sum((cost) => cost.userTicks),
    systemTicks: sum((cost) => cost.systemTicks),
    busiest: used.findIndex((cost) => cost.scheduledNs === most),
  };
}

async function costOfProcess(pid: number): Promise<Cost> {
  const threads = await readdir(`/proc/${pid}/task`);
  const times = threads.map(async (thread) =>
    scheduledNs(await readFile(`/proc/${pid}/task/${thread}/schedstat`, "latin1").catch(() => "0")),
  );
  const { user, system } = ticks(await readFile(`/proc/${pid}/stat`, "latin1"));
  const nanoseconds = await Promise.all(times);
  return {
    scheduledNs: nanoseconds.reduce((total, one) => total + one, 0),
    userTicks: user,
    systemTicks: system,
  };
}

/** Resident memory of each process, MiB. */
export async function residentMiB(pids: readonly number[]): Promise<number[]> {
  return Promise.all(
    pids.map(async (pid) => mebibytes(await readFile(`/proc/${pid}/status`, "latin1"), "VmRSS")),
  );
}

/** Memory of a process that no other shares with it, MiB: what it takes beside others of its kind. */
export async function ownMiB(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, "latin1");
  return mebibytes(rollup, "Private_Dirty") + mebibytes(rollup, "Private_Clean");
}

/** The processes that a process has started, and those that they have. */
export async function descendants(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "latin1").catch(() => "");
  const children = text.trim().split(" ").filter(Boolean).map(Number);
  return [...children, ...(await Promise.all(children.map(descendants))).flat()];
}
