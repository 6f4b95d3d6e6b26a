import { describe, expect, test } from "vitest";
import { Framing } from "../../../../src/gateway/http1/head.ts";
import { get, lines, ok, parseRequest, parseResponse } from "./parsed.ts";

describe("RFC 9112 section 6: framing of requests", () => {
  test("nothing said is no body", () => {
    expect(parseRequest(get()).head).toMatchObject({ framing: Framing.none, length: -1 });
  });

  test.each([
    ["Content-Length: 5", 5],
    ["content-length:5", 5],
    ["Content-Length:   5   ", 5],
    ["Content-Length: 0", 0],
    ["Content-Length: 00005", 5],
    ["Content-Length: 999999999999999", 999_999_999_999_999],
  ])("section 6.2: %s", (line, length) => {
    expect(parseRequest(get(line)).head).toMatchObject({ framing: Framing.length, length, reason: "" });
  });

  test.each([
    "",
    "+5",
    "-5",
    "5,5",
    "5, 5",
    "5 5",
    "0x5",
    "5a",
    "5.0",
    "1000000000000000",
    "5\t",
    "\t5",
    "5;",
    '"5"',
  ])("section 6.3: Content-Length %j is refused", (value) => {
    expect(parseRequest(get(`Content-Length: ${value}`)).refusal).toBe("400 bad-length");
    expect(parseResponse(ok(`Content-Length: ${value}`)).refusal).toBe("502 bad-length");
  });

  test.each(["chunked", "Chunked", "CHUNKED", "chunked  "])("section 7.1: Transfer-Encoding %j", (value) => {
    expect(parseRequest(get(`Transfer-Encoding: ${value}`)).head).toMatchObject({
      framing: Framing.chunked,
      length: -1,
      reason: "",
    });
  });

  test.each(["gzip", "identity", "gzip, chunked", "xchunked", 'gzip;a="b, c";d=e, chunked', "x , chunked"])(
    "section 6.1: %s is answered 501",
    (value) => {
      expect(parseRequest(get(`Transfer-Encoding: ${value}`)).refusal).toBe("501 unknown-encoding");
    },
  );

  test.each([
    "",
    ",chunked",
    "chunked,",
    "chunked, chunked",
    "chunked, gzip",
    "chunked;a=b",
    "chunked ;a=b",
    "gzip;a",
    "gzip;a=",
    'gzip;a="b',
    'gzip;a="b\\"',
    "gzip chunked",
    "chunked chunked",
    '"chunked"',
    "chunked\t",
    "\tchunked",
    "ch\xfcnked",
    "gzip;;a=b",
  ])("section 6.1: %j is refused", (value) => {
    expect(parseRequest(get(`Transfer-Encoding: ${value}`)).refusal).toBe("400 bad-encoding");
    expect(parseResponse(ok(`Transfer-Encoding: ${value}`)).refusal).toBe("502 bad-encoding");
  });

  test.each([
    [["Content-Length: 5", "Content-Length: 5"], "two-lengths"],
    [["Content-Length: 5", "Content-Length: 6"], "two-lengths"],
    [["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], "two-encodings"],
    [["Transfer-Encoding: chunked", "Content-Length: 5"], "length-and-encoding"],
    [["Content-Length: 0", "transfer-encoding: chunked"], "length-and-encoding"],
  ])("section 6.3: %j is refused", (fields, reason) => {
    expect(parseRequest(get(...fields)).refusal).toBe(`400 ${reason}`);
    expect(parseResponse(ok(...fields)).refusal).toBe(`502 ${reason}`);
  });

  test("section 6.1: Transfer-Encoding in HTTP/1.0 is refused", () => {
    const field = "Transfer-Encoding: chunked";
    expect(parseRequest(lines("POST / HTTP/1.0", field)).refusal).toBe("400 old-encoding");
    expect(parseResponse(lines("HTTP/1.0 200 OK", field)).refusal).toBe("502 old-encoding");
  });
});

describe("RFC 9112 section 6: framing of responses", () => {
  test.each([
    [[], Framing.untilClose, -1],
    [["Content-Length: 5"], Framing.length, 5],
    [["Content-Length: 0"], Framing.length, 0],
    [["Transfer-Encoding: chunked"], Framing.chunked, -1],
  ])("%j", (fields, framing, length) => {
    expect(parseResponse(ok(...fields)).head).toMatchObject({ framing, length, reason: "" });
  });

  test.each(["gzip", "gzip, chunked", "identity"])(
    "section 6.3: Transfer-Encoding %s is refused",
    (value) => {
      expect(parseResponse(ok(`Transfer-Encoding: ${value}`)).refusal).toBe("502 bad-encoding");
    },
  );
});

describe("RFC 9110 section 10.1.1: Expect", () => {
  test("100-continue in any case", () => {
    expect(parseRequest(get()).head.expectsContinue).toBe(false);
    expect(parseRequest(get("Expect: 100-continue")).head.expectsContinue).toBe(true);
    expect(parseRequest(get("Expect: 100-Continue")).head.expectsContinue).toBe(true);
  });

  test.each(["", "100", "200-maybe", "100-continue, 100-continue", "100-continue;a=b"])(
    "%j is answered 417",
    (value) => {
      expect(parseRequest(get(`Expect: ${value}`)).refusal).toBe("417 expectation");
    },
  );

  test("HTTP/1.0's is ignored", () => {
    const found = parseRequest(lines("POST / HTTP/1.0", "Expect: 100-continue"));
    expect(found).toMatchObject({ refusal: "" });
    expect(found.head.expectsContinue).toBe(false);
    expect(parseRequest(lines("POST / HTTP/1.0", "Expect: 200-maybe")).refusal).toBe("");
  });
});
