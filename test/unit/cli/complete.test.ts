import { describe, expect, test } from "vitest";
import { complete } from "../../../src/cli/completion/complete.ts";
import { fakeIo } from "./fake-io.ts";

async function candidates(...words: string[]): Promise<string[]> {
  const text = await complete(fakeIo([]), words);
  return text
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t")[0] ?? "");
}

describe("completion", () => {
  test.each<[string[], string[]]>([
    [["ro"], ["rollback", ":4"]],
    [
      ["-p", "shop", "hi"],
      ["history", ":4"],
    ],
    [
      ["--project-name=shop", "hi"],
      ["history", ":4"],
    ],
    [
      ["plugin", ""],
      ["install", "uninstall", ":4"],
    ],
    [
      ["completion", ""],
      ["bash", "zsh", "fish", ":4"],
    ],
    [["completion", "bash", ""], [":4"]],
    [
      ["deploy", "--pull", ""],
      ["always", "missing", "never", ":4"],
    ],
    [
      ["deploy", "--wait"],
      ["--wait", "--wait-lock", ":4"],
    ],
    [
      ["logs", "--fo"],
      ["--follow", ":4"],
    ],
    [
      ["up", "--gateway", "max-con"],
      ["max-connections=", "max-connections-per-address=", ":4"],
    ],
    [["-f", ""], [":0"]],
    [["deploy", "--file", "comp"], [":0"]],
    [["nonsense", ""], expect.arrayContaining(["deploy"])],
  ])("of %j", async (words, expected) => {
    expect(await candidates(...words)).toEqual(expected);
  });

  test("describes commands and options", async () => {
    expect(await complete(fakeIo([]), ["dep"])).toMatch(/^deploy\t\S.*\n:4\n$/);
  });
});
