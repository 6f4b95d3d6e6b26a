/**
 * `docker compose config` writes every `$` as `$$`, so that its output can be read by compose again. Values that
 * Cutover uses by itself are unescaped; values it writes into a compose file are escaped.
 */
export function unescapeDollar(text: string): string {
  return text.replaceAll("$$", "$");
}

/** The text as a compose file must hold it, so that compose does not interpolate it. */
export function escapeDollar(text: string): string {
  return text.replaceAll("$", "$$$$");
}

/** A copy of a value with every string in it, keys too, unescaped. */
export function unescapeDollars(value: unknown): unknown {
  if (typeof value === "string") return unescapeDollar(value);
  if (Array.isArray(value)) return value.map(unescapeDollars);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [unescapeDollar(k), unescapeDollars(v)]));
}

/** A copy of a model with the keys unescaped: compose escapes keys as well when it writes, but reads them as they are. */
export function unescapeKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unescapeKeys);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [unescapeDollar(k), unescapeKeys(v)]));
}
