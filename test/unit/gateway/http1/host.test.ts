import { describe, expect, test } from "vitest";
import { lines, parseRequest } from "./parsed.ts";

const request = (...hosts: string[]) => lines("GET / HTTP/1.1", ...hosts.map((host) => `Host: ${host}`));

describe("RFC 9112 section 3.2: Host", () => {
  test.each([
    ["h", "h"],
    ["Example.COM", "Example.COM"],
    ["example.com.", "example.com"],
    ["example.com.:80", "example.com"],
    ["a-b_c.d9", "a-b_c.d9"],
    ["xn--ls8h.la:8080", "xn--ls8h.la"],
    ["127.0.0.1:1", "127.0.0.1"],
    ["h:0", "h"],
    ["h:65535", "h"],
    ["h:00080", "h"],
    ["[::]", "[::]"],
    ["[::1]:443", "[::1]"],
    ["[2001:DB8:0:0:0:0:0:1]", "[2001:DB8:0:0:0:0:0:1]"],
    ["[1:2:3:4:5:6:7::]", "[1:2:3:4:5:6:7::]"],
    ["[::ffff:192.0.2.255]", "[::ffff:192.0.2.255]"],
    ["[1:2:3:4:5:6:1.2.3.4]", "[1:2:3:4:5:6:1.2.3.4]"],
  ])("%s is valid", (authority, host) => {
    expect(parseRequest(request(authority))).toMatchObject({ refusal: "", authority, host });
  });

  test.each([
    "",
    ".",
    ".a",
    "a..b",
    "a..",
    "..",
    ":80",
    "h:",
    "h:x",
    "h:65536",
    "h:000080",
    "h:-1",
    "h:80:80",
    "h: 80",
    "h 80",
    "a,b",
    "a/b",
    "a?b",
    "a#b",
    "a\\b",
    "u@h",
    "a%20b",
    "a'b",
    "h\xe4",
    '"h"',
    "::1",
    "[]",
    "[::1",
    "::1]",
    "[::1]x",
    "[::1]:",
    "[::1]:x",
    "[h]",
    "[g::]",
    "[:]",
    "[:::]",
    "[1::2::3]",
    "[:1:2:3:4:5:6:7]",
    "[1:2:3:4:5:6:7:]",
    "[1:2:3:4:5:6:7]",
    "[1:2:3:4:5:6:7:8:9]",
    "[1:2:3:4:5:6:7:8::]",
    "[12345::]",
    "[::1.2.3]",
    "[::1.2.3.4.5]",
    "[::1.2.3.256]",
    "[::01.2.3.4]",
    "[::1.2.3.]",
    "[1.2.3.4::]",
    "[1:2:3:4:5:6:7:1.2.3.4]",
    "[fe80::1%25eth0]",
    "[v1.a]",
  ])("%j is refused", (host) => {
    expect(parseRequest(request(host)).refusal).toBe("400 bad-host");
  });

  test("more than one is refused, even when they are the same", () => {
    expect(parseRequest(request("h", "h")).refusal).toBe("400 two-hosts");
    expect(parseRequest(lines("GET http://h/ HTTP/1.1", "Host: h", "host: h")).refusal).toBe("400 two-hosts");
    expect(parseRequest(lines("GET / HTTP/1.0", "Host: h", "host: h")).refusal).toBe("400 two-hosts");
  });

  test("HTTP/1.1 without one is refused, also with an absolute target", () => {
    expect(parseRequest(lines("GET / HTTP/1.1")).refusal).toBe("400 no-host");
    expect(parseRequest(lines("GET http://h/ HTTP/1.1")).refusal).toBe("400 no-host");
    expect(parseRequest(lines("OPTIONS * HTTP/1.1")).refusal).toBe("400 no-host");
  });

  test("HTTP/1.0 needs none", () => {
    expect(parseRequest(lines("GET / HTTP/1.0"))).toMatchObject({ refusal: "", authority: null, host: null });
    expect(parseRequest(lines("GET / HTTP/1.0", "Host: h:80"))).toMatchObject({
      authority: "h:80",
      host: "h",
    });
  });

  test("section 3.2.2: an absolute target comes before it, but it has to be valid", () => {
    expect(parseRequest(lines("GET http://a/ HTTP/1.1", "Host: b"))).toMatchObject({
      refusal: "",
      host: "a",
    });
    expect(parseRequest(lines("GET http://a/ HTTP/1.0"))).toMatchObject({ refusal: "", host: "a" });
    expect(parseRequest(lines("GET http://a/ HTTP/1.1", "Host: b c")).refusal).toBe("400 bad-host");
  });
});
