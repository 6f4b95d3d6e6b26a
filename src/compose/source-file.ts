import { type Document, LineCounter, type Node, isAlias, isMap, isScalar, isSeq, parseDocument } from "yaml";
import type { Position } from "../model/error.ts";

/** A compose file as the user wrote it: what positions in errors refer to. */
export interface SourceFile {
  /** As it is shown: relative to the working directory where it lies below it. */
  path: string;
  text: string;
}

export type KeyPath = readonly (string | number)[];

interface Parsed {
  file: SourceFile;
  document: Document;
  lines: LineCounter;
}

const parsed = new WeakMap<SourceFile, Parsed>();

function parse(file: SourceFile): Parsed {
  const known = parsed.get(file);
  if (known) return known;
  const lines = new LineCounter();
  const document = parseDocument(file.text, {
    lineCounter: lines,
    merge: true,
    strict: false,
    uniqueKeys: false,
  });
  const result: Parsed = { file, document, lines };
  parsed.set(file, result);
  return result;
}

/** Position of the first YAML error that this file has, or null. */
export function syntaxErrorPosition(file: SourceFile): Position | null {
  const { document, lines } = parse(file);
  const error = document.errors[0];
  if (!error) return null;
  return positionAt(file, lines, error.pos[0]);
}

/**
 * Position of a key path in the files, `key` or `value` of its last step. Later files override earlier ones, so they
 * are asked first; where the path is in none, the position of its longest part that is. Null when not even the first
 * step is there. A step into a list of `name=value` texts finds the text of that name.
 */
export function locate(
  files: readonly SourceFile[],
  path: KeyPath,
  at: "key" | "value" = "key",
): Position | null {
  let best: { depth: number; position: Position } | null = null;
  for (const file of files.toReversed()) {
    const found = locateIn(parse(file), path, at);
    if (found && (!best || found.depth > best.depth)) best = found;
  }
  return best?.position ?? null;
}

/** Position of the first scalar, key or value, for which the test holds. */
export function locateScalar(files: readonly SourceFile[], test: (text: string) => boolean): Position | null {
  for (const file of files.toReversed()) {
    const { document, lines } = parse(file);
    const node = findScalar(document.contents, test);
    if (node?.range) return positionAt(file, lines, node.range[0]);
  }
  return null;
}

function findScalar(node: unknown, test: (text: string) => boolean): Node | null {
  if (isScalar(node)) return test(String(node.source ?? node.value)) ? node : null;
  if (isSeq(node)) {
    for (const item of node.items) {
      const found = findScalar(item, test);
      if (found) return found;
    }
  }
  if (isMap(node)) {
    for (const pair of node.items) {
      const found = findScalar(pair.key, test) ?? findScalar(pair.value, test);
      if (found) return found;
    }
  }
  return null;
}

function locateIn(
  source: Parsed,
  path: KeyPath,
  at: "key" | "value",
): { depth: number; position: Position } | null {
  let node: unknown = source.document.contents;
  let key: Node | null = null;
  let depth = 0;
  for (const step of path) {
    const next = child(source.document, node, step);
    if (!next) break;
    key = next.key;
    node = next.value;
    depth++;
  }
  if (!key) return null;
  const wanted = at === "value" && depth === path.length && hasRange(node) ? node : key;
  if (!hasRange(wanted)) return null;
  return { depth, position: positionAt(source.file, source.lines, wanted.range[0]) };
}

function child(
  document: Document,
  parent: unknown,
  step: string | number,
): { key: Node; value: unknown } | null {
  const node = isAlias(parent) ? parent.resolve(document) : parent;
  if (isMap(node)) return childOfMap(document, node.items, step);
  if (!isSeq(node)) return null;
  const item =
    typeof step === "number"
      ? node.items[step]
      : node.items.find((entry) => isScalar(entry) && textName(String(entry.value)) === step);
  return hasRange(item) ? { key: item, value: item } : null;
}

function childOfMap(
  document: Document,
  items: readonly { key: unknown; value: unknown }[],
  step: string | number,
): { key: Node; value: unknown } | null {
  for (const pair of items) {
    if (isScalar(pair.key) && String(pair.key.value) === String(step))
      return { key: pair.key, value: pair.value };
  }
  for (const pair of items) {
    if (!isScalar(pair.key) || String(pair.key.source ?? pair.key.value) !== "<<") continue;
    const merged = isSeq(pair.value) ? pair.value.items : [pair.value];
    for (const one of merged) {
      const found = child(document, one, step);
      if (found) return found;
    }
  }
  return null;
}

function textName(text: string): string {
  const end = text.search(/[=:]/);
  return end < 0 ? text : text.slice(0, end);
}

function hasRange(node: unknown): node is Node & { range: [number, number, number] } {
  return typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range);
}

function positionAt(file: SourceFile, lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { file: file.path, line, column: col };
}
