import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { Interrupts } from "../../../src/cli/deployment/interrupts.ts";
import type { Reporter } from "../../../src/cli/event.ts";
import { fakeIo } from "./fake-io.ts";

const quiet: Reporter = { event() {}, pause() {}, resume() {}, close() {} };

/** A terminal whose keyboard is in the test's hand. */
function terminal() {
  const keyboard = Object.assign(new PassThrough(), { isTTY: true });
  const screen = Object.assign(new PassThrough(), { isTTY: true });
  const io = fakeIo([], { stdin: keyboard, stderr: screen });
  const asked = async (text: string) => {
    for await (const chunk of screen) if (String(chunk).includes(text)) return;
  };
  return { io, keyboard, asked };
}

const aborted = (interrupts: Interrupts) =>
  new Promise<unknown>((resolve) => {
    if (interrupts.aborted.aborted) resolve(interrupts.aborted.reason);
    interrupts.aborted.addEventListener("abort", () => resolve(interrupts.aborted.reason));
  });

describe("in a pipe", () => {
  test.each(["SIGINT", "SIGTERM"] as const)(
    "%s aborts, a second one ends the command at once",
    async (name) => {
      const io = fakeIo([]);
      using interrupts = new Interrupts(io, quiet);
      io.signal(name);
      expect(interrupts.aborted.reason).toMatchObject({ code: "ABORTED" });
      io.signal(name);
      await expect(interrupts.forced).rejects.toMatchObject({ code: "ABORTED" });
    },
  );
});

describe("on a terminal", () => {
  test("a aborts", async () => {
    const { io, keyboard, asked } = terminal();
    using interrupts = new Interrupts(io, quiet);
    io.signal("SIGINT");
    await asked("[a]bort");
    keyboard.write("a\n");
    expect(await aborted(interrupts)).toMatchObject({ code: "ABORTED" });
  });

  test("d detaches once control owns the deployment", async () => {
    const { io, keyboard, asked } = terminal();
    using interrupts = new Interrupts(io, quiet);
    interrupts.allowDetach();
    io.signal("SIGINT");
    await asked("[d]etach");
    keyboard.write("d\n");
    await interrupts.detached;
    expect(interrupts.aborted.aborted).toBe(false);
  });

  test("d before that detaches as soon as control owns the deployment", async () => {
    const { io, keyboard, asked } = terminal();
    const resumed = Promise.withResolvers<void>();
    using interrupts = new Interrupts(io, { ...quiet, resume: () => resumed.resolve() });
    let detached = false;
    void interrupts.detached.then(() => {
      detached = true;
    });
    io.signal("SIGINT");
    await asked("[d]etach once everything has been started");
    keyboard.write("d\n");
    await resumed.promise;
    expect(detached).toBe(false);
    interrupts.allowDetach();
    await interrupts.detached;
    expect(interrupts.aborted.aborted).toBe(false);
  });

  test("c continues, and the next Ctrl-C asks again", async () => {
    const { io, keyboard, asked } = terminal();
    const resumed = Promise.withResolvers<void>();
    using interrupts = new Interrupts(io, { ...quiet, resume: () => resumed.resolve() });
    io.signal("SIGINT");
    keyboard.write("c\n");
    await resumed.promise;
    expect(interrupts.aborted.aborted).toBe(false);
    io.signal("SIGINT");
    keyboard.write("a\n");
    await aborted(interrupts);
    await asked("[a]bort");
  });

  test("a second Ctrl-C instead of an answer aborts", async () => {
    const { io } = terminal();
    using interrupts = new Interrupts(io, quiet);
    io.signal("SIGINT");
    io.signal("SIGINT");
    expect(interrupts.aborted.reason).toMatchObject({ code: "ABORTED" });
  });

  test("SIGTERM aborts without a question", () => {
    const { io } = terminal();
    using interrupts = new Interrupts(io, quiet);
    io.signal("SIGTERM");
    expect(interrupts.aborted.aborted).toBe(true);
  });
});
