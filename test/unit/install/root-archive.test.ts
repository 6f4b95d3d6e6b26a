import { pipeline } from "node:stream/promises";
import { extract, type Header } from "tar-stream";
import { describe, expect, test } from "vitest";
import { type ArchiveEntry, rootArchive, skeleton } from "../../../src/install/root-archive.ts";

async function entries(bytes: Buffer): Promise<{ header: Header; content: string }[]> {
  const found: { header: Header; content: string }[] = [];
  const reader = extract();
  reader.on("entry", (header, stream, next) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk) => chunks.push(chunk as Buffer));
    stream.on("end", () => {
      found.push({ header, content: Buffer.concat(chunks).toString() });
      next();
    });
  });
  await pipeline([bytes], reader);
  return found;
}

async function archive(list: Parameters<typeof rootArchive>[0]): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of rootArchive(list)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe("the archive of an image", () => {
  const list: ArchiveEntry[] = [
    ...skeleton(),
    { path: "/bin/node", mode: 0o755, content: Buffer.from("binary"), capability: "bind-low-ports" },
    { path: "/app/gateway.mjs", mode: 0o644, content: Buffer.from("code") },
  ];

  test("has every directory before what is in it", async () => {
    const names = (await entries(await archive(list))).map(({ header }) => header.name.replace(/\/$/, ""));
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) {
      const parent = name.slice(0, Math.max(0, name.lastIndexOf("/")));
      if (parent !== "") expect(names.indexOf(parent)).toBeLessThan(names.indexOf(name));
      if (parent !== "") expect(names).toContain(parent);
    }
  });

  test("gives Node the capability to bind, as the kernel stores it", async () => {
    const found = await entries(await archive(list));
    const node = found.find(({ header }) => header.name === "bin/node");
    const pax = new Map<string, string>(Object.entries(node?.header.pax ?? {}));
    const bytes = Buffer.from(pax.get("SCHILY.xattr.security.capability") ?? "", "latin1");
    expect(bytes.length).toBe(20);
    expect(bytes.readUInt32LE(0)).toBe(0x0200_0001);
    expect(bytes.readUInt32LE(4)).toBe(1 << 10);
    expect(bytes.subarray(8).every((byte) => byte === 0)).toBe(true);
    expect(found.filter(({ header }) => header.pax).map(({ header }) => header.name)).toEqual(["bin/node"]);
  });

  test("gives the gateway's user its directory and nothing else", async () => {
    const owned = (await entries(await archive(list))).filter(({ header }) => header.uid !== 0);
    expect(owned.map(({ header }) => [header.name.replace(/\/$/, ""), header.uid, header.mode])).toEqual([
      ["run/cutover", 10_001, 0o750],
    ]);
  });

  test("is the same for the same entries", async () => {
    expect((await archive(list)).equals(await archive(list))).toBe(true);
  });
});
