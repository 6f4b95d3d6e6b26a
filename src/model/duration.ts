const units: readonly (readonly [name: string, ms: number])[] = [
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
];
const unitMs: Record<string, number> = { us: 0.001, µs: 0.001, ...Object.fromEntries(units) };

/** What a duration in a compose file looks like: one or more of number and unit. */
export const durationPattern = /^(?:\d+(?:\.\d+)?(?:us|µs|ms|s|m|h))+$/;

/** Milliseconds of a duration written as compose writes it: `30s`, `1m30s`, `500ms`, `1h`. Null when it is none. */
export function parseDuration(text: string): number | null {
  if (!durationPattern.test(text)) return null;
  let total = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(us|µs|ms|s|m|h)/g)) {
    total += Number(number) * (unitMs[unit ?? ""] ?? 0);
  }
  return Math.round(total);
}

/** Whole milliseconds as compose writes them, so that `parseDuration` gives them back: `1m30s`, `0s`. */
export function durationText(ms: number): string {
  let rest = ms;
  let text = "";
  for (const [name, size] of units) {
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${name}`;
    rest -= count * size;
  }
  return text === "" ? "0s" : text;
}
