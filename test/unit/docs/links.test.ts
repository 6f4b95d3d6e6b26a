import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const docs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".md"))
  .map((name) => join("docs", name));
const pages = ["README.md", "CHANGELOG.md", ...docs];

/** A heading's anchor, as GitHub makes it. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-");
}

function anchors(page: string): string[] {
  return [...readFileSync(page, "utf8").matchAll(/^#+ (.+)$/gm)].map((match) => anchor(match[1] ?? ""));
}

describe.each(pages)("%s", (page) => {
  const text = readFileSync(join(root, page), "utf8");

  test("links to files and headings that there are", () => {
    for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [file = "", heading] = target.split("#");
      const path = file === "" ? join(root, page) : join(root, dirname(page), file);
      expect(existsSync(path), `${page}: ${target}`).toBe(true);
      if (heading !== undefined) expect(anchors(path), `${page}: ${target}`).toContain(heading);
    }
  });

  test("names files of the project that there are", () => {
    for (const [, path = ""] of text.matchAll(
      /`((?:src|test|tools|docs|setup|schema|examples)\/[\w./-]+)`/g,
    )) {
      const full = join(root, path);
      expect(existsSync(full) || existsSync(`${full}.ts`), `${page}: ${path}`).toBe(true);
    }
  });

  test("names no path of the machine that it was written on", () => {
    expect(text).not.toMatch(/(?:^|[\s`"'(])\/(?:work|root|home\/\w+|tmp)\//m);
  });
});

test("the index names every document", () => {
  const index = readFileSync(join(root, "docs/README.md"), "utf8");
  for (const page of docs) {
    if (page !== "docs/README.md") expect(index).toContain(`(${page.slice("docs/".length)})`);
  }
});
