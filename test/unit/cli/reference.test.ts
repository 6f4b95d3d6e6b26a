import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createProgram } from "../../../src/cli/program.ts";
import { fakeIo } from "./fake-io.ts";

const reference = readFileSync(new URL("../../../docs/reference/cli.md", import.meta.url), "utf8");
const events = readFileSync(new URL("../../../docs/reference/events.md", import.meta.url), "utf8");
const program = createProgram(fakeIo([]), async () => {});

describe("docs/reference/cli.md", () => {
  test("has a section for every command, and no other", () => {
    const sections = [...reference.matchAll(/^## `(\w+)/gm)].map((match) => match[1]);
    expect(sections.sort()).toEqual(program.commands.map((command) => command.name()).sort());
  });

  test.each(program.commands.map((command) => [command.name(), command] as const))(
    "tells every option of %s",
    (name, command) => {
      const globals = new Set(program.options.map((option) => option.long));
      const own = command.options.filter((option) => !globals.has(option.long));
      const start = reference.indexOf(`## \`${name}`);
      const section = reference.slice(start, reference.indexOf("\n## ", start + 1));
      for (const option of own) expect(section).toContain(option.long);
    },
  );

  test("tells every global option", () => {
    for (const option of program.options) expect(reference).toContain(option.long);
  });
});

test("docs/reference/events.md has a row for every type of event", () => {
  const types = readFileSync(new URL("../../../src/model/events.ts", import.meta.url), "utf8").matchAll(
    /type: "([a-z-]+)"/g,
  );
  const own = readFileSync(new URL("../../../src/cli/event.ts", import.meta.url), "utf8").matchAll(
    /type: "([a-z-]+)"/g,
  );
  const found = [...types, ...own].map((match) => match[1]);
  expect(found.length).toBeGreaterThan(12);
  for (const type of found) expect(events).toContain(`\n| \`${type}\` |`);
});
