import { type Logger, pino } from "pino";

/** JSON lines on standard output; CUTOVER_LOG_LEVEL sets the level (default `info`). */
export function createLog(fields: Record<string, unknown>): Logger {
  return pino({
    level: process.env.CUTOVER_LOG_LEVEL ?? "info",
    base: { component: "gateway", ...fields },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
  });
}
