import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openLogSink, piecesOf } from "../../../../src/gateway/edge/log-sink.ts";

const directory = mkdtempSync(join(tmpdir(), "cutover-sink-"));
afterAll(() => rmSync(directory, { recursive: true }));

function linesOf(name: string, count: number): Buffer {
  return Buffer.from(
    Array.from({ length: count }, (_, index) => `${name} ${index} ${"x".repeat(index % 300)}\n`).join(""),
  );
}

test("pieces end with lines and are of at most 4,096 bytes, but for a longer line", () => {
  const whole = Buffer.concat([
    linesOf("a", 500),
    Buffer.alloc(9_000, "y"),
    Buffer.from("\n"),
    linesOf("b", 50),
  ]);
  const pieces = [...piecesOf(whole)];
  expect(Buffer.concat(pieces).equals(whole)).toBe(true);
  for (const piece of pieces) expect(piece.at(-1)).toBe(10);
  expect(pieces.filter((piece) => piece.length > 4_096).map((piece) => piece.length)).toEqual([9_001]);
  expect([...piecesOf(Buffer.alloc(5_000, "z"))].map((piece) => piece.length)).toEqual([5_000]);
  expect([...piecesOf(Buffer.alloc(0))]).toEqual([]);
});

test.runIf(process.platform === "linux")(
  "lines of two writers to a full pipe stay whole, and nobody blocks",
  async () => {
    const path = join(directory, "pipe");
    execFileSync("/usr/bin/mkfifo", [path]);
    const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writeEnd = openSync(path, constants.O_WRONLY);
    const sinks = [openLogSink(writeEnd), openLogSink(writeEnd)];
    const sent = [linesOf("a", 4_000), linesOf("b", 4_000)];
    // Both are far more than a pipe holds, and nothing reads yet: that this line is passed shows that none blocks.
    const writing = sinks.map((sink, index) => sink.write(sent[index] as Buffer));
    const reader = new Socket({ fd: readEnd, readable: true, writable: false });
    const parts: Buffer[] = [];
    reader.on("data", (part) => parts.push(part));
    const ended = new Promise((resolve) => reader.once("end", resolve));
    await Promise.all(writing);
    for (const sink of sinks) sink.close();
    closeSync(writeEnd);
    await ended;
    const lines = Buffer.concat(parts).toString().split("\n").slice(0, -1);
    for (const [index, name] of ["a", "b"].entries()) {
      const own = lines.filter((line) => line.startsWith(`${name} `));
      expect(`${own.join("\n")}\n`).toBe(sent[index]?.toString());
    }
    expect(lines).toHaveLength(8_000);
  },
);

test("a pipe without a reader is an error", async () => {
  const path = join(directory, "broken");
  execFileSync("/usr/bin/mkfifo", [path]);
  const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writeEnd = openSync(path, constants.O_WRONLY);
  const sink = openLogSink(writeEnd);
  closeSync(readEnd);
  await expect(sink.write(linesOf("a", 1))).rejects.toThrow("EPIPE");
  sink.close();
  closeSync(writeEnd);
});

test("files and sockets get all bytes too", async () => {
  const bytes = linesOf("a", 2_000);
  const path = join(directory, "file");
  const file = openSync(path, "a");
  await openLogSink(file).write(bytes);
  await openLogSink(file).write(bytes);
  closeSync(file);
  expect(readFileSync(path).equals(Buffer.concat([bytes, bytes]))).toBe(true);

  const parts: Buffer[] = [];
  const server = createServer((peer) => peer.on("data", (part) => parts.push(part)));
  const received = new Promise((resolve) => server.on("connection", (peer) => peer.once("end", resolve)));
  await new Promise<void>((resolve) => server.listen(join(directory, "socket"), resolve));
  const socket = new Socket().connect(join(directory, "socket"));
  await new Promise((resolve) => socket.once("connect", resolve));
  const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
  await openLogSink(fd).write(bytes);
  socket.end();
  await received;
  server.close();
  expect(Buffer.concat(parts).equals(bytes)).toBe(true);
});
