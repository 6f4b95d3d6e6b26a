import { describe, expect, test } from "vitest";
import { distinctFrames, readScreen } from "../../../tools/recording/screen.ts";
import { drawSvg } from "../../../tools/recording/svg.ts";

const picture = { columns: 20, rows: 2, title: "A <b> & c", description: "d", durationMs: 1_000 };

describe("a captured screen", () => {
  test("is read as runs with their place and look, which holds on over lines", () => {
    expect(
      readScreen(["\u001b[1mshop\u001b[0m  two words", "\u001b[2;32mok", "next\u001b[39m x\u001b[22m y"]),
    ).toEqual([
      [
        { column: 0, text: "shop", look: ["bold"] },
        { column: 6, text: "two words", look: [] },
      ],
      [{ column: 0, text: "ok", look: ["dim", "green"] }],
      [
        { column: 0, text: "next", look: ["dim", "green"] },
        { column: 5, text: "x", look: ["dim"] },
        { column: 7, text: "y", look: [] },
      ],
    ]);
  });

  test("that shows the same as the one before is left out", () => {
    const frames = ["a", "a", "b", "a"].map((text, index) => ({ at: index, rows: readScreen([text]) }));
    expect(distinctFrames(frames).map((frame) => frame.at)).toEqual([0, 2, 3]);
  });
});

describe("the picture", () => {
  const svg = drawSvg(
    [
      { at: 0, rows: readScreen(["stays", "one"]) },
      { at: 250, rows: readScreen(["stays", "two"]) },
      { at: 500, rows: readScreen(["stays", "one"]) },
    ],
    picture,
  );
  const line = (text: string) => svg.split("\n").filter((one) => one.includes(`>${text}<`));

  test("holds each text once, shown while it is on the screen", () => {
    expect(line("stays")).toHaveLength(1);
    expect(line("stays")[0]).not.toContain("animate");
    expect(line("one")).toHaveLength(1);
    expect(line("one")[0]).toContain('keyTimes="0;0.25;0.5" values="visible;hidden;visible"');
    expect(line("two")[0]).toContain('keyTimes="0;0.25;0.5" values="hidden;visible;hidden"');
  });

  test("shows the last frame where nothing is animated", () => {
    expect(line("two")[0]).toContain('visibility="hidden"');
    expect(line("one")[0]).not.toContain('visibility="hidden"');
  });

  test("takes text as text", () => {
    expect(svg).toContain("A &lt;b&gt; &amp; c");
  });
});
