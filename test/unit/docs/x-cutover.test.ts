import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import { defaultMaxQueued, defaultQueueMs } from "../../../src/gateway/balance/queue.ts";
import { durationText } from "../../../src/model/duration.ts";
import { appExtension, serviceExtension } from "../../../src/compose/extension-schema.ts";

const page = readFileSync(new URL("../../../docs/reference/x-cutover.md", import.meta.url), "utf8");
const [top = "", service = ""] = page.split("\n## In a service\n");

/** Keys of the mappings that a schema may be. */
function shapeOf(schema: unknown): Record<string, unknown> {
  if (schema instanceof z.ZodOptional) return shapeOf(schema.unwrap());
  if (schema instanceof z.ZodUnion) return Object.assign({}, ...schema.options.map(shapeOf));
  return schema instanceof z.ZodObject ? schema.shape : {};
}

function rowsOf(section: string): string[] {
  return [...section.matchAll(/^\| `([a-z.-]+)` \|/gm)].map((match) => match[1] ?? "");
}

test("every key of a service stands in the page's table, and no other", () => {
  const table = service.split("\n### ")[0] ?? "";
  expect(rowsOf(table).toSorted()).toEqual(Object.keys(serviceExtension.shape).toSorted());
});

test.each(
  Object.entries(serviceExtension.shape).filter(([, schema]) => Object.keys(shapeOf(schema)).length > 0),
)("every key under %s stands in its section, and no other", (name, schema) => {
  const section = service.split(`\n### \`${name}\`\n`)[1]?.split("\n### ")[0] ?? "";
  expect(rowsOf(section).toSorted()).toEqual(Object.keys(shapeOf(schema)).toSorted());
});

test("every key at the top of the file stands in its table", () => {
  const table = top.split("\n## At the top of the file\n")[1]?.split("\n### ")[0] ?? "";
  const keys = Object.entries(appExtension.shape).flatMap(([name, schema]) =>
    name === "drain" ? Object.keys(shapeOf(schema)).map((key) => `drain.${key}`) : [name],
  );
  expect(rowsOf(table).toSorted()).toEqual(keys.toSorted());
});

test("defaults that the schema tells are those of the page", () => {
  for (const [name, schema] of Object.entries(serviceExtension.shape)) {
    for (const [key, part] of Object.entries(shapeOf(schema))) {
      const described = part instanceof z.ZodType ? (part.description ?? "") : "";
      const fallback = /(?:^|[ ;,])(\d[\w.%-]*|\/|true|false|cutover) unless given/.exec(described)?.[1];
      if (fallback === undefined) continue;
      const section = service.split(`\n### \`${name}\`\n`)[1]?.split("\n### ")[0] ?? "";
      expect(section).toMatch(new RegExp(`^\\| \`${key}\` \\| \`${fallback}\``, "m"));
    }
  }
});

test("defaults of the gateway are those of the page", () => {
  const section = service.split("\n### `queue`\n")[1]?.split("\n### ")[0] ?? "";
  expect(section).toContain(`| \`size\` | \`${defaultMaxQueued}\` |`);
  expect(section).toContain(`| \`wait\` | \`${durationText(defaultQueueMs)}\` |`);
});
