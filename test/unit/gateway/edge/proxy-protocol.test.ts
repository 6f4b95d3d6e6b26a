import { describe, expect, test } from "vitest";
import { canonicalAddress } from "../../../../src/gateway/edge/address-text.ts";
import {
  longestProxyHeader,
  type ProxyRead,
  readProxyHeader,
  writeProxyHeader,
} from "../../../../src/gateway/edge/proxy-protocol.ts";

const signature = [13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10];

function read(bytes: Uint8Array | string): ProxyRead {
  const whole = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
  return readProxyHeader(Buffer.concat([Buffer.from("##"), whole]), 2, whole.length + 2);
}

function binary(
  command: number,
  family: number,
  body: Uint8Array | number[],
  length = body.length,
): Uint8Array {
  return Uint8Array.from([...signature, command, family, length >> 8, length & 255, ...body]);
}

const four = [203, 0, 113, 9, 10, 0, 0, 1, 0x12, 0x34, 0, 80];

test("addresses have one form (RFC 5952 section 4)", () => {
  const cases = {
    "2001:DB8:0:0:0:0:0:1": "2001:db8::1",
    "2001:db8:0:1:1:1:1:1": "2001:db8:0:1:1:1:1:1",
    "2001:0:0:1:0:0:0:1": "2001:0:0:1::1",
    "2001:db8:0:0:1:0:0:1": "2001:db8::1:0:0:1",
    "0:0:0:0:0:0:0:0": "::",
    "1::": "1::",
    "::ffff:10.0.0.1": "10.0.0.1",
    "::ffff:0a00:0001": "10.0.0.1",
    "255.0.0.1": "255.0.0.1",
    x: null,
  };
  for (const [text, form] of Object.entries(cases)) expect(canonicalAddress(text), text).toBe(form);
});

describe("version 1", () => {
  test("names both ends", () => {
    const line = "PROXY TCP4 203.0.113.9 10.0.0.1 4660 80\r\n";
    expect(read(`${line}GET / HTTP/1.1\r\n`)).toEqual({
      kind: "header",
      end: 2 + line.length,
      version: 1,
      local: false,
      source: { address: "203.0.113.9", port: 4660 },
      destination: { address: "10.0.0.1", port: 80 },
    });
    expect(read("PROXY TCP6 2001:DB8::0:9 ::ffff:10.0.0.1 0 65535\r\n")).toMatchObject({
      source: { address: "2001:db8::9", port: 0 },
      destination: { address: "10.0.0.1", port: 65_535 },
    });
  });

  test("may name none", () => {
    for (const line of ["PROXY UNKNOWN\r\n", "PROXY UNKNOWN ffff::1 x\ty 1\r\n"]) {
      expect(read(line)).toMatchObject({ kind: "header", source: null, destination: null, local: false });
    }
  });

  test("has at most 107 bytes", () => {
    const longest = `PROXY UNKNOWN ${"x".repeat(91)}\r\n`;
    expect(longest).toHaveLength(107);
    expect(read(longest).kind).toBe("header");
    expect(read(`PROXY UNKNOWN ${"x".repeat(92)}\r\n`)).toEqual({
      kind: "bad",
      reason: "proxy-line-too-long",
    });
    expect(read(`PROXY UNKNOWN ${"x".repeat(92)}`).kind).toBe("more");
    expect(read(`PROXY UNKNOWN ${"x".repeat(93)}`).kind).toBe("bad");
  });

  test("is refused when it is anything else", () => {
    const ends = "203.0.113.9 10.0.0.1";
    for (const line of [
      `PROXY TCP4 ${ends} 1 2\n`,
      `PROXY TCP4 ${ends} 1 2\r\r\n`,
      `PROXY TCP4 ${ends} 1\r\n`,
      `PROXY TCP4 ${ends} 1 2 3\r\n`,
      `PROXY TCP4  ${ends} 1 2\r\n`,
      `PROXY TCP4 ${ends} 01 2\r\n`,
      `PROXY TCP4 ${ends} 1 65536\r\n`,
      `PROXY TCP4 ${ends} -1 2\r\n`,
      `PROXY TCP4 2001:db8::1 10.0.0.1 1 2\r\n`,
      `PROXY TCP6 ${ends} 1 2\r\n`,
      "PROXY TCP6 [::1] ::1 1 2\r\n",
      "PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n",
      "PROXY TCP4 203.0.113.09 10.0.0.1 1 2\r\n",
      `PROXY UDP4 ${ends} 1 2\r\n`,
      `proxy TCP4 ${ends} 1 2\r\n`,
      "PROXY\r\n",
      "PROXY \r\n",
      "GET / HTTP/1.1\r\n",
      "G",
    ]) {
      expect(read(line).kind, line).toBe("bad");
    }
  });
});

describe("version 2", () => {
  test("names both ends, and extensions are skipped", () => {
    const extensions = [0x02, 0, 3, 97, 98, 99];
    const whole = binary(0x21, 0x11, [...four, ...extensions]);
    expect(read(Uint8Array.from([...whole, 1, 2, 3]))).toEqual({
      kind: "header",
      end: 2 + whole.length,
      version: 2,
      local: false,
      source: { address: "203.0.113.9", port: 4660 },
      destination: { address: "10.0.0.1", port: 80 },
    });
    const six = [
      0x20,
      1,
      0xd,
      0xb8,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      9,
      0xfd,
      ...new Array(15).fill(0),
      1,
      2,
      3,
      4,
    ];
    expect(read(binary(0x21, 0x21, six))).toMatchObject({
      source: { address: "2001:db8::9", port: 258 },
      destination: { address: "fd00::", port: 772 },
    });
  });

  test("may name none", () => {
    expect(read(binary(0x20, 0, []))).toMatchObject({ kind: "header", local: true, source: null });
    expect(read(binary(0x20, 0x11, four))).toMatchObject({ kind: "header", local: true, source: null });
    expect(read(binary(0x20, 0x99, [1, 2]))).toMatchObject({ kind: "header", local: true, source: null });
    expect(read(binary(0x21, 0, [1, 2, 3]))).toMatchObject({ kind: "header", local: false, source: null });
    expect(read(binary(0x21, 0x31, new Array(216).fill(65)))).toMatchObject({ local: false, source: null });
  });

  test("is refused when it is anything else", () => {
    const reasonOf = (bytes: Uint8Array) => {
      const found = read(bytes);
      return found.kind === "bad" ? found.reason : found.kind;
    };
    expect(reasonOf(binary(0x11, 0x11, four))).toBe("proxy-version");
    expect(reasonOf(Uint8Array.from([...signature, 0x31]))).toBe("proxy-version");
    expect(reasonOf(binary(0x22, 0x11, four))).toBe("proxy-command");
    for (const family of [0x10, 0x12, 0x22, 0x32, 0x41, 0xff]) {
      expect(reasonOf(binary(0x21, family, new Array(216).fill(0)))).toBe("proxy-family");
    }
    expect(reasonOf(binary(0x21, 0x11, four.slice(1)))).toBe("proxy-length");
    expect(reasonOf(binary(0x21, 0x21, new Array(35).fill(0)))).toBe("proxy-length");
    expect(reasonOf(binary(0x21, 0x31, new Array(215).fill(0)))).toBe("proxy-length");
    expect(reasonOf(binary(0x21, 0x11, four, longestProxyHeader - 15))).toBe("proxy-header-too-long");
    expect(reasonOf(binary(0x21, 0x11, four, longestProxyHeader - 16))).toBe("more");
    expect(reasonOf(Uint8Array.from([13, 10, 13, 11]))).toBe("no-proxy-header");
  });
});

describe("what is written", () => {
  const v4 = { address: "203.0.113.9", port: 4660 };
  const v6 = { address: "2001:db8::9", port: 80 };

  test("as the specification has it", () => {
    expect(Buffer.from(writeProxyHeader(1, v4, { address: "10.0.0.1", port: 80 })).toString()).toBe(
      "PROXY TCP4 203.0.113.9 10.0.0.1 4660 80\r\n",
    );
    expect(Buffer.from(writeProxyHeader(1, v4, v6)).toString()).toBe(
      "PROXY TCP6 ::ffff:203.0.113.9 2001:db8::9 4660 80\r\n",
    );
    expect([...writeProxyHeader(2, v4, { address: "10.0.0.1", port: 80 })]).toEqual([
      ...binary(0x21, 0x11, four),
    ]);
  });

  test("without ends says that the gateway speaks for itself", () => {
    for (const [source, destination] of [
      [null, v4],
      [v4, null],
      [{ address: "", port: 1 }, v4],
    ] as const) {
      expect(Buffer.from(writeProxyHeader(1, source, destination)).toString()).toBe("PROXY UNKNOWN\r\n");
      expect(read(writeProxyHeader(2, source, destination))).toMatchObject({ local: true, source: null });
    }
  });
});
