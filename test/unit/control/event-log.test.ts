import { describe, expect, it } from "vitest";
import { EventLog } from "../../../src/control/event-log.ts";
import type { DeploymentEvent } from "../../../src/model/events.ts";

describe("EventLog", () => {
  it("tells a late follower everything, in order, and then what comes", () => {
    const log = new EventLog([], () => undefined);
    log.emit({ type: "log", source: "web", line: "one" });
    const seen: string[] = [];
    const stop = log.follow((event) => event.type === "log" && seen.push(event.line));
    log.emit({ type: "log", source: "web", line: "two" });
    stop();
    log.emit({ type: "log", source: "web", line: "three" });
    expect(seen).toEqual(["one", "two"]);
  });

  it("journals steps but not output, numbering on after a restart", () => {
    const past: DeploymentEvent[] = [
      { at: 1, type: "step", step: "prepare", status: "started", ms: null, detail: null },
    ];
    const appended: [number, string][] = [];
    const log = new EventLog(past, (seq, event) => appended.push([seq, event.type]));
    log.emit({ type: "log", source: "web", line: "secret output" });
    log.emit({ type: "warning", code: "X", message: "y" });
    expect(appended).toEqual([[1, "warning"]]);
  });
});
