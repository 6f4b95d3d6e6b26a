import { z } from "zod";
import { CutoverError } from "../model/error.ts";
import { didYouMean } from "./nearest.ts";
import { type KeyPath, type SourceFile, locate } from "./source-file.ts";

type Issue = z.core.$ZodIssue;

/**
 * EXTENSION_INVALID for the first thing that is wrong, unknown keys before wrong values: what was expected there, the
 * nearest right name, and the place in the user's file. `base` is the key path of the `x-cutover` that was checked.
 */
export function extensionError(
  schema: z.ZodType,
  issues: readonly Issue[],
  base: KeyPath,
  sources: readonly SourceFile[],
): CutoverError {
  const flat = issues.map((issue) => deepest(issue, []));
  const first = flat.find((one) => one.issue.code === "unrecognized_keys") ?? flat[0];
  const path = first?.path ?? [];
  if (first?.issue.code === "unrecognized_keys") {
    const key = first.issue.keys[0] ?? "";
    const known = keysAt(schema, path);
    const near = didYouMean(key, known);
    return invalid(
      `Unknown key "${key}" under ${shown(base, path)}.${near || ` The keys are: ${known.join(", ")}.`}`,
      [...base, ...path, key],
      "key",
      sources,
    );
  }
  if (first?.issue.code === "invalid_key") {
    const names = schemasAt(schema, path.slice(0, -1)).flatMap((one) =>
      one instanceof z.ZodRecord ? [expectedOf(one.keyType)] : [],
    );
    const message = `"${path.at(-1)}" under ${shown(base, path.slice(0, -1))} must be ${names[0] ?? "another name"}.`;
    return invalid(message, [...base, ...path], "key", sources);
  }
  const expected = expectedAt(schema, path) ?? "another value";
  return invalid(`${shown(base, path)} must be ${expected}.`, [...base, ...path], "value", sources);
}

/** EXTENSION_INVALID with the place of a key path in the user's file. */
export function invalid(
  message: string,
  path: KeyPath,
  at: "key" | "value",
  sources: readonly SourceFile[],
): CutoverError {
  const where = locate(sources, path, at);
  return new CutoverError("EXTENSION_INVALID", message, where ? { where } : {});
}

/** Out of a union's branches, the issue of the one that was meant: a branch of the right type that fails further in. */
function deepest(issue: Issue, prefix: readonly PropertyKey[]): { issue: Issue; path: (string | number)[] } {
  const path = [...prefix, ...issue.path];
  if (issue.code === "invalid_union") {
    for (const branch of issue.errors) {
      const first = branch.find((one) => one.code === "unrecognized_keys") ?? branch[0];
      const wrongType = first?.code === "invalid_type" && first.path.length === 0;
      if (
        first &&
        !wrongType &&
        (first.path.length > 0 || first.code === "unrecognized_keys" || first.code === "invalid_union")
      ) {
        return deepest(first, path);
      }
    }
  }
  return { issue, path: path.map((step) => (typeof step === "number" ? step : String(step))) };
}

function shown(base: KeyPath, path: KeyPath): string {
  const keys = [...base.filter((step) => step !== "services"), ...path];
  return keys
    .map((step) => (typeof step === "number" ? `[${step}]` : step))
    .join(".")
    .replaceAll(".[", "[");
}

function unwrap(schema: unknown): unknown {
  return schema instanceof z.ZodOptional ? unwrap(schema.unwrap()) : schema;
}

/** Every schema that may apply at a path: a union gives each of its branches. */
function schemasAt(schema: unknown, path: KeyPath): unknown[] {
  const here = unwrap(schema);
  const [step, ...rest] = path;
  if (step === undefined) return [here];
  if (here instanceof z.ZodUnion) return here.options.flatMap((option) => schemasAt(option, path));
  if (here instanceof z.ZodObject && typeof step === "string" && step in here.shape) {
    return schemasAt(here.shape[step], rest);
  }
  if (here instanceof z.ZodRecord) return schemasAt(here.valueType, rest);
  return here instanceof z.ZodArray && typeof step === "number" ? schemasAt(here.element, rest) : [];
}

function expectedAt(schema: z.ZodType, path: KeyPath): string | null {
  for (const one of schemasAt(schema, path)) {
    const expected = expectedOf(one);
    if (expected !== null) return expected;
  }
  return null;
}

function expectedOf(schema: unknown): string | null {
  const expected = schema instanceof z.ZodType ? schema.meta()?.expected : undefined;
  return typeof expected === "string" ? expected : null;
}

function keysAt(schema: z.ZodType, path: KeyPath): string[] {
  return schemasAt(schema, path).flatMap(objectKeys);
}

function objectKeys(schema: unknown): string[] {
  const here = unwrap(schema);
  if (here instanceof z.ZodUnion) return here.options.flatMap(objectKeys);
  return here instanceof z.ZodObject ? Object.keys(here.shape) : [];
}
