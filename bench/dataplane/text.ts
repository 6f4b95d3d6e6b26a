import type { Quartiles } from "../spread.ts";
import { type Aim, cpuAim, p99Aim } from "./aims.ts";
import type { DataplaneReport } from "./bench.ts";
import { type LoadName, loads } from "./loads.ts";
import type { IdleSummary, LoadSummary, RatioSummary, WorkersSummary } from "./summary.ts";

/** The report as a person reads it: medians, with the middle half of the rounds in brackets. Pure. */
export function dataplaneText(report: DataplaneReport): string {
  const { machine, versions, rounds, seconds, missing } = report;
  const lacks = Object.entries(missing).filter(([, features]) => features.length > 0);
  return [
    `${machine.cpus} × ${machine.processor}, ${machine.memoryGiB} GiB, Linux ${machine.kernel}, load average before ${machine.loadBefore.toFixed(2)}`,
    Object.entries(versions)
      .map(([proxy, version]) => `${proxy} ${version}`)
      .join(", "),
    `${rounds} rounds of ${seconds} s each; median [middle half] over the rounds`,
    ...lacks.map(([proxy, features]) => `${proxy} does not do: ${features.join(", ")}`),
    "",
    ...loadNamesIn(report.loads).flatMap((load) => [
      ...loadTable(load, report.loads),
      "",
      ...ratioTable(load, report.ratios),
    ]),
    ...idleTable(report.idle),
    ...workersTable(report),
  ].join("\n");
}

const loadNamesIn = (summaries: readonly LoadSummary[]): LoadName[] => [
  ...new Set(summaries.map(({ load }) => load)),
];

function loadTable(load: LoadName, summaries: readonly LoadSummary[]): string[] {
  const head = [
    "CPU µs/request",
    "user",
    "system",
    "busy",
    "requests/s",
    "p50 ms",
    "p99",
    "p99.9",
    "RSS MiB",
  ];
  return [
    row(loads[load].title, [...head, "errors"]),
    ...summaries
      .filter((summary) => summary.load === load)
      .map(({ proxy, figures, errors }) =>
        row(`  ${proxy}`, [
          spread(figures.cpuMicros, 1),
          middle(figures.userMicros, 1),
          middle(figures.systemMicros, 1),
          middle(figures.busy, 2),
          middle(figures.perSecond, 0),
          middle(figures.p50, 2),
          middle(figures.p99, 2),
          middle(figures.p999, 2),
          middle(figures.residentMiB, 0),
          middle(figures.workerMiB, 0),
          middle(figures.workerOwnMiB, 0),
          String(errors),
        ]),
      ),
  ];
}

function ratioTable(load: LoadName, ratios: readonly RatioSummary[]): string[] {
  const own = ratios.filter((ratio) => ratio.load === load);
  if (own.length === 0) return [];
  return [
    row("  over", ["CPU µs/request", "aim", "", "", "p50", "", "p99"]),
    ...own.map(({ proxy, against, cpu, p50, p99 }) =>
      row(`  ${proxy} / ${against}`, [
        spread(cpu, 2),
        aim(cpuAim(load, against)),
        "",
        "",
        spread(p50, 2),
        "",
        `${spread(p99, 2)} ${aim(p99Aim(load, against))}`.trimEnd(),
      ]),
    ),
    "",
  ];
}

function idleTable(summaries: readonly IdleSummary[]): string[] {
  if (summaries.length === 0) return [];
  return [
    row("idle connections", ["KiB each", "RSS before", "RSS with", "worker", "own", "closed"]),
    ...summaries.map(
      ({ proxy, connections, beforeMiB, withMiB, workerMiB, workerOwnMiB, kibPerConnection, closed }) =>
        row(`  ${connections} on ${proxy}`, [
          spread(kibPerConnection, 1),
          middle(beforeMiB, 1),
          middle(withMiB, 1),
          middle(workerMiB, 1),
          middle(workerOwnMiB, 1),
          String(closed),
        ]),
    ),
    "",
  ];
}

function workersTable({ workers, shared }: DataplaneReport): string[] {
  if (workers.length === 0) return [];
  const where = shared ? "on the processors of their load" : "on processors of their own";
  return [
    `two workers over one, ${where}`,
    row("", ["capacity", "CPU µs: one", "two", "two/one", "", "requests/s"]),
    ...workers.map(({ proxy, load, capacity, cpuOfOne, cpuOfTwo, cpu, perSecond }: WorkersSummary) =>
      row(`  ${load}, ${proxy}`, [
        spread(capacity, 2),
        middle(cpuOfOne, 1),
        middle(cpuOfTwo, 1),
        spread(cpu, 2),
        "",
        spread(perSecond, 2),
      ]),
    ),
    "",
  ];
}

const firstWidth = 28;
const wideWidth = 20;
const narrowWidth = 11;

/** The first cell of figures is wide, because it has a spread. */
function row(title: string, cells: readonly string[]): string {
  const padded = cells.map((cell, index) => cell.padEnd(index === 0 ? wideWidth : narrowWidth));
  return `${title.padEnd(firstWidth)}${padded.join(" ")}`.trimEnd();
}

const middle = (value: Quartiles | null, digits: number) => value?.median.toFixed(digits) ?? "–";
const spread = (value: Quartiles | null, digits: number) =>
  value === null
    ? "–"
    : `${value.median.toFixed(digits)} [${value.low.toFixed(digits)}–${value.high.toFixed(digits)}]`;
const aim = (value: Aim | null) => (value === null ? "" : `≤ ${value.goal} (${value.least})`);
