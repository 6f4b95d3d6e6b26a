import { describe, expect, test } from "vitest";
import { createSticky, stickyField, stickyTarget } from "../../../../src/gateway/balance/sticky.ts";
import { FieldCode, type RequestHead, createRequestHead } from "../../../../src/gateway/http1/head.ts";
import type { BackendPolicy } from "../../../../src/model/route.ts";
import { backendOf } from "./backend.ts";

const now = 1_000;

/** The bytes of field lines, and the head that a parser makes of them. */
function parsed(lines: string[]): { bytes: Uint8Array; head: RequestHead } {
  const head = createRequestHead();
  let text = "";
  for (const [index, line] of lines.entries()) {
    const name = line.slice(0, line.indexOf(":"));
    const start = text.length;
    head.fields.set([start, start + name.length, start + name.length + 2, start + line.length], 4 * index);
    head.codes[index] = name.toLowerCase() === "cookie" ? FieldCode.cookie : FieldCode.other;
    text += `${line}\r\n`;
  }
  head.fieldCount = lines.length;
  return { bytes: Buffer.from(text, "latin1"), head };
}

function scene(count = 3, sticky: BackendPolicy["sticky"] = { cookie: "cutover" }) {
  const state = backendOf(new Array<number>(count).fill(1), sticky ? { sticky } : {});
  const made = createSticky(state.backend, state.targets);
  if (!made) throw new Error("there is a cookie");
  const line = (index: number) => {
    const target = state.targets[index];
    return target ? Buffer.from(stickyField(made, target)).toString("latin1") : "";
  };
  return {
    targets: state.targets,
    sticky: made,
    line,
    value: (index: number) => /=([^;]*);/.exec(line(index))?.[1] ?? "",
    named(...lines: string[]): string | null {
      const { bytes, head } = parsed(lines);
      return stickyTarget(bytes, head, made, now)?.id ?? null;
    },
  };
}

describe("the cookie", () => {
  test("has the attributes of the policy, and no name of a container or address", () => {
    expect(scene(1).line(0)).toMatch(
      /^Set-Cookie: cutover=[0-9a-f]{16}; Path=\/; HttpOnly; SameSite=Lax\r\n$/,
    );
    const full = scene(1, { cookie: "__Host-s", maxAgeSeconds: 60, secure: true, path: "/shop" });
    expect(full.line(0)).toMatch(
      /^Set-Cookie: __Host-s=[0-9a-f]{16}; Path=\/shop; HttpOnly; SameSite=Lax; Secure; Max-Age=60\r\n$/,
    );
  });

  test("has a value of its own for each target of each release, the same in every worker", () => {
    const { value } = scene(500);
    const values = Array.from({ length: 500 }, (_, index) => value(index));
    expect(new Set(values).size).toBe(500);
    for (const half of [0, 8]) expect(new Set(values.map((one) => one.slice(half, half + 8))).size).toBe(500);
    expect(scene(500).value(7)).toBe(values[7]);
    const state = backendOf([1], { sticky: { cookie: "cutover" } });
    const next = createSticky({ ...state.backend, id: "shop/web@2" }, state.targets);
    const [target] = state.targets;
    if (!next || !target) throw new Error("there is one");
    expect(Buffer.from(stickyField(next, target)).toString()).not.toContain(values[0]);
  });

  test("its line is made once", () => {
    const { sticky, targets } = scene();
    const [target] = targets;
    if (!target) throw new Error("there is one");
    expect(stickyField(sticky, target)).toBe(stickyField(sticky, target));
    expect(() => stickyField(scene().sticky, target)).toThrow(RangeError);
  });

  test("is none without the policy", () => {
    const state = backendOf([1]);
    expect(createSticky(state.backend, state.targets)).toBeNull();
  });
});

describe("a request's cookie", () => {
  const { value, named } = scene();

  test("names its target wherever it stands", () => {
    const [zero, one, two] = [value(0), value(1), value(2)];
    expect(named(`Cookie: cutover=${one}`)).toBe("t1");
    expect(named("Host: a", `Cookie: a=b; cutover=${two}; c=d`)).toBe("t2");
    expect(named(`Cookie: a=b;cutover=${two};c`)).toBe("t2");
    expect(named("Cookie: a=b", "Accept: */*", `cookie:  ; ;\tcutover=${zero} ;`)).toBe("t0");
    expect(named(`Cookie: =; cutover=; cutover=${one}; cutover=${two}`)).toBe("t1");
    expect(named(`Cookie: cutover=0000000000000000`, `Cookie: cutover=${one}`)).toBe("t1");
  });

  test("names nothing when it is another's, cut short or changed", () => {
    const one = value(1);
    for (const cookie of [
      `Cutover=${one}`,
      `xcutover=${one}`,
      `x=cutover=${one}`,
      `cutover =${one}`,
      `cutover=${one}0`,
      `cutover="${one}"`,
      `cutover=${one.toUpperCase().replace(/\d/g, "A")}`,
      `cutover=${one.slice(1)}`,
      `cutover=${one.startsWith("0") ? "1" : "0"}${one.slice(1)}`,
      "cutover=zzzzzzzzzzzzzzzz",
      "cutover",
      "",
    ]) {
      expect([cookie, named(`Cookie: ${cookie}`)]).toEqual([cookie, null]);
    }
    expect(named(`X-Cookie: cutover=${one}`)).toBeNull();
    expect(named()).toBeNull();
  });

  test("what stands behind its field is not read", () => {
    const { bytes, head } = parsed([`Cookie: a=b; cutover=${value(1)}`]);
    const { sticky } = scene();
    for (let cut = 1; cut < 17; cut += 1) {
      head.fields[3] = (head.fields[3] ?? 0) - 1;
      expect(stickyTarget(bytes, head, sticky, now)).toBeNull();
    }
  });

  test("names no target that must not have the request", () => {
    for (const change of [
      { down: true },
      { ejectedUntil: now + 1 },
      { weight: 0 },
      { limit: 4, inFlight: 4 },
    ]) {
      const { targets, value, named } = scene();
      const line = `Cookie: cutover=${value(1)}`;
      expect(named(line)).toBe("t1");
      Object.assign(targets[1] ?? {}, change);
      expect(named(line)).toBeNull();
    }
    const back = scene();
    Object.assign(back.targets[1] ?? {}, { suspectUntil: now + 1, ejectedUntil: now });
    expect(back.named(`Cookie: cutover=${back.value(1)}`)).toBe("t1");
  });
});
