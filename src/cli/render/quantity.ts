/** `3 ms`, `0.41 s` → short forms that a person reads at a glance: 3 ms, 410 ms, 1.2 s, 2 m 05 s, 3 h 10 m. */
export function showMs(ms: number): string {
  if (ms < 1) return ms === 0 ? "0 ms" : "<1 ms";
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${pad(seconds % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} m`;
}

/** Latencies keep a decimal below 10 ms: 0.8 ms, 4.2 ms, 17 ms. */
export function showLatency(ms: number | null): string {
  if (ms === null) return "-";
  return ms < 9.95 ? `${ms.toFixed(1)} ms` : showMs(ms);
}

/** 12345 → `12,345`. */
export function showCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** `1 request`, `2 requests`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${showCount(count)} ${count === 1 ? one : many}`;
}

/** How long ago: `12 s ago`, `3 m ago`, `5 h ago`, `2 d ago`. */
export function showAge(at: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - at) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** `2026-11-23 10:57:56 UTC`: the same in every place, sortable. */
export function showTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** The first twelve hexadecimal digits of an image or container id. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, "").slice(0, 12);
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}
