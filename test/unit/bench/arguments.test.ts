import { describe, expect, it } from "vitest";
import { benchArguments } from "../../../bench/arguments.ts";
import { loadNames } from "../../../bench/dataplane/loads.ts";
import { proxyNames } from "../../../bench/dataplane/proxies/proxy.ts";
import { phasesOf } from "../../../bench/soak/bench.ts";

describe("benchArguments", () => {
  it("has all loads and proxies unless some are named", () => {
    expect(benchArguments(["dataplane"])).toEqual({
      bench: "dataplane",
      rounds: 10,
      seconds: 4,
      loads: [...loadNames, "idle", "two-workers"],
      proxies: [...proxyNames],
      json: false,
      markdown: false,
    });
    const some = ["dataplane", "--loads", "close,tiny", "--proxies", "nginx,gateway", "--json"];
    expect(benchArguments(some)).toMatchObject({
      loads: ["close", "tiny"],
      proxies: ["nginx", "gateway"],
      json: true,
    });
  });

  it("refuses what a bench does not know, in words", () => {
    expect(() => benchArguments([])).toThrow("which bench?");
    expect(() => benchArguments(["speed"])).toThrow("there is no bench speed");
    expect(() => benchArguments(["dataplane", "--loads", "tiny,huge"])).toThrow("not 'huge'");
    expect(() => benchArguments(["dataplane", "--rounds", "1.5"])).toThrow("whole number from 1 to 100");
    expect(() => benchArguments(["soak", "--rounds", "3"])).toThrow("soak knows no --rounds");
    expect(() => benchArguments(["soak", "--minutes", "0"])).toThrow("number from 0.1");
    expect(() => benchArguments(["mock", "--markdown"])).toThrow("mock knows no --markdown");
    expect(() => benchArguments(["deploy", "--seconds", "3"])).toThrow("deploy knows no --seconds");
  });
});

describe("phasesOf", () => {
  it("cuts a length into phases of at most five minutes, and at least three", () => {
    expect(phasesOf(30)).toEqual({ phases: 6, switchesPerPhase: 300 });
    expect(phasesOf(0.3)).toEqual({ phases: 3, switchesPerPhase: 6 });
    expect(phasesOf(0.01)).toEqual({ phases: 3, switchesPerPhase: 1 });
  });
});
