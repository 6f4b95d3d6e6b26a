import { parse } from "yaml";
import { type AppOptions, readApp } from "../../../src/compose/app.ts";
import type { AppDefinition } from "../../../src/compose/app-definition.ts";
import type { ComposeModel } from "../../../src/compose/compose-model.ts";
import type { SourceFile } from "../../../src/compose/source-file.ts";
import { CutoverError } from "../../../src/model/error.ts";

/** A project from YAML in the form that `docker compose config` gives, which is also taken as the user's file. */
export function projectOf(text: string): { model: ComposeModel; sources: SourceFile[] } {
  const model = parse(text, { merge: true }) as ComposeModel;
  return { model: { ...model, name: model.name ?? "shop" }, sources: [{ path: "compose.yaml", text }] };
}

export function appOf(text: string, options: AppOptions = {}): AppDefinition {
  return readApp(projectOf(text), options);
}

/** The error that reading the file ends with. */
export function errorOf(text: string, options: AppOptions = {}): CutoverError {
  try {
    appOf(text, options);
  } catch (error) {
    if (error instanceof CutoverError) return error;
    throw error;
  }
  throw new Error("The file was accepted.");
}
