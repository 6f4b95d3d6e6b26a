const colour = process.stderr.isTTY && !process.env.NO_COLOR;

/** One line about what set-up does and why, on standard error so that standard output stays the command's. */
export function say(line) {
  process.stderr.write(`${colour ? "\x1b[2m" : ""}set-up: ${line}${colour ? "\x1b[0m" : ""}\n`);
}

/** An error whose message is for the user, with the exit code the command ends with. */
export class SetupError extends Error {
  constructor(message, exitCode = 7) {
    super(message);
    this.name = "SetupError";
    this.exitCode = exitCode;
  }
}

/** Seconds since `from` (performance.now) with one decimal, for progress lines. */
export function seconds(from) {
  return `${((performance.now() - from) / 1000).toFixed(1)} s`;
}
