import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { State } from "../../../src/control/state.ts";
import { type DeploymentRecord, newRecord } from "../../../src/deploy/record.ts";
import { releaseRecord } from "../../support/release.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "cutover-state-"));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

const deployment = (id: string, startedAt: number): DeploymentRecord =>
  newRecord({
    id,
    app: "shop",
    kind: "deploy",
    colour: "blue",
    previous: null,
    who: "ann@laptop",
    readyTimeoutMs: null,
    startedAt,
  });

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

  it("tells why a transaction failed although the database has ended it already", () => {
    const exec = vi.spyOn(DatabaseSync.prototype, "exec");
    const state = new State(":memory:");
    const database = exec.mock.contexts[0] as DatabaseSync;
    exec.mockRestore();
    expect(() =>
      state.transaction(() => {
        state.setLive("shop", 1, "blue");
        database.exec("ROLLBACK");
        throw new Error("database or disk is full");
      }),
    ).toThrow("database or disk is full");
    expect(state.app("shop")).toBeNull();
    state.transaction(() => state.setLive("shop", 1, "blue"));
    expect(state.liveRelease("shop")).toBe(1);
    state.close();
  });

  it("forgets old releases and ended deployments beyond those kept, never the live or an unfinished one", () => {
    const state = new State(":memory:");
    state.saveRelease(releaseRecord(1, { state: "live" }));
    state.saveRelease(releaseRecord(2, { state: "retired" }));
    state.saveRelease(releaseRecord(3, { state: "refused" }));
    state.saveRelease(releaseRecord(4, { state: "aborted" }));
    state.saveRelease(releaseRecord(5, { state: "retired" }));
    for (const [id, endedAt] of [
      ["a", null],
      ["b", 2],
      ["c", 3],
      ["d", 4],
    ] as const) {
      const startedAt = id.charCodeAt(0);
      state.save({ ...deployment(id, startedAt), endedAt, outcome: endedAt === null ? null : "live" });
      state.appendJournal(id, 0, { at: 1, type: "warning", code: "INTERNAL", message: id });
    }
    state.prune("shop", 2);
    expect(state.releases("shop").map((row) => row.release.number)).toEqual([5, 4, 1]);
    expect(state.deployments("shop", 10).map((record) => record.id)).toEqual(["d", "c", "a"]);
    expect(["a", "b", "c", "d"].filter((id) => state.journal(id).length > 0)).toEqual(["a", "c", "d"]);
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
