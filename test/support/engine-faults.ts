import type { FakeEngine } from "./fake-engine.ts";

type Operation = "start" | "stop" | "remove" | "inspect";

/** Calls of one engine operation that wait until they are let go. */
export interface Held {
  /** The first call has come. */
  reached: Promise<void>;
  release(): void;
  /** Lets them go with an error instead, and only them. */
  fail(): void;
}

/** From now on calls of the operation wait. */
export function hold(engine: FakeEngine, operation: Operation): Held {
  const real: (id: string) => Promise<unknown> = engine[operation];
  const reached = Promise.withResolvers<void>();
  const door = Promise.withResolvers<void>();
  const held = async (id: string): Promise<unknown> => {
    reached.resolve();
    await door.promise;
    return real.call(engine, id);
  };
  Object.assign(engine, { [operation]: held });
  return {
    reached: reached.promise,
    release: () => {
      Object.assign(engine, { [operation]: real });
      door.resolve();
    },
    fail: () => {
      Object.assign(engine, { [operation]: real });
      door.reject(new Error(`the engine refuses to ${operation}`));
    },
  };
}

/** From now on the operation fails, until the returned function is called. */
export function refuse(engine: FakeEngine, operation: Operation): () => void {
  const real = engine[operation];
  const refused = async (): Promise<never> => {
    throw new Error(`the engine refuses to ${operation}`);
  };
  Object.assign(engine, { [operation]: refused });
  return () => void Object.assign(engine, { [operation]: real });
}
