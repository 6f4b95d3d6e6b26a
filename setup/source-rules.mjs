import { globSync, readFileSync } from "node:fs";
import { dirname, join, matchesGlob, posix } from "node:path";
import { root } from "./paths.mjs";
import { folders, impureMembers, impureNames, maximumLines, pureFiles, rooms } from "./rules.mjs";

const sources = "{src,tools,bench,test,setup,examples}/**/*.{ts,mjs,js}";

/** Line of an offset, from 1. */
const lineAt = (text, offset) => text.slice(0, offset).split("\n").length;

/** Every node of a syntax tree with its parent. */
function* nodes(node, parent = null) {
  if (Array.isArray(node)) {
    for (const each of node) yield* nodes(each, parent);
  } else if (node && typeof node === "object") {
    if (typeof node.type === "string") yield { node, parent };
    for (const [key, value] of Object.entries(node)) {
      if (key !== "type" && value && typeof value === "object")
        yield* nodes(value, node.type ? node : parent);
    }
  }
}

/** All that a file imports, with type-only imports, re-exports, `import()` and `import("…")` types. */
export function importsOf(program) {
  const found = [];
  for (const { node } of nodes(program)) {
    if (!/^(Import|Export(Named|All))(Declaration|Expression)$|^TSImportType$/.test(node.type)) continue;
    const source = node.source ?? node.argument;
    const value = source?.value ?? source?.literal?.value;
    if (typeof value === "string") found.push({ specifier: value, start: node.start });
  }
  return found;
}

/** Uses of clocks, timers, the process and the network in a file that must be pure. */
export function impurities(program) {
  const found = [];
  for (const { node, parent } of nodes(program)) {
    if (node.type === "MemberExpression" && !node.computed && node.object.type === "Identifier") {
      const name = `${node.object.name}.${node.property.name}`;
      if (impureMembers.has(name)) found.push({ name, start: node.start });
    }
    if (node.type === "NewExpression" && node.callee.name === "Date" && node.arguments.length === 0) {
      found.push({ name: "new Date()", start: node.start });
    }
    if (node.type === "CallExpression" && node.callee.name === "Date")
      found.push({ name: "Date()", start: node.start });
    if (node.type === "Identifier" && impureNames.has(node.name) && !isName(node, parent)) {
      found.push({ name: node.name, start: node.start });
    }
  }
  return found;
}

/** True where an identifier names a member, a key or a declared type member rather than a variable. */
function isName(node, parent) {
  if (!parent) return false;
  if (parent.type === "MemberExpression") return parent.property === node && !parent.computed;
  if (parent.type === "Property" && parent.key === node && !parent.computed) return parent.value !== node;
  return (
    /^TS.*(Signature|Member)$|^(PropertyDefinition|MethodDefinition)$/.test(parent.type) &&
    parent.key === node
  );
}

/** Why a file may not import another of the project, or null. Paths are relative to the root. */
export function forbidden(from, to) {
  const [fromTop, fromRoom] = from.split("/");
  const [toTop, toRoom] = to.split("/");
  if (fromTop === "src" && toTop === "src") {
    if (!(fromRoom in rooms)) return `src/${fromRoom} is no room of docs/design/architecture.md`;
    if (fromRoom === toRoom || rooms[fromRoom].includes(toRoom)) return null;
    return `src/${fromRoom} may not import src/${toRoom}`;
  }
  const allowed = folders[fromTop];
  if (!allowed || allowed.some((path) => to === path || to.startsWith(`${path}/`))) return null;
  return `${fromTop} may not import ${toTop === "src" ? `src/${toRoom}` : toTop}`;
}

/** The shortest cycle through each file that is on one, as a list of paths; each cycle once. */
export function cycles(graph) {
  const found = new Map();
  for (const start of graph.keys()) {
    const cameFrom = new Map([[start, null]]);
    const queue = [start];
    let end = null;
    while (queue.length > 0 && end === null) {
      const at = queue.shift();
      for (const next of graph.get(at) ?? []) {
        if (next === start) end = at;
        else if (!cameFrom.has(next)) {
          cameFrom.set(next, at);
          queue.push(next);
        }
      }
    }
    if (end === null) continue;
    const path = [];
    for (let at = end; at !== null; at = cameFrom.get(at)) path.unshift(at);
    found.set([...path].sort().join(" "), path);
  }
  return [...found.values()];
}

/** Everything in the sources that breaks a rule: one line each, `file:line: what`. */
export async function violations() {
  const { parseSync } = await import("oxc-parser");
  const files = globSync(sources, { cwd: root, exclude: (path) => /node_modules|\/dist\//.test(path) })
    .map((file) => file.split("\\").join("/"))
    .sort();
  const found = [];
  const graph = new Map();
  for (const file of files) {
    const text = readFileSync(join(root, file), "utf8");
    const { program, errors } = parseSync(file, text);
    for (const error of errors) found.push(`${file}: ${error.message}`);
    const pure = pureFiles.some((glob) => matchesGlob(file, glob));
    const targets = [];
    for (const { specifier, start } of importsOf(program)) {
      const at = `${file}:${lineAt(text, start)}`;
      if (pure && !specifier.startsWith(".")) found.push(`${at}: a pure file may not import ${specifier}`);
      if (!specifier.startsWith(".")) continue;
      const target = posix.normalize(posix.join(dirname(file), specifier));
      const reason = forbidden(file, target);
      if (reason) found.push(`${at}: ${reason} (${specifier})`);
      targets.push(target);
    }
    graph.set(file, targets);
    if (pure) {
      for (const { name, start } of impurities(program)) {
        found.push(
          `${file}:${lineAt(text, start)}: a pure file may not use ${name}; take its value from the caller`,
        );
      }
    }
    const lines = text.split("\n").length - 1;
    if (lines > maximumLines) found.push(`${file}: ${lines} lines; at most ${maximumLines}`);
  }
  for (const glob of pureFiles) {
    if (!files.some((file) => matchesGlob(file, glob)))
      found.push(`setup/rules.mjs: no file matches ${glob}`);
  }
  for (const path of cycles(graph)) found.push(`import cycle: ${[...path, path[0]].join(" → ")}`);
  return found;
}
