import { describe, expect, test } from "vitest";
import { FieldCode } from "../../../../src/gateway/http1/head.ts";
import { get, lines, ok, parseRequest, parseResponse } from "./parsed.ts";

const spelled: [string, number][] = [
  ["Connection", FieldCode.connection],
  ["Keep-Alive", FieldCode.keepAlive],
  ["Proxy-Connection", FieldCode.proxyConnection],
  ["TE", FieldCode.te],
  ["Trailer", FieldCode.trailer],
  ["Upgrade", FieldCode.upgrade],
  ["X-Forwarded-For", FieldCode.xForwardedFor],
  ["X-Forwarded-Proto", FieldCode.xForwardedProto],
  ["X-Forwarded-Host", FieldCode.xForwardedHost],
  ["X-Forwarded-Port", FieldCode.xForwardedPort],
  ["X-Forwarded-Server", FieldCode.xForwardedServer],
  ["X-Real-IP", FieldCode.xRealIp],
  ["Forwarded", FieldCode.forwarded],
  ["Via", FieldCode.via],
  ["X-Request-ID", FieldCode.xRequestId],
  ["Traceparent", FieldCode.traceparent],
  ["Tracestate", FieldCode.tracestate],
  ["Cookie", FieldCode.cookie],
  ["Accept", FieldCode.accept],
  ["Content-Type", FieldCode.contentType],
  ["Content-Encoding", FieldCode.contentEncoding],
  ["HTTP2-Settings", FieldCode.http2Settings],
];

describe("field names", () => {
  test.each(spelled)("%s is known in any case", (name, code) => {
    for (const written of [name, name.toLowerCase(), name.toUpperCase()]) {
      expect(parseRequest(get(`${written}: a`)).codes).toEqual([FieldCode.host, code]);
      expect(parseResponse(ok(`${written}: a`)).codes).toEqual([code]);
    }
  });

  test("every code of a field has a name", () => {
    const named = [
      ...spelled.map(([, code]) => code),
      FieldCode.host,
      FieldCode.expect,
      FieldCode.contentLength,
      FieldCode.transferEncoding,
    ];
    const all = Object.values(FieldCode).filter((code) => code !== FieldCode.other && code < FieldCode.named);
    expect(named.sort()).toEqual([...all].sort());
  });

  test.each(spelled.map(([name]) => name))("nothing but %s is taken for it", (name) => {
    const changed = [`${name}x`, `x${name}`, name.slice(1), name.slice(0, -1), `${name}-`];
    for (let i = 0; i < name.length; i++) {
      const other = name[i] === "-" ? "." : name[i] === "z" ? "y" : "z";
      changed.push(`${name.slice(0, i)}${other}${name.slice(i + 1)}`);
    }
    for (const text of changed.filter((text) => text !== "" && text.toLowerCase() !== "te")) {
      expect([text, parseResponse(ok(`${text}: a`)).codes]).toEqual([text, [FieldCode.other]]);
    }
  });

  test.each(["x_forwarded_for", "X_Forwarded-For", "X-Forwarded_Proto", "X_REAL_IP", "x_request_id"])(
    "RFC 3875 section 4.1.18: %s is disguised",
    (name) => {
      expect(parseRequest(get(`${name}: a`)).codes).toEqual([FieldCode.host, FieldCode.disguised]);
    },
  );

  test.each(["Content_Length", "TRANSFER_ENCODING", "transfer_encoding"])(
    "RFC 3875 section 4.1.18: %s is refused",
    (name) => {
      expect(parseRequest(get(`${name}: 5`)).refusal).toBe("400 disguised-framing");
      expect(parseResponse(ok(`${name}: 5`)).refusal).toBe("502 disguised-framing");
    },
  );

  test.each(["X_Custom", "content_type", "keep_alive", "proxy_connection", "_", "a_"])(
    "%s is any other field",
    (name) => {
      expect(parseRequest(get(`${name}: 5`)).codes).toEqual([FieldCode.host, FieldCode.other]);
    },
  );
});

describe("RFC 9112 section 5: field lines", () => {
  test.each([
    ["A:b", "A", "b"],
    ["A: b", "A", "b"],
    ["A: \t b \t ", "A", "b"],
    ["A:", "A", ""],
    ["A: ", "A", ""],
    ["A:\t", "A", ""],
    ["A: a:b: c", "A", "a:b: c"],
    ["A: a\tb", "A", "a\tb"],
    ["A: \xe4\xff\x80", "A", "\xe4\xff\x80"],
    ["!#$%&'*+-.^_`|~09az: 1", "!#$%&'*+-.^_`|~09az", "1"],
    [`A: ${"\t".repeat(9)}b`, "A", "b"],
    [`A: ${"a\t".repeat(50)}b`, "A", `${"a\t".repeat(50)}b`],
  ])("%j", (line, name, value) => {
    expect(parseRequest(get(line)).fields).toEqual([
      ["Host", "h"],
      [name, value],
    ]);
    expect(parseResponse(ok(line)).fields).toEqual([[name, value]]);
  });

  test("values of every length end where they end", () => {
    for (let length = 0; length < 40; length++) {
      const value = "x".repeat(length);
      for (const before of ["", " ", "  ", "   "]) {
        expect(parseResponse(ok(`A:${before}${value}`)).fields).toEqual([["A", value]]);
      }
    }
  });

  test("section 5.1: white space before the colon is refused", () => {
    expect(parseRequest(get("A : b")).refusal).toBe("400 space-before-colon");
    expect(parseRequest(get("A\t: b")).refusal).toBe("400 space-before-colon");
    expect(parseResponse(ok("A : b")).refusal).toBe("502 space-before-colon");
  });

  test.each([" folded", "\tfolded", " a: b", " "])("section 5.2: the folded line %j is refused", (line) => {
    expect(parseRequest(get("A: b", line)).refusal).toBe("400 folded-line");
    expect(parseResponse(ok("A: b", line)).refusal).toBe("502 folded-line");
  });

  test("section 2.2: white space before the first field line is refused", () => {
    expect(parseRequest(lines("GET / HTTP/1.1", " Host: h")).refusal).toBe("400 folded-line");
  });

  test.each([
    [": b", "empty-name"],
    ["A", "no-colon"],
    ["A\xe4: b", "bad-name"],
    ["A(: b", "bad-name"],
    ["A\0: b", "bad-name"],
    ["A\x7f: b", "bad-name"],
    ["A\n: b", "bare-lf"],
    ['"A": b', "bad-name"],
  ])("RFC 9110 section 5.1: the name in %j is refused", (line, reason) => {
    expect(parseRequest(get(line)).refusal).toBe(`400 ${reason}`);
    expect(parseResponse(ok(line)).refusal).toBe(`502 ${reason}`);
  });

  test("RFC 9110 section 5.5: control characters in a value are refused, wherever they stand", () => {
    for (let octet = 0; octet < 256; octet++) {
      const allowed = octet === 9 || (octet >= 32 && octet !== 127);
      for (const place of [1, 2, 3, 4, 5, 9]) {
        const value = `${"x".repeat(place)}${String.fromCharCode(octet)}${"x".repeat(6)}`;
        const found = parseResponse(ok(`A: ${value}`));
        expect([octet, place, found.refusal === ""]).toEqual([octet, place, allowed]);
        if (allowed) expect(found.fields).toEqual([["A", value]]);
      }
    }
  });

  test("RFC 9110 section 5.6.2: names are tokens", () => {
    const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]$/;
    for (let octet = 0; octet < 256; octet++) {
      const character = String.fromCharCode(octet);
      if (character === ":") continue;
      for (const name of [character, `abcd${character}`, `a${character}bcdefg`]) {
        const found = parseResponse(ok(`${name}: b`));
        expect([octet, found.refusal === ""]).toEqual([octet, token.test(character)]);
      }
    }
  });

  test.each([
    ["GET / HTTP/1.1\r\nHost: h\n\r\n", "bare-lf"],
    ["GET / HTTP/1.1\r\nHost: h\r\r\n\r\n", "bare-cr"],
    ["GET / HTTP/1.1\r\nHost: h\rA: b\r\n\r\n", "bare-cr"],
    ["GET / HTTP/1.1\r\nHost: h\r\n\n", "bare-lf"],
    ["GET / HTTP/1.1\r\nHost: h\r\n\r\r\n", "bare-cr"],
    ["GET / HTTP/1.1\nHost: h\r\n\r\n", "bare-lf"],
    ["GET / HTTP/1.1\r\nHost: h\r\nA: b\nTransfer-Encoding: chunked\r\n\r\n", "bare-lf"],
    ["GET / HTTP/1.1\r\nHost: h\r\nA: b\0\r\n\r\n", "bad-value"],
  ])("section 2.2: line ends of %j are refused", (text, reason) => {
    expect(parseRequest(text).refusal).toBe(`400 ${reason}`);
  });
});
