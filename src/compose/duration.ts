const unitMs: Record<string, number> = { us: 0.001, µs: 0.001, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

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
