import { test } from "vitest";

/** One rule of a protocol as a test: the name begins with the section that says it. */
export function rule(name: string, check: () => Promise<void>, timeoutMs = 20_000): void {
  test(name, { timeout: timeoutMs }, check);
}
