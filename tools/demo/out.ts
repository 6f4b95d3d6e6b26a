import { createLogUpdate } from "log-update";
import picocolors from "picocolors";
import type { Load } from "../load/load.ts";
import type { Told } from "./scene.ts";
import type { Played } from "./story.ts";
import { eventLine, findingsBlock, loadBlock, progressLine, receiptBlock, sceneHead } from "./text.ts";

/** Where the demo shows what goes on. */
export interface Out {
  tell(told: Told): void;
  /** From here on the load's count is shown live where that can be. */
  follow(load: Load): void;
  played(played: Played): void;
  close(): void;
}

/** One JSON object a line on standard output. */
export function jsonOut(): Out {
  const line = (value: unknown) => void process.stdout.write(`${JSON.stringify(value)}\n`);
  return {
    tell: line,
    follow() {},
    played: ({ scenes, load, findings }) => {
      for (const scene of scenes) line({ type: "receipt", ...scene });
      line({ type: "load", load });
      line({ type: "verdict", good: findings.every((finding) => finding.good), findings });
    },
    close() {},
  };
}

/** Text; on a terminal with one live line below it. */
export function textOut(): Out {
  const c = picocolors.createColors(picocolors.isColorSupported);
  const live = process.stdout.isTTY ? createLogUpdate(process.stdout) : null;
  const warned = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const print = (text: string) => {
    live?.clear();
    process.stdout.write(`${text}\n`);
  };
  const close = () => {
    clearInterval(timer);
    live?.clear();
    live?.done();
  };
  return {
    tell(told) {
      if (told.type === "scene") print(sceneHead(told.title, told.typed, c));
      else if (told.type === "said") print(`\n${c.dim(told.text)}`);
      else {
        const text = eventLine(told.event, c);
        if (text === null || warned.has(text)) return;
        if (told.event.type === "warning") warned.add(text);
        print(text);
      }
    },
    follow(load) {
      if (live) timer = setInterval(() => live(progressLine(load.progress, c)), 100);
    },
    played({ scenes, load, findings }) {
      close();
      for (const scene of scenes) print(receiptBlock(scene, c));
      print(loadBlock(load, c));
      print(findingsBlock(findings, c));
    },
    close,
  };
}
