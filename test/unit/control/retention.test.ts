import { describe, expect, it } from "vitest";
import { removable } from "../../../src/control/retention.ts";
import { releaseRecord } from "../../support/release.ts";

const numbers = (rows: ReturnType<typeof removable>): number[] => rows.map((row) => row.release.number);

describe("removable", () => {
  it("keeps the images of the live release and the four that served last", () => {
    const releases = [7, 6, 5, 4, 3, 2, 1].map((number) => releaseRecord(number));
    expect(numbers(removable(releases, 7))).toEqual([2, 1]);
  });

  it("never lets the live release go, however old it is", () => {
    const releases = [7, 6, 5, 4, 3, 2, 1].map((number) => releaseRecord(number));
    expect(numbers(removable(releases, 1))).not.toContain(1);
  });

  it("lets go of releases that never served", () => {
    const releases = [
      releaseRecord(2, { state: "refused", liveAt: null }),
      releaseRecord(1, { state: "live" }),
    ];
    expect(numbers(removable(releases, 1))).toEqual([2]);
  });
});
