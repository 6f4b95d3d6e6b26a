import type { Style } from "../render/style.ts";

/** A container's name before its lines, `web-1  | `, as wide as `width`; neighbours differ in colour. */
export function logPrefix(name: string, index: number, width: number, style: Style): string {
  const paints = [style.cyan, style.green, style.yellow, style.bold];
  const paint = paints[index % paints.length] ?? style.cyan;
  return paint(`${name.padEnd(width)} | `);
}
