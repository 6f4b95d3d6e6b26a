import { stripVTControlCharacters } from "node:util";

/** Columns padded to their widest cell, two spaces between; colour codes take no width. Trailing space is cut. */
export function table(
  rows: readonly (readonly string[])[],
  options: { right?: readonly number[] } = {},
): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, visibleWidth(cell));
    }
  }
  const lines = rows.map((row) =>
    row
      .map((cell, column) => {
        const space = " ".repeat((widths[column] ?? 0) - visibleWidth(cell));
        return options.right?.includes(column) ? space + cell : cell + space;
      })
      .join("  ")
      .trimEnd(),
  );
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

/** Every line of `text` moved right. */
export function indent(text: string, by = 2): string {
  return text.replace(/^(?=.)/gm, " ".repeat(by));
}

export function visibleWidth(text: string): number {
  return stripVTControlCharacters(text).length;
}

/** At most `width` columns, the end replaced by an ellipsis. `text` holds no colour codes. */
export function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/**
 * A paragraph broken between words so that no line is wider than `width` columns, all lines but the first moved right by
 * `hang`. A word that is wider stays whole. Colour codes take no width.
 */
export function wrap(text: string, width: number, hang = 0): string {
  const [first = "", ...words] = text.split(" ");
  let result = first;
  let used = visibleWidth(first);
  for (const word of words) {
    const wide = visibleWidth(word);
    const fits = used + 1 + wide <= width;
    result += fits ? ` ${word}` : `\n${" ".repeat(hang)}${word}`;
    used = fits ? used + 1 + wide : hang + wide;
  }
  return result;
}
