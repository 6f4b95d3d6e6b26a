import type { Quartiles } from "../spread.ts";
import { cpuAim, p99Aim } from "./aims.ts";
import type { DataplaneReport } from "./bench.ts";
import { type LoadName, loads } from "./loads.ts";
import type { ProxyName } from "./proxies/proxy.ts";
import type { LoadSummary } from "./summary.ts";

/** The report as tables for `docs/performance.md`: medians, with the middle half of the rounds in brackets. Pure. */
export function dataplaneMarkdown(report: DataplaneReport): string {
  const parts = [machine(report)];
  if (report.loads.length > 0) parts.push(costs(report), ratios(report), speeds(report), memory(report));
  if (report.idle.length > 0) parts.push(idle(report));
  if (report.workers.length > 0) parts.push(workers(report));
  return `${parts.join("\n\n")}\n`;
}

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];
const loadsIn = ({ loads: all }: DataplaneReport): LoadName[] => unique(all.map(({ load }) => load));
const proxiesIn = ({ loads: all }: DataplaneReport): ProxyName[] => unique(all.map(({ proxy }) => proxy));
const find = (report: DataplaneReport, load: LoadName, proxy: ProxyName): LoadSummary | undefined =>
  report.loads.find((one) => one.load === load && one.proxy === proxy);

function machine({ machine: host, versions, rounds, seconds }: DataplaneReport): string {
  const names = Object.entries(versions).map(([proxy, version]) => `${proxy} ${version}`);
  return `${host.cpus} × ${host.processor}, ${host.memoryGiB} GiB, Linux ${host.kernel}; ${names.join(", ")}. ${rounds} rounds of ${seconds} s.`;
}

function costs(report: DataplaneReport): string {
  const cell = (proxy: ProxyName, load: LoadName) => spread(find(report, load, proxy)?.figures.cpuMicros, 1);
  return table(
    ["CPU µs/request", ...loadsIn(report).map((load) => loads[load].title)],
    proxiesIn(report).map((proxy) => [proxy, ...loadsIn(report).map((load) => cell(proxy, load))]),
  );
}

function ratios(report: DataplaneReport): string {
  const rows = report.ratios.flatMap(({ load, proxy, against, cpu, p99 }) => {
    const aim = cpuAim(load, against);
    const aims = aim === null ? "" : `≤ ${aim.goal} (${aim.least})`;
    const row = [loads[load].title, `${proxy} / ${against}`, spread(cpu, 2), aims];
    const tail = p99Aim(load, against);
    if (tail === null) return [row];
    return [row, ["p99 of it", `${proxy} / ${against}`, spread(p99, 2), `≤ ${tail.goal} (${tail.least})`]];
  });
  return table(["load", "over", "CPU µs/request, ratio", "aim (least)"], rows);
}

function speeds(report: DataplaneReport): string {
  const cell = (proxy: ProxyName, load: LoadName) => {
    const figures = find(report, load, proxy)?.figures;
    const ms = [figures?.p50, figures?.p99, figures?.p999].map((value) => value?.median.toFixed(2) ?? "–");
    return `${((figures?.perSecond?.median ?? 0) / 1_000).toFixed(1)}; ${ms.join(" / ")}`;
  };
  return table(
    ["1000 requests/s; p50 / p99 / p99.9 ms", ...loadsIn(report).map((load) => loads[load].title)],
    proxiesIn(report).map((proxy) => [proxy, ...loadsIn(report).map((load) => cell(proxy, load))]),
  );
}

function memory(report: DataplaneReport): string {
  const most = (proxy: ProxyName, figure: "residentMiB" | "workerMiB" | "workerOwnMiB") =>
    Math.max(...loadsIn(report).map((load) => find(report, load, proxy)?.figures[figure]?.median ?? 0));
  const rows = proxiesIn(report).map((proxy) => [
    proxy,
    most(proxy, "residentMiB").toFixed(0),
    most(proxy, "workerMiB").toFixed(0),
    most(proxy, "workerOwnMiB").toFixed(0),
  ]);
  return table(["MiB after the load that left most", "RSS", "worker", "own"], rows);
}

function idle({ idle: all }: DataplaneReport): string {
  const counts = unique(all.map(({ connections }) => connections));
  const cell = (proxy: ProxyName, count: number) =>
    spread(all.find((one) => one.proxy === proxy && one.connections === count)?.kibPerConnection, 1);
  return table(
    ["KiB per idle connection", ...counts.map((count) => `${count}`)],
    unique(all.map(({ proxy }) => proxy)).map((proxy) => [
      proxy,
      ...counts.map((count) => cell(proxy, count)),
    ]),
  );
}

function workers({ workers: all }: DataplaneReport): string {
  const rows = all.map(({ proxy, load, capacity, cpuOfOne, cpuOfTwo, perSecond }) => [
    `${proxy}, ${loads[load].title}`,
    spread(capacity, 2),
    spread(cpuOfOne, 1),
    spread(cpuOfTwo, 1),
    spread(perSecond, 2),
  ]);
  return table(
    ["two workers over one", "capacity", "CPU µs of one", "of two", "requests/s, two over one"],
    rows,
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `|${head.map(() => "---|").join("")}`, ...rows.map(line)].join("\n");
}

const spread = (value: Quartiles | null | undefined, digits: number) =>
  value
    ? `${value.median.toFixed(digits)} [${value.low.toFixed(digits)}–${value.high.toFixed(digits)}]`
    : "–";
