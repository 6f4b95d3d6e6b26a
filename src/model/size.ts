const units: readonly (readonly [name: string, bytes: number])[] = [
  ["g", 2 ** 30],
  ["m", 2 ** 20],
  ["k", 2 ** 10],
  ["b", 1],
];

/** What a size in a compose file looks like: a number and a unit; without one it is bytes. */
export const sizePattern = /^(\d+(?:\.\d+)?)(?:([kmg])b?|b)?$/i;

/** Bytes of a size written as compose writes it: `64k`, `10mb`, `1.5g`; a `k` is 1024. Null when it is none. */
export function parseSize(text: string): number | null {
  const [, number, unit] = sizePattern.exec(text) ?? [];
  if (number === undefined) return null;
  const [, factor = 1] = units.find(([name]) => name === unit?.toLowerCase()) ?? [];
  return Math.round(Number(number) * factor);
}

/** Whole bytes in the largest unit that divides them, so that `parseSize` gives them back: `64k`, `1500b`. */
export function sizeText(bytes: number): string {
  const [name, size] = units.find(([, one]) => bytes > 0 && bytes % one === 0) ?? ["b", 1];
  return `${bytes / size}${name}`;
}
