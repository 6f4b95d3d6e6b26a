/** A JSON object whose members are not known yet. */
export type Fields = Record<string, unknown>;

/** Takes a problem, in words. */
export type Say = (problem: string) => void;

export function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A string with anything in it. */
export function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** Name of a method, a field or a cookie: a token (RFC 9110 section 5.6.2). */
export function isToken(value: unknown): value is string {
  return typeof value === "string" && value.length <= 256 && /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(value);
}

/** A TCP port that can be connected to. */
export function isPort(value: unknown): value is number {
  return isWhole(value, 1, 65_535);
}

export function isWhole(value: unknown, from: number, to: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= from && (value as number) <= to;
}

/** The list of objects that a value has to be; an empty one with a problem said when it is not. */
export function records(value: unknown, name: string, say: Say): Fields[] {
  if (Array.isArray(value) && value.every(isRecord)) return value;
  say(`${name} is no list of objects`);
  return [];
}

/** The names under `key`, each of which has to be there and stand once. */
export function unique(items: Fields[], key: string, kind: string, say: Say): Set<unknown> {
  const seen = new Set<unknown>();
  for (const item of items) {
    const value = item[key];
    if (!isText(value)) say(`a ${kind} has no ${key}`);
    else if (seen.has(value)) say(`${kind} ${show(value)} stands twice`);
    seen.add(value);
  }
  return seen;
}

/** A value as it is shown in a problem: short, whatever it is. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 100 ? `${value.slice(0, 99)}…` : value);
  if (Array.isArray(value)) return "a list";
  return isRecord(value) ? "an object" : String(value);
}
