import type { Latency, Receipt } from "../../model/receipt.ts";
import { plural, showCount, showLatency, showMs } from "./quantity.ts";
import type { Style } from "./style.ts";
import { indent, table } from "./table.ts";

/**
 * The receipt of a deployment as a short block of text: what became of its requests. The times of its steps are told
 * as they end.
 */
export function renderReceipt(receipt: Receipt, style: Style): string {
  return (
    requestsLine(receipt, style) +
    indent(byRelease(receipt)) +
    latencies(receipt, style) +
    table([...switchTime(receipt), ...drained(receipt, style)])
  );
}

function requestsLine(receipt: Receipt, style: Style): string {
  if (receipt.requests === 0 && receipt.failures === 0) return "no request came meanwhile\n";
  const failures = `${showCount(receipt.failures)} failed`;
  const shown = receipt.failures === 0 ? style.green(failures) : style.red(failures);
  return `${plural(receipt.requests, "request")}, ${shown}\n`;
}

function byRelease(receipt: Receipt): string {
  const rows = receipt.byRelease.map((r) => [
    `release ${r.release}`,
    plural(r.requests, "request"),
    `from ${clock(r.firstAt)} to ${clock(r.lastAt)} UTC`,
  ]);
  return table(rows, { right: [1] });
}

function latencies(receipt: Receipt, style: Style): string {
  const spans = (["before", "during", "after"] as const).filter((span) => receipt[span].requests > 0);
  if (spans.length === 0) return "";
  const row = (name: string, l: Latency): string[] => [
    name,
    showCount(l.requests),
    l.failures === 0 ? "0" : style.red(showCount(l.failures)),
    showLatency(l.p50),
    showLatency(l.p99),
    showLatency(l.max),
  ];
  const head = ["", "requests", "failed", "p50", "p99", "max"].map((cell) => style.dim(cell));
  return table([head, ...spans.map((span) => row(span, receipt[span]))], {
    right: [1, 2, 3, 4, 5],
  });
}

function switchTime(receipt: Receipt): string[][] {
  if (receipt.firstGoodToSwitchMs === null) return [];
  return [["switch", `${showMs(receipt.firstGoodToSwitchMs)} after the last container's first good answer`]];
}

/** What ended by itself after the switch, and what was cut or closed at its deadline; rows that are all zero are left out. */
function drained(receipt: Receipt, style: Style): string[][] {
  const { requests, connections, cutRequests, closedConnections } = receipt.drained;
  const rows: string[][] = [];
  if (requests + connections > 0)
    rows.push(["drained", `${plural(requests, "request")}, ${plural(connections, "connection")}`]);
  if (cutRequests > 0) rows.push(["cut", style.red(`${plural(cutRequests, "request")} at the deadline`)]);
  if (closedConnections > 0)
    rows.push(["closed", `${plural(closedConnections, "long-lived connection")} at the deadline`]);
  return rows;
}

/** Time of day with milliseconds, UTC. */
function clock(at: number): string {
  return new Date(at).toISOString().slice(11, 23);
}
