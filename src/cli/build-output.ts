/** BuildKit's lines about what went well, which hide the work itself and the reason of a failure. */
const routine =
  /^#\d+ (?:\[internal\]|\[\S+ internal\]|transferring |DONE |CACHED|sha256:|extracting |exporting |writing |naming |building with )/;

export function isRoutineBuildLine(line: string): boolean {
  return routine.test(line);
}

/** A line of BuildKit without its step's number and time: `#7 1.203 added 5 packages` is `added 5 packages`. */
export function bareBuildLine(line: string): string {
  return line.replace(/^#\d+ (?:\d+\.\d+ )?/, "");
}
