/** The structured log of a worker: the primary writes its lines, so that workers do without the library. */
export interface WorkerLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A line on its way to the primary. */
export interface LogLine {
  type: "log";
  level: keyof WorkerLog;
  fields: object;
  message: string;
}

/** Errors in the fields are sent as their message, code and stack. */
export function createWorkerLog(send: (line: LogLine) => void): WorkerLog {
  const say = (level: LogLine["level"]) => (fields: object, message: string) => {
    const plain = Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, plainError(value)]));
    send({ type: "log", level, fields: { ...plain, worker: process.pid }, message });
  };
  return { info: say("info"), warn: say("warn"), error: say("error") };
}

function plainError(value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  const { code } = value as NodeJS.ErrnoException;
  return { type: value.name, message: value.message, stack: value.stack, ...(code ? { code } : {}) };
}
