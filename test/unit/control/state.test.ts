import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { State } from "../../../src/control/state.ts";
import { releaseRecord } from "../../support/release.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "cutover-state-"));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe("State", () => {
  it("has everything again after it was closed", () => {
    const file = join(directory, "state.db");
    const first = new State(file);
    first.setLive("shop", 2, "green");
    first.saveRelease(releaseRecord(1));
    first.saveRelease(releaseRecord(2, { state: "live", colour: "green" }));
    first.setRoutes("shop", { listeners: [], routes: [], backends: [] });
    const generation = first.nextGeneration();
    first.close();

    const second = new State(file);
    expect(second.app("shop")).toEqual({ app: "shop", live: 2, colour: "green" });
    expect(second.releases("shop").map((row) => row.release.number)).toEqual([2, 1]);
    expect(second.release("shop", 2)).toEqual(releaseRecord(2, { state: "live", colour: "green" }));
    expect(second.nextReleaseNumber("shop")).toBe(3);
    expect(second.nextGeneration()).toBeGreaterThan(generation);
    second.close();
  });

  it("keeps all of a transaction or nothing", () => {
    const state = new State(":memory:");
    expect(() =>
      state.transaction(() => {
        state.setLive("shop", 1, "blue");
        throw new Error("stop");
      }),
    ).toThrow("stop");
    expect(state.app("shop")).toBeNull();
    state.close();
  });

  it("forgets an app wholly", () => {
    const state = new State(":memory:");
    state.setLive("shop", 1, "blue");
    state.saveRelease(releaseRecord(1));
    state.removeApp("shop");
    expect(state.app("shop")).toBeNull();
    expect(state.releases("shop")).toEqual([]);
    state.close();
  });
});
