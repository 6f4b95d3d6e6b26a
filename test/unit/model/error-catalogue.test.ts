import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { errorCatalogue, exitCode } from "../../../src/model/error-catalogue.ts";

const errors = readFileSync(new URL("../../../docs/reference/errors.md", import.meta.url), "utf8");
const exits = readFileSync(new URL("../../../docs/reference/exit-codes.md", import.meta.url), "utf8");

/** What docs/reference/errors.md says of each code, with the exit code of the group it stands in. */
function documented(): Map<string, { exit: number; text: string }> {
  const found = new Map<string, { exit: number; text: string }>();
  for (const group of errors.split(/^## /m).slice(1)) {
    const exit = Number(/\(exit code (\d)\)/.exec(group)?.[1]);
    for (const section of group.split(/^### /m).slice(1)) {
      const end = section.indexOf("\n");
      found.set(section.slice(0, end), { exit, text: section.slice(end).trim() });
    }
  }
  return found;
}

describe("docs/reference/errors.md", () => {
  test("has every code of the catalogue and no other", () => {
    expect([...documented().keys()].sort()).toEqual(Object.keys(errorCatalogue).sort());
  });

  test.each(Object.entries(errorCatalogue))(
    "%s stands under its exit code, as the catalogue says it",
    (code, entry) => {
      const section = documented().get(code);
      expect(section?.exit).toBe(entry.exit);
      expect(section?.text.startsWith(entry.meaning)).toBe(true);
      expect(section?.text.endsWith(`Next: ${entry.hint}`)).toBe(true);
    },
  );
});

test("docs/reference/exit-codes.md has every exit code, and its examples have that code", () => {
  const rows = [...exits.matchAll(/^\| (\d) \| .*? \| (.*?) ?\|$/gm)];
  expect(rows.map((row) => Number(row[1]))).toEqual(Object.values(exitCode).sort((a, b) => a - b));
  for (const [, exit, examples] of rows) {
    for (const [, code] of (examples ?? "").matchAll(/`([A-Z_]+)`/g)) {
      expect(errorCatalogue[code as keyof typeof errorCatalogue]?.exit, code).toBe(Number(exit));
    }
  }
});
