import type { createColors } from "picocolors";
import type { Latency } from "../../src/model/receipt.ts";
import type { LoadReport, Progress } from "../load/load.ts";
import type { PrintedEvent } from "./command.ts";
import type { CountedScene } from "./scene.ts";
import type { Finding } from "./verdict.ts";

export type Colours = ReturnType<typeof createColors>;

const columns = [10, 10, 8, 10, 10, 10];

const count = (value: number) => value.toLocaleString("en-US");
const ms = (value: number | null) =>
  value === null ? "–" : value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
const seconds = (value: number) => `${(value / 1000).toFixed(1)} s`;
const clock = (at: number) => new Date(at).toLocaleTimeString("en-GB", { hour12: false }) + fraction(at);
const fraction = (at: number) => `.${String(Math.floor(at) % 1000).padStart(3, "0")}`;

export function sceneHead(title: string, typed: string, c: Colours): string {
  return `\n${c.bold(title)}\n  ${c.dim("$")} ${typed}`;
}

/** The line of an event that is worth one; null for the others. */
export function eventLine(event: PrintedEvent, c: Colours): string | null {
  switch (event.type) {
    case "note":
      return `  ${c.dim(event.message)}`;
    case "warning":
      return `  ${c.yellow("▲")} ${event.message}`;
    case "step": {
      if (event.status === "started") return null;
      const sign = event.status === "done" ? c.green("✔") : c.red("✖");
      const took = event.ms === null ? "" : c.dim(seconds(event.ms).padStart(8));
      return `  ${sign} ${event.step.padEnd(8)}${took}${event.detail ? `  ${c.dim(event.detail)}` : ""}`;
    }
    case "outcome":
      return `  ${outcomeLine(event, c)}`;
    case "error":
      return `  ${c.red("✖")} ${event.error.message}`;
    default:
      return null;
  }
}

function outcomeLine(event: PrintedEvent & { type: "outcome" }, c: Colours): string {
  const release = event.release === null ? "the release" : `release ${event.release}`;
  if (event.outcome === "live") return `${c.green("●")} ${c.bold(`${release} is live`)}`;
  const lines = [`${c.yellow("●")} ${c.bold(`${release} was ${event.outcome}`)}`];
  if (event.error) {
    lines.push(event.error.message, ...folded(event.error.details).map((line) => c.dim(`│ ${line}`)));
  }
  return lines.join("\n    ");
}

/** Lines that repeat the one before, as one with their number. */
function folded(lines: readonly string[]): string[] {
  const runs: { line: string; times: number }[] = [];
  for (const line of lines) {
    const last = runs.at(-1);
    if (last?.line === line) last.times += 1;
    else runs.push({ line, times: 1 });
  }
  return runs.map(({ line, times }) => (times === 1 ? line : `${line}  (${times} times)`));
}

/** What the load sees just now, for a line that is written over. */
export function progressLine({ requests, failures, version }: Progress, c: Colours): string {
  const failed = failures === 0 ? c.green("0 failed") : c.red(`${count(failures)} failed`);
  return c.dim(`  ${count(requests)} requests, `) + failed + c.dim(`, answered by version ${version ?? "–"}`);
}

/** Receipt of one deployment: the load's view and the gateway's, one above the other. */
export function receiptBlock(scene: CountedScene, c: Colours): string {
  const lines = [`\n${c.bold(scene.title)}  ${c.dim(`${seconds(scene.ms)} from command to prompt`)}`];
  const { load, receipt } = scene;
  if (receipt?.firstGoodToSwitchMs != null) {
    lines.push(
      `  ${ms(receipt.firstGoodToSwitchMs)} ms from the last container's first good answer to the switch`,
    );
  }
  if (load) {
    for (const { version, requests, firstAt, lastAt } of load.byVersion) {
      lines.push(
        `  version ${version} answered ${count(requests).padStart(7)} requests from ${clock(firstAt)} to ${clock(lastAt)}`,
      );
    }
  }
  const spans = ["before", "during", "after"] as const;
  const rows = spans.flatMap((span) => [
    ...(load ? [row(span, "client", load[span], c)] : []),
    ...(receipt && load ? [row("", "gateway", receipt[span], c)] : []),
  ]);
  if (rows.length > 0) lines.push(heads(c), ...rows);
  else if (scene.error) lines.push(`  ${scene.error.message}`);
  return lines.join("\n");
}

function heads(c: Colours): string {
  const names = ["", "seen by", "requests", "failed", "p50 ms", "p99 ms", "max ms"];
  return c.dim(`  ${cells(names)}`);
}

function row(span: string, seenBy: string, latency: Latency, c: Colours): string {
  const { requests, failures, p50, p99, max } = latency;
  const line = cells([span, seenBy, count(requests), count(failures), ms(p50), ms(p99), ms(max)]);
  return failures === 0 ? `  ${line}` : c.red(`  ${line}`);
}

function cells([span = "", seenBy = "", ...numbers]: string[]): string {
  return (
    span.padEnd(8) + seenBy.padEnd(8) + numbers.map((cell, i) => cell.padStart(columns[i] ?? 10)).join("")
  );
}

/** Totals by kind of request. */
export function loadBlock(load: LoadReport, c: Colours): string {
  const lines = [
    c.dim("  client: short requests, as their sender timed them; gateway: all of them, the slow ones too"),
    `\n${c.bold("every request of the demo")}`,
  ];
  for (const [kind, latency] of Object.entries(load.byKind)) {
    const failed = latency.failures === 0 ? "0 failed" : c.red(`${latency.failures} failed`);
    lines.push(
      `  ${kind.padEnd(10)} ${count(latency.requests).padStart(9)} requests, ${failed}, p99.9 ${ms(latency.p999)} ms`,
    );
  }
  const closed = load.closings.filter((closing) => closing.byServer);
  const clean = closed.filter((closing) => closing.clean).length;
  if (load.byKind.websocket || load.byKind.sse) {
    lines.push(`  ${closed.length} long-lived connections were closed, ${clean} as their protocol says`);
  }
  return lines.join("\n");
}

export function findingsBlock(findings: readonly Finding[], c: Colours): string {
  const lines = findings.map(({ good, what }) => `  ${good ? c.green("✔") : c.red("✖")} ${what}`);
  return `\n${lines.join("\n")}\n`;
}
