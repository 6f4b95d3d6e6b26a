import { describe, expect, test } from "vitest";
import { MethodCode, TargetForm } from "../../../../src/gateway/http1/head.ts";
import { lines, parseRequest } from "./parsed.ts";

const request = (line: string) => lines(line, "Host: h");

describe("RFC 9112 section 2.2: before the request line", () => {
  test.each([
    ["", 0],
    ["\r\n", 2],
    ["\r\n\r\n", 4],
  ])("%j is skipped", (before, skipped) => {
    const found = parseRequest(before + request("GET /a HTTP/1.1"));
    expect(found).toMatchObject({ refusal: "", skipped, path: "/a" });
  });

  test.each([
    ["\r\n\r\n\r\n", "400 bad-method"],
    ["\n", "400 bad-method"],
    ["\r", "400 bare-cr"],
    [" ", "400 bad-method"],
    ["\0", "400 bad-method"],
  ])("%j is refused", (before, refusal) => {
    expect(parseRequest(before + request("GET /a HTTP/1.1")).refusal).toBe(refusal);
  });
});

describe("RFC 9110 section 9.1: methods", () => {
  test.each(Object.entries(MethodCode).filter(([name]) => name !== "other" && name !== "connect"))(
    "%s is known",
    (name, code) => {
      const found = parseRequest(request(`${name.toUpperCase()} / HTTP/1.1`));
      expect(found).toMatchObject({ refusal: "", method: name.toUpperCase() });
      expect(found.head.method).toBe(code);
    },
  );

  test.each(["get", "Post", "GETS", "GE", "PATCHED", "M-SEARCH", "X_Y!#$%&'*+.^`|~09", "X".repeat(32)])(
    "%s is another token",
    (method) => {
      const found = parseRequest(request(`${method} / HTTP/1.1`));
      expect(found).toMatchObject({ refusal: "", method });
      expect(found.head.method).toBe(MethodCode.other);
    },
  );

  test.each([
    ["", "400 bad-method"],
    ["G\xe4T", "400 bad-method"],
    ["G(T", "400 bad-method"],
    ["G\0T", "400 bad-method"],
    ["X".repeat(33), "501 long-method"],
    ["CONNECT", "405 connect"],
  ])("%j is refused", (method, refusal) => {
    expect(parseRequest(request(`${method} / HTTP/1.1`)).refusal).toBe(refusal);
  });

  test("section 9.3.6: CONNECT with an authority is refused as soon as the method is read", () => {
    expect(parseRequest("CONNECT ").refusal).toBe("405 connect");
    expect(parseRequest(request("CONNECT h:443 HTTP/1.1")).refusal).toBe("405 connect");
  });
});

describe("RFC 9112 section 3.2: targets", () => {
  test.each([
    ["/", "/", "/"],
    ["/a/b?c=d", "/a/b", "/a/b?c=d"],
    ["/?", "/", "/?"],
    ["/a?b?c", "/a", "/a?b?c"],
    ["//h/a", "//h/a", "//h/a"],
    ["/*", "/*", "/*"],
    ['/"<>\\^`{|}~', '/"<>\\^`{|}~', '/"<>\\^`{|}~'],
    ["/%00%2f", "/%00%2f", "/%00%2f"],
  ])("section 3.2.1: %s in origin form", (target, path, pathAndQuery) => {
    const found = parseRequest(request(`GET ${target} HTTP/1.1`));
    expect(found).toMatchObject({ refusal: "", target, path, pathAndQuery, authority: "h" });
    expect(found.head).toMatchObject({ form: TargetForm.origin, secure: false });
  });

  test.each([
    ["http://h.example/a?b", "h.example", "h.example", "/a", "/a?b", false],
    ["HTTPS://H.example:8443/", "H.example:8443", "H.example", "/", "/", true],
    ["http://[::1]:80", "[::1]:80", "[::1]", "", "", false],
    ["http://h?a=/b", "h", "h", "", "?a=/b", false],
    ["http://h./a", "h.", "h", "/a", "/a", false],
  ])("section 3.2.2: %s in absolute form", (target, authority, host, path, pathAndQuery, secure) => {
    const found = parseRequest(lines(`GET ${target} HTTP/1.1`, "Host: other"));
    expect(found).toMatchObject({ refusal: "", target, authority, host, path, pathAndQuery });
    expect(found.head).toMatchObject({ form: TargetForm.absolute, secure });
  });

  test("section 3.2.4: * with OPTIONS", () => {
    const found = parseRequest(request("OPTIONS * HTTP/1.1"));
    expect(found).toMatchObject({ refusal: "", target: "*", path: "*", pathAndQuery: "*", authority: "h" });
    expect(found.head.form).toBe(TargetForm.asterisk);
  });

  test.each([
    "*",
    "a",
    "h:80",
    "?a",
    "/a#b",
    "#",
    "/\xe4",
    "/\x7f",
    "/\t",
    "/\0",
    "ftp://h/",
    "httpx://h/",
    "http:/h",
    "http:h",
    "**",
    "/ a",
    "",
    " /",
  ])("GET %j is refused", (target) => {
    expect(parseRequest(request(`GET ${target} HTTP/1.1`)).refusal).toMatch(/^400 bad-(target|version)$/);
  });

  test("OPTIONS ** is refused", () => {
    expect(parseRequest(request("OPTIONS ** HTTP/1.1")).refusal).toBe("400 bad-target");
  });

  test.each([
    "http://",
    "http:///a",
    "http://u@h/",
    "http://u:p@h/",
    "http://h:x/",
    "http://?a",
    "http://a..b/",
  ])("RFC 9110 section 4.2: %s is refused", (target) => {
    expect(parseRequest(request(`GET ${target} HTTP/1.1`)).refusal).toBe("400 bad-authority");
  });

  test("section 3.2.2: a fragment behind an absolute target's host is refused", () => {
    expect(parseRequest(request("GET http://h#a HTTP/1.1")).refusal).toBe("400 bad-target");
  });
});

describe("RFC 9112 section 2.3: versions", () => {
  test.each([0, 1])("HTTP/1.%i", (minor) => {
    const found = parseRequest(request(`GET / HTTP/1.${minor}`));
    expect(found.refusal).toBe("");
    expect(found.head.minor).toBe(minor);
  });

  test.each(["HTTP/1.2", "HTTP/2.0", "HTTP/0.9", "HTTP/3.0", "HTTP/9.9"])("%s is answered 505", (version) => {
    expect(parseRequest(request(`GET / ${version}`)).refusal).toBe("505 version");
  });

  test.each([
    "http/1.1",
    "HTTP/11",
    "HTTP/1.10",
    "HTTP/01.1",
    "HTTP 1.1",
    "HTTP/1,1",
    "HTTP/1.x",
    "ICE/1.0",
    "",
  ])("%j is refused", (version) => {
    expect(parseRequest(request(`GET / ${version}`)).refusal).toMatch(/^400 /);
  });

  test("HTTP/0.9's request without a version is refused", () => {
    expect(parseRequest("GET /\r\n").refusal).toBe("400 bad-target");
  });

  test("HTTP/2's preface is refused", () => {
    expect(parseRequest("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").refusal).toBe("400 bad-target");
  });
});

describe("RFC 9112 section 3: white space and line ends", () => {
  test.each([
    ["GET  / HTTP/1.1\r\n", "400 bad-target"],
    ["GET\t/ HTTP/1.1\r\n", "400 bad-method"],
    ["GET /  HTTP/1.1\r\n", "400 bad-version"],
    ["GET /\tHTTP/1.1\r\n", "400 bad-target"],
    ["GET / HTTP/1.1 \r\n", "400 bad-version"],
    ["GET / HTTP/1.1\n", "400 bare-lf"],
    ["GET / HTTP/1.1\r\r\n", "400 bare-cr"],
    ["GET / HTTP/1.1\rHost: h\r\n", "400 bare-cr"],
  ])("%j is refused", (line, refusal) => {
    expect(parseRequest(`${line}Host: h\r\n\r\n`).refusal).toBe(refusal);
  });
});
