import { describe, expect, test } from "vitest";
import { AccessLog, type LogWrite } from "../../../../src/gateway/edge/access-log.ts";
import {
  clientSegment,
  noTarget,
  type RequestOutcome,
  targetSegment,
} from "../../../../src/gateway/edge/log-line.ts";
import { bufferBytes, createLogMemory } from "../../../../src/gateway/edge/log-memory.ts";
import { noNote, RequestNotes } from "../../../../src/gateway/edge/request-notes.ts";
import { createRequestHead, MethodCode, type RequestHead } from "../../../../src/gateway/http1/head.ts";

const id = new TextEncoder().encode("0123456789abcdef0123456789abcdef");
const client = clientSegment("203.0.113.9");
const target = targetSegment("shop", 12, "web", { address: "10.0.0.5", port: 3000 });

/** A head as a parser would leave it, of parts that need not be valid. */
function headOf(method: string, authority: string | null, path: string, query = "") {
  const text = `${method} ${path}${query} HTTP/1.1\r\nHost: ${authority ?? ""}\r\n\r\n`;
  const head: RequestHead = createRequestHead();
  const codes: Record<string, MethodCode> = {
    GET: MethodCode.get,
    POST: MethodCode.post,
    HEAD: MethodCode.head,
  };
  head.method = codes[method] ?? MethodCode.other;
  head.methodEnd = method.length;
  head.pathStart = method.length + 1;
  head.pathEnd = head.pathStart + path.length;
  head.queryEnd = head.pathEnd + query.length;
  if (authority !== null) {
    head.authorityStart = text.length - 4 - authority.length;
    head.authorityEnd = text.length - 4;
  } else head.minor = 0;
  return { bytes: Buffer.from(text, "latin1"), head };
}

function outcome(more: Partial<RequestOutcome> = {}): RequestOutcome {
  const startedAt = performance.now();
  return {
    startedAt,
    headAt: startedAt + 1.5,
    endedAt: startedAt + 2.25,
    connectMs: -1,
    status: 200,
    bytes: 51_234,
    retries: 0,
    part: "",
    reason: "",
    ...more,
  };
}

function collect() {
  const parts: string[] = [];
  const write: LogWrite = async (bytes) => {
    parts.push(Buffer.from(bytes).toString());
  };
  const lines = () =>
    parts
      .join("")
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  return { parts, write, lines };
}

function lineOf(notes: RequestNotes, method: string, authority: string | null, path: string, query = "") {
  const { bytes, head } = headOf(method, authority, path, query);
  return notes.keep(bytes, head, id, 0, id.length);
}

describe("a line", () => {
  test("of a success", async () => {
    const { write, lines } = collect();
    const notes = new RequestNotes(createLogMemory(4));
    const log = new AccessLog(notes, write);
    const before = Date.now();
    log.add(lineOf(notes, "GET", "shop.example:8080", "/a/b"), client, target, outcome());
    await log.flush();
    const [line] = lines();
    expect(line).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      kind: "request",
      client: "203.0.113.9",
      requestId: "0123456789abcdef0123456789abcdef",
      protocol: "HTTP/1.1",
      method: "GET",
      host: "shop.example:8080",
      path: "/a/b",
      status: 200,
      bytes: 51_234,
      ms: 2.25,
      headMs: 1.5,
      app: "shop",
      release: 12,
      service: "web",
      targetAddress: "10.0.0.5:3000",
    });
    const time = Date.parse(line.time);
    expect(time).toBeGreaterThanOrEqual(before - 2);
    expect(time).toBeLessThanOrEqual(Date.now() + 2);
  });

  test("of a failure says who failed, and how", async () => {
    const { write, lines } = collect();
    const notes = new RequestNotes(createLogMemory(4));
    const log = new AccessLog(notes, write);
    const gone = outcome({
      status: 499,
      headAt: -1,
      part: "client",
      reason: "client-gone",
      retries: 2,
      connectMs: 0.5,
    });
    const segment = targetSegment("shop", 1, "web", null);
    log.add(lineOf(notes, "PROPFIND", null, "/"), client, segment, gone);
    log.add(noNote, client, noTarget, outcome({ status: 400, part: "client", reason: "bare-lf" }));
    await log.flush();
    const [first, second] = lines();
    expect(first).toMatchObject({
      method: "PROPFIND",
      protocol: "HTTP/1.0",
      status: 499,
      retries: 2,
      connectMs: 0.5,
    });
    expect(first).toMatchObject({
      part: "client",
      reason: "client-gone",
      app: "shop",
      release: 1,
      service: "web",
    });
    for (const absent of ["host", "headMs", "targetAddress"]) expect(first).not.toHaveProperty(absent);
    expect(Object.keys(second)).toEqual([
      ...["time", "kind", "client", "status", "bytes", "ms", "headMs", "part", "reason"],
    ]);
  });

  test("is valid JSON whatever the request's bytes are", async () => {
    const { write, lines } = collect();
    const notes = new RequestNotes(createLogMemory(4));
    const log = new AccessLog(notes, write);
    const all = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte));
    for (const path of [all, '/"', "/\\", "/ä", "/\x7f"]) {
      const note = lineOf(notes, "GET", "h", path);
      log.add(note, client, target, outcome());
      notes.drop(note);
    }
    await log.flush();
    expect(lines().map((line) => line.path)).toEqual([all, '/"', "/\\", "/ä", "/\x7f"]);
  });

  test("never has a query, and says that there was one", async () => {
    const { write, lines, parts } = collect();
    const notes = new RequestNotes(createLogMemory(4));
    const log = new AccessLog(notes, write);
    log.add(lineOf(notes, "GET", "h", "/reset", "?token=hunter2"), client, target, outcome());
    await log.flush();
    expect(lines()[0].path).toBe("/reset?…");
    expect(parts.join("")).not.toContain("hunter2");
  });

  test("stays below 4,096 bytes", async () => {
    const { write, parts } = collect();
    const notes = new RequestNotes(createLogMemory(4));
    const log = new AccessLog(notes, write);
    const { bytes, head } = headOf("\x01".repeat(99), '"'.repeat(999), "/\x01".repeat(9_999), "?a");
    const long = targetSegment('"'.repeat(999), 99_999, "\x01".repeat(999), {
      address: "2001:db8::1",
      port: 65_535,
    });
    const worst = outcome({
      bytes: 2 ** 53,
      endedAt: 1e12,
      headAt: 1e12,
      connectMs: 1e12,
      retries: 99,
      status: 599,
    });
    worst.part = "gateway";
    worst.reason = "x".repeat(40);
    log.add(
      notes.keep(bytes, head, Buffer.alloc(128, "i"), 0, 128),
      clientSegment("f".repeat(45)),
      long,
      worst,
    );
    await log.flush();
    const line = parts.join("");
    expect(line.length).toBeGreaterThan(2_500);
    expect(Buffer.byteLength(line)).toBeLessThan(4_096);
    const { path, host, method, requestId } = JSON.parse(line);
    expect([path.slice(0, 2), path.slice(-3)]).toEqual(["/\x01", "…?…"]);
    expect(host).toMatch(/^"+…$/);
    expect([method.length, requestId.length]).toEqual([11, 128]);
  });
});

describe("notes", () => {
  test("are kept until they are dropped, however long and many they are", () => {
    const notes = new RequestNotes(createLogMemory(3));
    const paths = ["/a", `/${"b".repeat(700)}`, "/c", "/d", "/e", `/${"f".repeat(500)}`];
    const text = (note: number) => {
      const end = notes.copy(note, 0);
      return JSON.parse(`{${Buffer.from(notes.memory.bytes.subarray(0, end)).toString()}}`);
    };
    for (let round = 0; round < 3; round += 1) {
      const kept = paths.map((path) => lineOf(notes, "POST", "h", path));
      expect(new Set(kept).size).toBe(paths.length);
      expect(notes.kept).toBe(paths.length);
      expect(kept.map((note) => text(note).path)).toEqual(paths);
      for (const note of kept) expect(notes.requestId(note)).toBe("0123456789abcdef0123456789abcdef");
      for (const note of kept.reverse()) notes.drop(note);
      expect(notes.kept).toBe(0);
    }
    expect(notes.requestId(noNote)).toBe("");
    notes.drop(noNote);
    expect(notes.kept).toBe(0);
  });

  test("use the room again that was given back", () => {
    const notes = new RequestNotes(createLogMemory(2));
    const first = lineOf(notes, "GET", "h", "/1");
    const second = lineOf(notes, "GET", "h", "/2");
    notes.drop(first);
    expect(lineOf(notes, "GET", "h", "/3")).toBe(first);
    expect(second).not.toBe(first);
  });
});

describe("the log", () => {
  test("writes by itself after a while", async () => {
    const notes = new RequestNotes(createLogMemory(1));
    const written = new Promise<number>((resolve) => {
      const log = new AccessLog(notes, async (bytes) => resolve(bytes.length));
      log.add(noNote, client, noTarget, outcome());
    });
    expect(await written).toBeGreaterThan(100);
  });

  test("drops what there is no memory for, and says how many lines", async () => {
    const { parts, write, lines } = collect();
    let letGo = () => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const notes = new RequestNotes(createLogMemory(1, 3 * bufferBytes));
    const log = new AccessLog(notes, async (bytes) => {
      await held;
      await write(bytes);
    });
    const added = 3_000;
    for (let index = 0; index < added; index += 1) log.add(noNote, client, target, outcome({ bytes: index }));
    expect(log.dropped).toBeGreaterThan(0);
    const lost = log.dropped;
    letGo();
    await log.flush();
    log.add(noNote, client, target, outcome({ bytes: added }));
    await log.flush();
    expect(log.dropped).toBe(lost);
    const all = lines();
    const requests = all.filter((line) => line.kind === "request");
    expect(requests.map((line) => line.bytes)).toEqual([
      ...Array.from({ length: added - lost }, (_, index) => index),
      added,
    ]);
    const said = all.filter((line) => line.kind === "dropped");
    expect(said.map((line) => line.lines)).toEqual([lost]);
    for (const part of parts) expect(part.length).toBeLessThanOrEqual(bufferBytes);
  });

  test("counts what can't be written, and goes on", async () => {
    const { write, lines } = collect();
    let broken = true;
    const notes = new RequestNotes(createLogMemory(1));
    const log = new AccessLog(notes, (bytes) => (broken ? Promise.reject(new Error("EPIPE")) : write(bytes)));
    for (let index = 0; index < 5; index += 1) log.add(noNote, client, target, outcome());
    await log.flush();
    expect(log.dropped).toBe(5);
    broken = false;
    log.add(noNote, client, target, outcome({ bytes: 7 }));
    await log.flush();
    expect(lines()).toMatchObject([
      { kind: "dropped", lines: 5 },
      { kind: "request", bytes: 7 },
    ]);
  });

  test("writes one part after the other, in order", async () => {
    const { write, lines } = collect();
    let active = 0;
    let most = 0;
    const notes = new RequestNotes(createLogMemory(1));
    const log = new AccessLog(notes, async (bytes) => {
      active += 1;
      most = Math.max(most, active);
      await new Promise<void>((resolve) => setImmediate(resolve));
      await write(bytes);
      active -= 1;
    });
    for (let index = 0; index < 4_000; index += 1) log.add(noNote, client, target, outcome({ bytes: index }));
    const flushed = log.flush();
    for (let index = 4_000; index < 4_010; index += 1)
      log.add(noNote, client, target, outcome({ bytes: index }));
    await flushed;
    await log.flush();
    expect(lines().map((line) => line.bytes)).toEqual(Array.from({ length: 4_010 }, (_, index) => index));
    expect(most).toBe(1);
    expect(log.dropped).toBe(0);
  });
});
