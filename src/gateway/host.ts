/**
 * The name in a Host header or authority: lower case, without port and without a root dot at its end; an IPv6
 * literal keeps its brackets. Null when there is none. Never throws.
 */
export function hostName(authority: string | undefined): string | null {
  if (authority === undefined) return null;
  const text = authority.trim().toLowerCase();
  const end = text.startsWith("[") ? text.indexOf("]") + 1 : text.indexOf(":");
  const name = end > 0 ? text.slice(0, end) : end === 0 ? "" : text;
  const bare = name.endsWith(".") ? name.slice(0, -1) : name;
  return bare === "" ? null : bare;
}

/** Keys under which routes for a host may stand, the most exact first: `a.b.c`, `*.b.c`, `*.c`. */
export function hostKeys(host: string): string[] {
  const keys = [host];
  for (let dot = host.indexOf("."); dot >= 0; dot = host.indexOf(".", dot + 1)) {
    keys.push(`*${host.slice(dot)}`);
  }
  return keys;
}

/** `example.com`, `*.example.com` (any depth below it), an IP address; lower case, at most 255 characters. */
export function isHostPattern(text: unknown): text is string {
  return (
    typeof text === "string" &&
    text.length <= 255 &&
    /^(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$|^\[[0-9a-f:.]+\]$/.test(
      text,
    )
  );
}
