import { afterEach, describe, expect, it, vi } from "vitest";

type Binding = (name: string) => Record<string, unknown>;

const inner = process as unknown as { binding: Binding | undefined };
const original = inner.binding as Binding;

/** The modules as they are loaded by a node with other inner modules. */
async function load(binding: Binding | undefined) {
  inner.binding = binding;
  vi.resetModules();
  const { chooseTransport } = await import("../../../../src/gateway/transport/choose.ts");
  const { testRaw } = await import("../../../../src/gateway/transport/self-test.ts");
  const { createRawTransport } = await import("../../../../src/gateway/transport/raw.ts");
  return { chooseTransport, testRaw, createRawTransport };
}

/** A binding of which one module is another. */
function altered(
  name: string,
  change: (module: Record<string, unknown>) => Record<string, unknown>,
): Binding {
  return (wanted) => (wanted === name ? change({ ...original(wanted) }) : original(wanted));
}

/** A binding whose handles do one thing in another way. */
function withHandle(change: (prototype: Record<string, (...values: never[]) => unknown>) => void): Binding {
  return altered("tcp_wrap", (module) => {
    const TCP = module.TCP as new (type: number) => object;
    class Changed extends TCP {}
    change(Changed.prototype as unknown as Record<string, (...values: never[]) => unknown>);
    return { ...module, TCP: Changed };
  });
}

afterEach(() => {
  inner.binding = original;
});

describe("the choice of a transport", () => {
  it("is the raw one where it works", async () => {
    const { chooseTransport } = await load(original);
    for (const setting of ["auto", "raw"] as const) {
      const { transport, reason } = await chooseTransport(setting);
      expect([transport.name, reason]).toEqual(["raw", null]);
    }
  });

  it("is net where that is asked for, without a test", async () => {
    const { chooseTransport } = await load(undefined);
    const { transport, reason } = await chooseTransport("net");
    expect([transport.name, reason]).toEqual(["net", null]);
  });

  it("is net where there are no inner modules", async () => {
    const { chooseTransport, createRawTransport } = await load(undefined);
    for (const setting of ["auto", "raw"] as const) {
      const { transport, reason } = await chooseTransport(setting);
      expect([transport.name, reason]).toEqual(["net", "there is no process.binding"]);
    }
    expect(() => createRawTransport()).toThrow("there is no process.binding");
  });

  it.each([
    [
      "inner modules that are refused",
      () => {
        throw new Error("not for you");
      },
      "can't be loaded: not for you",
    ],
    [
      "another shape",
      altered("stream_wrap", (module) => ({ ...module, kLastWriteWasAsync: undefined })),
      "not as expected",
    ],
    [
      "another place of the state",
      altered("stream_wrap", (module) => ({ ...module, kLastWriteWasAsync: 0 })),
      /does not|large write/,
    ],
    [
      "handles that lose bytes",
      withHandle((prototype) => {
        prototype.writeBuffer = () => 0;
      }),
      "it took more than 1000 ms",
    ],
    [
      "handles without user buffers",
      withHandle((prototype) => {
        Object.defineProperty(prototype, "useUserBuffer", { value: undefined });
      }),
      "handles lack useUserBuffer",
    ],
    [
      "handles whose reset is an ordinary end",
      withHandle((prototype) => {
        prototype.reset = () => -22;
      }),
      "a reset is told as an end",
    ],
    [
      "handles that throw in their callbacks",
      withHandle((prototype) => {
        prototype.useUserBuffer = () => {
          throw new Error("no such buffer");
        };
      }),
      "no such buffer",
    ],
  ])("is net with %s", async (_what, binding, expected) => {
    const { testRaw } = await load(binding as Binding);
    const reason = await testRaw();
    expect(reason).toMatch(expected);
  });

  it("leaves nothing open", async () => {
    const { testRaw } = await load(original);
    expect(await testRaw()).toBeNull();
    await vi.waitFor(() =>
      expect(process.getActiveResourcesInfo().filter((kind) => kind.startsWith("TCP"))).toEqual([]),
    );
  });
});
