import { createLogUpdate } from "log-update";
import type { Outcome } from "../../model/deployment.ts";
import type { CliEvent, Reporter } from "../event.ts";
import type { Output } from "../io.ts";
import { plainLine } from "./plain.ts";
import { advance, startProgress } from "./progress.ts";
import { progressLines } from "./progress-lines.ts";
import { renderReceipt } from "./receipt.ts";
import type { Style } from "./style.ts";
import { indent, wrap } from "./table.ts";

/** Milliseconds between two drawings of the live lines. */
const frameMs = 80;

/** Live lines that are redrawn in place; what should stay (notes, warnings) is written above them. */
export function ttyReporter(output: Output, style: Style, now: () => number): Reporter {
  const progress = startProgress();
  const log = createLogUpdate(sized(output), { showCursor: true });
  let tick = 0;
  let paused = false;
  let closed = false;
  const draw = () => {
    if (paused || closed) return;
    const lines = progressLines(progress, { ...style, width: output.columns || 80 }, now(), tick);
    if (lines.length > 0) log(lines.join("\n"));
  };
  const timer = setInterval(() => {
    tick += 1;
    draw();
  }, frameMs);
  timer.unref();
  const above = (text: string) => {
    log.clear();
    output.write(text);
  };

  return {
    event(event: CliEvent) {
      if (closed) return;
      advance(progress, event);
      if (event.type === "note" || event.type === "warning") {
        above(`${wrap(plainLine(event, style) ?? "", style.wrapAt, 2)}\n`);
      }
      draw();
      if (event.type === "outcome") {
        if (event.outcome === "unchanged") log.clear();
        log.done();
        closed = true;
        clearInterval(timer);
        output.write(outcomeText(event.receipt ? renderReceipt(event.receipt, style) : "", event.outcome));
      }
    },
    pause() {
      if (closed) return;
      paused = true;
      log.clear();
    },
    resume() {
      paused = false;
      draw();
    },
    close() {
      if (closed) return;
      closed = true;
      clearInterval(timer);
      log.done();
    },
  };
}

/** What stands between the steps and the last words: the receipt, and room before an error. */
function outcomeText(receipt: string, outcome: Outcome): string {
  if (receipt !== "") return `\n${indent(receipt)}\n`;
  return outcome === "unchanged" ? "" : "\n";
}

/** The stream with a size in any case: a terminal that was never told its own says 0, and nothing would be drawn. */
function sized(output: Output): NodeJS.WriteStream {
  return {
    isTTY: true,
    write: (text: string) => output.write(text),
    get columns() {
      return output.columns || 80;
    },
    get rows() {
      return output.rows || 24;
    },
  } as unknown as NodeJS.WriteStream;
}
