/** Characters beside each other that look the same. */
export interface Run {
  column: number;
  text: string;
  /** Names of how they look: `bold`, `dim`, `red`, `green`, `yellow`, `cyan`. */
  look: readonly string[];
}

/** What a terminal shows at one time, row by row. */
export interface Frame {
  /** Milliseconds from the recording's beginning. */
  at: number;
  rows: Run[][];
}

const foregrounds: Record<number, string> = { 31: "red", 32: "green", 33: "yellow", 36: "cyan" };

/**
 * A screen as `tmux capture-pane -e` gives it: lines of text with SGR sequences (ECMA-48, 8.3.117), which hold on from one
 * line to the next. Blanks between runs are left out; of the attributes only those that Cutover uses are known.
 */
export function readScreen(lines: readonly string[]): Run[][] {
  let look: Look = plain;
  return lines.map((line) => {
    const runs: Run[] = [];
    let column = 0;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
    for (const part of line.split(/(\u001b\[[\d;]*m)/)) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: as above
      const codes = /^\u001b\[([\d;]*)m$/.exec(part)?.[1];
      if (codes !== undefined) {
        look = codes.split(";").map(Number).reduce(changed, look);
        continue;
      }
      for (const { index, 0: text } of part.matchAll(/\S+(?: \S+)*/g)) {
        runs.push({ column: column + index, text, look: names(look) });
      }
      column += part.length;
    }
    return runs;
  });
}

interface Look {
  bold: boolean;
  dim: boolean;
  colour: string | null;
}

const plain: Look = { bold: false, dim: false, colour: null };

function changed(look: Look, code: number): Look {
  if (code === 0) return plain;
  if (code === 1) return { ...look, bold: true };
  if (code === 2) return { ...look, dim: true };
  if (code === 22) return { ...look, bold: false, dim: false };
  if (code === 39) return { ...look, colour: null };
  return { ...look, colour: foregrounds[code] ?? look.colour };
}

function names({ bold, dim, colour }: Look): string[] {
  return [bold ? "bold" : "", dim ? "dim" : "", colour ?? ""].filter((name) => name !== "");
}

/** The frames without those that show the same as the one before. */
export function distinctFrames(frames: readonly Frame[]): Frame[] {
  let shown = "";
  return frames.filter((frame) => {
    const now = JSON.stringify(frame.rows);
    if (now === shown) return false;
    shown = now;
    return true;
  });
}
