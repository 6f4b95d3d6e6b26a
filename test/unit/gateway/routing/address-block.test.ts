import { BlockList, isIP } from "node:net";
import { expect, test } from "vitest";
import { contains, parseAddress, parseBlock } from "../../../../src/gateway/routing/address-block.ts";

function isIn(block: string, address: string): boolean | null {
  const parsed = parseBlock(block);
  const place = parseAddress(address);
  return parsed === null || place === null ? null : contains(parsed, place);
}

test.each([
  ["10.0.0.0/8", "10.255.1.2", true],
  ["10.0.0.0/8", "11.0.0.1", false],
  ["10.1.2.3/8", "10.9.9.9", true],
  ["0.0.0.0/0", "203.0.113.9", true],
  ["255.255.255.255", "255.255.255.255", true],
  ["192.0.2.128/25", "192.0.2.127", false],
  ["192.0.2.1/32", "192.0.2.1", true],
  ["192.0.2.1", "192.0.2.2", false],
  ["2001:db8::/32", "2001:db8:ffff::1", true],
  ["2001:db8::/33", "2001:db8:8000::", false],
  ["::1", "0:0:0:0:0:0:0:1", true],
  ["fe80::/10", "fe80::1%eth0", true],
  ["::/0", "2001:db8::1", true],
  ["[2001:db8::1]", "2001:DB8::1", true],
])("%s holds %s: %s", (block, address, expected) => {
  expect(isIn(block, address)).toBe(expected);
});

test("IPv4 in IPv6's room is IPv4, and IPv6's blocks hold none of it", () => {
  expect(isIn("10.0.0.0/8", "::ffff:10.2.3.4")).toBe(true);
  expect(isIn("10.0.0.0/8", "::ffff:a02:304")).toBe(true);
  expect(isIn("::ffff:10.0.0.0/104", "10.2.3.4")).toBe(true);
  expect(isIn("::ffff:10.0.0.0/104", "11.2.3.4")).toBe(false);
  expect(isIn("::ffff:10.2.3.4", "10.2.3.4")).toBe(true);
  expect(isIn("::/0", "10.2.3.4")).toBe(false);
  expect(isIn("0.0.0.0/0", "2001:db8::1")).toBe(false);
  expect(isIn("::/0", "::10.2.3.4")).toBe(true);
});

test.each([
  "",
  "10.0.0",
  "10.0.0.0.0",
  "010.0.0.1",
  "256.0.0.1",
  "1.2.3.-4",
  "1.2.3.4 ",
  "0x7f.0.0.1",
  ":",
  ":::",
  "1::2::3",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  "1:2:3:4:5:6:7::8:9",
  "12345::",
  "g::",
  "1.2.3.4::",
  "::1.2.3.4:5",
  "1:2:3:4:5:6:7:1.2.3.4",
  "localhost",
  ":1",
  "1:",
])("%j is no address", (text) => {
  expect(parseAddress(text)).toBeNull();
  expect(parseBlock(text)).toBeNull();
  expect(isIP(text)).toBe(0);
});

test.each(["10.0.0.0/33", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/8/8", "::/129", "::/-1", "/8"])(
  "%j is no block",
  (text) => {
    expect(parseBlock(text)).toBeNull();
  },
);

test("the platform's block list says the same", () => {
  const addresses = ["10.0.0.1", "10.0.128.1", "10.1.0.0", "192.168.7.9"];
  for (let bits = 0; bits <= 32; bits += 1) {
    for (const base of addresses) {
      const list = new BlockList();
      list.addSubnet(base, bits, "ipv4");
      for (const address of addresses) expect(isIn(`${base}/${bits}`, address)).toBe(list.check(address));
    }
  }
  const wide = ["2001:db8::1", "2001:db8:0:1::", "2001:db9::", "fe80::1:2:3:4"];
  for (let bits = 0; bits <= 128; bits += 1) {
    for (const base of wide) {
      const list = new BlockList();
      list.addSubnet(base, bits, "ipv6");
      for (const address of wide) {
        expect(isIn(`${base}/${bits}`, address)).toBe(list.check(address, "ipv6"));
      }
    }
  }
});
