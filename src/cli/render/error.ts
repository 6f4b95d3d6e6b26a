import type { ErrorBody, Position } from "../../model/error.ts";
import { foldRepeats } from "./repeats.ts";
import type { Style } from "./style.ts";
import { wrap } from "./table.ts";

/**
 * What a failed command prints to stderr: what happened with its code, where, the lines that help to see why,
 * and what to do next.
 *
 *     error: Container web-1 of the new release ended with exit code 1. [CONTAINER_EXITED]
 *       at compose.yaml:12:5
 *
 *       | Error: Cannot find module 'express'
 *
 *       The running release still serves. ...
 */
export function renderError(body: ErrorBody, style: Style): string {
  const paragraph = (text: string) => `${wrap(text, style.wrapAt, 2)}\n`;
  let text = paragraph(`${style.red(style.bold("error:"))} ${body.message} ${style.dim(`[${body.code}]`)}`);
  if (body.where) text += `  at ${style.cyan(showPosition(body.where))}\n`;
  const told = body.message.toLowerCase();
  if (body.cause !== null && !told.includes(body.cause.toLowerCase()))
    text += paragraph(`  cause: ${body.cause}`);
  if (body.details.length > 0) {
    const lines = foldRepeats(body.details).map(({ line, times }) => {
      const count = times === 1 ? "" : style.dim(` (${times} times)`);
      return `  ${style.dim("|")} ${line}${count}`.trimEnd();
    });
    text += `\n${lines.join("\n")}\n\n`;
  }
  return text + paragraph(`  ${body.hint}`);
}

/** `compose.yaml:12:5`, as editors and terminals open it. */
export function showPosition(where: Position): string {
  let text = where.file;
  if (where.line !== null) text += `:${where.line}`;
  if (where.line !== null && where.column !== null) text += `:${where.column}`;
  return text;
}
