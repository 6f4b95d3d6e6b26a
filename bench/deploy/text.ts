import type { Spread } from "../spread.ts";
import type { DeployReport } from "./bench.ts";
import { ratio, type WaySummary } from "./summary.ts";
import { stageMeaning, stages } from "./timeline.ts";

const titles = {
  compose: "docker compose up -d",
  nginx: "script, sleep 5, nginx",
  cutover: "cutover deploy",
} as const;

/** The report as a person reads it: each figure as median (lowest to highest) over the rounds. Pure. */
export function reportText(report: DeployReport): string {
  const { machine, ways, cutover, help, mix } = report;
  const rounds = ways[0]?.rounds ?? 0;
  const rate = [mix.keepalive, mix.close, mix.post].reduce((sum, kind) => sum + (kind?.rate ?? 0), 0);
  const at = (way: string) => ways.find((summary) => summary.way === way);
  const tail = at("cutover")?.tail;
  return [
    `${machine.cpus} × ${machine.processor}, ${machine.memoryGiB} GiB, Linux ${machine.kernel}, engine ${machine.engine}, compose ${machine.compose}, nginx ${machine.nginx}, Node ${machine.node}`,
    `load average before: ${machine.loadBefore.toFixed(2)}`,
    `${rounds} rounds of each way; ${rate} short requests a second and ${mix.slow?.lanes ?? 0} connections with requests of ${mix.slow?.ms ?? 0} ms`,
    "median (lowest to highest) over the rounds",
    "",
    row(
      "",
      ways.map(({ way }) => titles[way]),
    ),
    ...wayRows(ways),
    "",
    `${titles.cutover}`,
    line(
      "first good answer to switch, by the receipt",
      ms(cutover.firstGoodToSwitchMs),
      "aim: median ≤ 250 ms",
    ),
    line(
      "first good answer to the new release's first answer, by prober and load",
      ms(cutover.firstGoodToAnswerMs),
    ),
    line("command to switch", ms(cutover.switchMs)),
    line("engine's create + start + app's boot", ms(cutover.engineMs)),
    line("  create", ms(cutover.engine.create)),
    line("  start", ms(cutover.engine.start)),
    line("  boot to first good answer", ms(cutover.engine.boot)),
    line("overhead over the engine and the app", ms(cutover.overheadMs), "aim: ≤ 1000 ms"),
    line(
      "p99.9 of the second around the switch over an ordinary one",
      times(tail?.ratio ?? null),
      "aim: ≤ 1.5",
    ),
    line("  of every second without a switch", times(tail?.chance ?? null)),
    line("cutover --help", ms(help), "aim: median ≤ 150 ms"),
    "",
    "from the command to the switch",
    ...stages.map((stage) => line(stageMeaning[stage], ms(cutover.stages[stage] ?? null))),
    "",
  ].join("\n");
}

function wayRows(ways: readonly WaySummary[]): string[] {
  const compose = ways.find(({ way }) => way === "compose");
  const own = ways.find(({ way }) => way === "cutover");
  const each = (title: string, cell: (summary: WaySummary) => string) => row(title, ways.map(cell));
  return [
    each("failed requests", ({ failed, requests }) => `${failed} of ${requests}`),
    each("  in a round", ({ failedPerRound }) => plain(failedPerRound)),
    each("command to first answer of the new", ({ firstNewMs }) => ms(firstNewMs)),
    each("  over docker compose up", ({ firstNewMs }) =>
      factor(ratio(firstNewMs?.median, compose?.firstNewMs?.median)),
    ),
    each("  over cutover deploy", ({ firstNewMs }) =>
      factor(ratio(firstNewMs?.median, own?.firstNewMs?.median)),
    ),
    each("command to last answer of the old, short", ({ lastOldShortMs }) => ms(lastOldShortMs)),
    each("command to last answer of the old, any", ({ lastOldMs }) => ms(lastOldMs)),
    each("longest time without an answer", ({ silenceMs }) => ms(silenceMs)),
    each("answers of the old after the new", ({ backwards }) => String(backwards)),
    each("command to its end", ({ commandMs }) => ms(commandMs)),
    each("processors idle before the command", ({ idle }) => percent(idle)),
    each("p99.9 of an ordinary second", ({ tail }) => ms(tail.steadyMs, 1)),
    each("p99.9 of the second around the switch", ({ tail }) => ms(tail.aroundMs, 1)),
  ];
}

const row = (title: string, cells: readonly string[]) =>
  title.padEnd(42) +
  cells
    .map((cell) => cell.padEnd(28))
    .join("")
    .trimEnd();

const line = (title: string, value: string, aim = "") =>
  `  ${title.padEnd(80)} ${value.padEnd(26)} ${aim}`.trimEnd();

const spread = (value: Spread | null, unit: string, digits: number) =>
  value === null
    ? "–"
    : `${value.median.toFixed(digits)}${unit} (${value.min.toFixed(digits)}–${value.max.toFixed(digits)})`;

const ms = (value: Spread | null, digits = 0) => spread(value, " ms", digits);
const times = (value: Spread | null) => spread(value, " ×", 2);
const plain = (value: Spread | null) => spread(value, "", 0);
const percent = (value: Spread | null) =>
  value === null
    ? "–"
    : `${(value.median * 100).toFixed(0)} % (${(value.min * 100).toFixed(0)}–${(value.max * 100).toFixed(0)})`;
const factor = (value: number | null | undefined) => (value == null ? "–" : `${value.toFixed(2)} ×`);
