/** What the gateway may do with a vector: refuse all of it, or pass on exactly these requests. */
export interface Vector {
  name: string;
  /** All that the client sends, as latin1; complete under the only reading that is right. */
  bytes: string;
  /**
   * - `refused`: a 4xx or 5xx of the gateway's own, and the end; no byte reaches a target.
   * - `broken`: its head was good, so it may have been passed on; then it is broken off. No whole request reaches a target.
   * - a list: first lines of the requests that reach the target, each whole, in order.
   */
  outcome: "refused" | "broken" | readonly string[];
  /** The gateway may as well refuse it. */
  mayRefuse?: boolean;
  /** The gateway may close the connection after the answers, with what was pipelined behind unanswered. */
  mayClose?: boolean;
}

export interface Family {
  name: string;
  vectors: Vector[];
}

/** What an attacker wants to be taken for a request. */
const smuggled = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
/** An attacker's beginning of a request that would swallow the next one's first line. */
const prefix = "GET /smuggled HTTP/1.1\r\nHost: h\r\nX-Swallow: ";
const length = smuggled.length;

const head = (fields: string, line = "POST /v HTTP/1.1") => `${line}\r\nHost: h\r\n${fields}\r\n`;
const lines = (...fields: string[]) => fields.map((field) => `${field}\r\n`).join("");
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
const end = "0\r\n\r\n";
const post = ["POST /v"] as const;

const refused = (name: string, bytes: string): Vector => ({ name, bytes, outcome: "refused" });
const broken = (name: string, bytes: string): Vector => ({ name, bytes, outcome: "broken" });
const passes = (
  name: string,
  bytes: string,
  outcome: readonly string[],
  may: Partial<Vector> = {},
): Vector => ({
  name,
  bytes,
  outcome,
  ...may,
});

const chunked = "Transfer-Encoding: chunked";
const long = `Content-Length: ${end.length + length}`;

const clTe: Family = {
  name: "CL.TE",
  vectors: [
    refused("length first", head(lines(long, chunked)) + end + smuggled),
    refused("coding first", head(lines(chunked, long)) + end + smuggled),
    refused("a prefix", head(lines(`Content-Length: ${end.length + prefix.length}`, chunked)) + end + prefix),
    refused("lengths around", head(lines(long, chunked, long)) + end + smuggled),
    refused("length of zero", head(lines("Content-Length: 0", chunked)) + end + smuggled),
    refused(
      "far apart",
      head(lines(long, ...Array.from({ length: 50 }, (_, n) => `X-${n}: y`), chunked)) + end + smuggled,
    ),
    refused("other letters", head(lines("content-LENGTH: 5", "TRANSFER-encoding: CHUNKED")) + end + smuggled),
    refused("GET", head(lines(long, chunked), "GET /v HTTP/1.1") + end + smuggled),
    refused("HTTP/1.0", head(lines(long, chunked), "POST /v HTTP/1.0") + end + smuggled),
  ],
};

const teCl: Family = {
  name: "TE.CL",
  vectors: [
    refused("length 4", head(lines("Content-Length: 4", chunked)) + chunk(smuggled) + end),
    refused("coding first", head(lines(chunked, "Content-Length: 4")) + chunk(smuggled) + end),
    refused("length of a chunk's line", head(lines(chunked, "Content-Length: 3")) + chunk(prefix) + end),
    refused("length of zero", head(lines(chunked, "Content-Length: 0")) + chunk(smuggled) + end),
    refused(
      "length that is right",
      head(lines(chunked, `Content-Length: ${(chunk(smuggled) + end).length}`)) + chunk(smuggled) + end,
    ),
  ],
};

/** Ways to write a coding that one reads as chunked and another does not. */
const obfuscations = [
  "Transfer-Encoding: xchunked",
  "Transfer-Encoding : chunked",
  "Transfer-Encoding\t: chunked",
  "Transfer-Encoding\x0b: chunked",
  "Transfer-Encoding\x00: chunked",
  "Transfer-Encoding: \x0bchunked",
  "Transfer-Encoding: \x0cchunked",
  "Transfer-Encoding: \x00chunked",
  "Transfer-Encoding: \x85chunked",
  "Transfer-Encoding: \xa0chunked",
  "Transfer-Encoding: \x08chunked",
  "Transfer-Encoding: \x7fchunked",
  "Transfer-Encoding: chunked\x0b",
  "Transfer-Encoding: chunked\x00",
  "Transfer-Encoding: chunked\x85",
  "Transfer-Encoding: chun\x00ked",
  "Transfer-Encoding: chunked\r",
  "Transfer-Encoding: \rchunked",
  "Transfer-Encoding: \nchunked",
  "Transfer-Encoding:\r\n chunked",
  "Transfer-Encoding:\r\n\tchunked",
  "Transfer-Encoding: chunked\r\n\tx",
  "Transfer-Encoding\r\n : chunked",
  "Transfer-Encoding\r\n: chunked",
  " Transfer-Encoding: chunked",
  "\tTransfer-Encoding: chunked",
  "\x0bTransfer-Encoding: chunked",
  "X: y\nTransfer-Encoding: chunked",
  "X: y\rTransfer-Encoding: chunked",
  "X: y\r\r\nTransfer-Encoding: chunked",
  ": y\r\nTransfer-Encoding: chunked",
  "X: y\r\n\rTransfer-Encoding: chunked",
  "Transfer-Encoding: 'chunked'",
  'Transfer-Encoding: "chunked"',
  "Transfer-Encoding: chunk",
  "Transfer-Encoding: chunkedx",
  "Transfer-Encoding: chunked;q=1",
  "Transfer-Encoding: chunked ;",
  "Transfer-Encoding: chunked,",
  "Transfer-Encoding: ,chunked",
  "Transfer-Encoding: chunked, identity",
  "Transfer-Encoding: identity, chunked",
  "Transfer-Encoding: chunked, chunked",
  "Transfer-Encoding: gzip, chunked",
  "Transfer-Encoding: chunked gzip",
  "Transfer-Encoding: identity",
  "Transfer-Encoding: cow\r\nTransfer-Encoding: chunked",
  "Transfer-Encoding: chunked\r\nTransfer-Encoding: cow",
  "Transfer-Encoding: chunked\r\ntransfer-encoding: identity",
  "Transfer-Encoding:",
  "Transfer-Encoding: ",
  "Transfer-Encoding: \xef\xbb\xbfchunked",
  "\xef\xbb\xbfTransfer-Encoding: chunked",
  "Transfer Encoding: chunked",
  "Transfer-Encoding; chunked",
  "Transfer-Encoding= chunked",
  "Transfer-Encoding",
  "Transfer-\x01Encoding: chunked",
  "Transfer-Encod\xefng: chunked",
];

const teTe: Family = {
  name: "TE.TE",
  vectors: obfuscations.flatMap((line) => [
    refused(`${JSON.stringify(line)} with a length`, head(lines(long, line)) + end + smuggled),
    refused(
      `${JSON.stringify(line)} before a length`,
      head(lines(line, "Content-Length: 4")) + chunk(smuggled) + end,
    ),
    refused(`${JSON.stringify(line)} alone`, head(lines(line)) + end + smuggled),
  ]),
};

const spellings: Family = {
  name: "spellings that are right",
  vectors: [
    passes(
      "tab before the coding",
      head(lines("Transfer-Encoding:\tchunked")) + chunk(smuggled) + end,
      post,
      { mayRefuse: true },
    ),
    passes(
      "white space around the coding",
      head(lines("Transfer-Encoding: \t chunked \t ")) + chunk(smuggled) + end,
      post,
      { mayRefuse: true },
    ),
    passes("no white space", head(lines("Transfer-Encoding:chunked")) + chunk(smuggled) + end, post),
    passes("letters of both cases", head(lines("tRANSFER-eNCODING: cHUNKED")) + chunk(smuggled) + end, post),
    passes("white space around a length", head(lines(`Content-Length: \t${length}\t `)) + smuggled, post, {
      mayRefuse: true,
    }),
    passes("a length with zeros before", head(lines(`Content-Length: 000${length}`)) + smuggled, post, {
      mayRefuse: true,
    }),
    passes("TE beside a length", head(lines("TE: chunked", `Content-Length: ${length}`)) + smuggled, post),
    passes(
      "X-Transfer-Encoding",
      head(lines("X-Transfer-Encoding: chunked", `Content-Length: ${length}`)) + smuggled,
      post,
    ),
    passes(
      "Content-Encoding: chunked",
      head(lines("Content-Encoding: chunked", `Content-Length: ${length}`)) + smuggled,
      post,
    ),
    passes(
      "a coding in a value",
      head(lines("X: Transfer-Encoding: chunked", `Content-Length: ${length}`)) + smuggled,
      post,
    ),
  ],
};

const underscores: Family = {
  name: "underscores in names",
  vectors: [
    passes(
      "Transfer_Encoding beside a length",
      head(lines("Transfer_Encoding: chunked", `Content-Length: ${length}`)) + smuggled,
      post,
      { mayRefuse: true },
    ),
    passes(
      "Content_Length beside chunks",
      head(lines(chunked, "Content_Length: 4")) + chunk(smuggled) + end,
      post,
      { mayRefuse: true },
    ),
    passes(
      "Content_Length alone",
      head(lines(`Content_Length: ${length}`)) + smuggled,
      ["POST /v", "GET /smuggled"],
      { mayRefuse: true },
    ),
    passes(
      "Transfer_Encoding alone",
      head(lines("Transfer_Encoding: chunked")) + smuggled,
      ["POST /v", "GET /smuggled"],
      { mayRefuse: true },
    ),
  ],
};

const clZero: Family = {
  name: "CL.0",
  vectors: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].flatMap((method) => [
    passes(
      `${method} with a request as its body`,
      head(lines(`Content-Length: ${length}`), `${method} /v HTTP/1.1`) + smuggled,
      [`${method} /v`],
      { mayClose: true },
    ),
    passes(
      `${method} with a prefix as its body`,
      head(lines(`Content-Length: ${prefix.length}`), `${method} /v HTTP/1.1`) + prefix,
      [`${method} /v`],
      { mayClose: true },
    ),
  ]),
};

const zeroCl: Family = {
  name: "0.CL",
  vectors: [
    ...[
      `Content-Length: 0\r\nContent-Length: ${length}`,
      `Content-Length: ${length}\r\nContent-Length: 0`,
      `Content-Length: ${length}\r\nContent-Length: ${length}`,
      `Content-Length: ${length}, ${length}`,
      `Content-Length: 0, ${length}`,
      `Content-Length: ${length}, 0`,
      `Content-Length : ${length}`,
      `Content-Length\t: ${length}`,
      `Content-Length\x0b: ${length}`,
      `Content-Length\x00: ${length}`,
      `Content-Length:\r\n ${length}`,
      `Content-Length:\n${length}`,
      `Content-Length: \n${length}`,
      `Content-Length: \r${length}`,
      `Content-Length: ${length}\r`,
      `Content-Length: ${length}\x0b`,
      `Content-Length: ${length}\x00`,
      `Content-Length: \x0b${length}`,
      `Content-Length: \x85${length}`,
      `Content-Length: \xa0${length}`,
      `Content-Length: ${length}\x85`,
      `Content-Length: +${length}`,
      `Content-Length: -${length}`,
      `Content-Length: -0`,
      `Content-Length: 0x${length.toString(16)}`,
      `Content-Length: ${length.toString(16)}h`,
      `Content-Length: ${String(length).split("").join(" ")}`,
      `Content-Length: ${String(length).split("").join("_")}`,
      `Content-Length: ${length},`,
      `Content-Length: ,${length}`,
      `Content-Length: ${length};`,
      `Content-Length: ${length}.0`,
      `Content-Length: ${length}e0`,
      `Content-Length: "${length}"`,
      `Content-Length: '${length}'`,
      `Content-Length: ${length}abc`,
      `Content-Length: abc`,
      `Content-Length:`,
      `Content-Length: 18446744073709551616`,
      `Content-Length: 1844674407370955161${length}`,
      `Content-Length: 4294967296000000000000`,
      `Content Length: ${length}`,
      `Content-Length ${length}`,
      `Content-Length= ${length}`,
      ` Content-Length: ${length}`,
      `X: y\nContent-Length: ${length}`,
      `X: y\rContent-Length: ${length}`,
      `: ${length}\r\nContent-Length: ${length}`,
    ].map((line) => refused(JSON.stringify(line), head(lines(line)) + smuggled)),
  ],
};

const teZero: Family = {
  name: "TE.0",
  vectors: ["GET", "HEAD", "POST", "DELETE", "OPTIONS"].flatMap((method) => [
    passes(
      `${method} with a request in chunks`,
      head(lines(chunked), `${method} /v HTTP/1.1`) + chunk(smuggled) + end,
      [`${method} /v`],
      { mayClose: true },
    ),
    passes(
      `${method} with an empty body in chunks`,
      head(lines(chunked), `${method} /v HTTP/1.1`) + end,
      [`${method} /v`],
      { mayClose: true },
    ),
  ]),
};

const inChunks = (bytes: string) => head(lines(chunked)) + bytes;

const chunks: Family = {
  name: "chunk sizes and extensions",
  vectors: [
    ...[
      "0x5\r\nhello\r\n",
      "5h\r\nhello\r\n",
      "+5\r\nhello\r\n",
      "-5\r\nhello\r\n",
      "-0\r\n\r\n",
      " 5\r\nhello\r\n",
      "5 \r\nhello\r\n",
      "5\t\r\nhello\r\n",
      "\t5\r\nhello\r\n",
      "5\x0b\r\nhello\r\n",
      "5\x00\r\nhello\r\n",
      "5_0\r\nhello\r\n",
      "5.0\r\nhello\r\n",
      "5,5\r\nhello\r\n",
      "5 5\r\nhello\r\n",
      "\r\nhello\r\n",
      "\r\n5\r\nhello\r\n",
      "g\r\nhello\r\n",
      "10000000000000005\r\nhello\r\n",
      "FFFFFFFFFFFFFFFFF\r\nhello\r\n",
      "100000000000000000000000000000005\r\nhello\r\n",
      "8000000000000005\r\nhello\r\n",
      "fffffffffffffffb\r\nhello\r\n",
      "5\nhello\r\n",
      "5\rhello\r\n",
      "5\n\nhello\r\n",
      "5\r\r\nhello\r\n",
      "5\n\rhello\r\n",
      "5\r\nhello\n",
      "5\r\nhello\r",
      "5\r\nhello",
      "5\r\nhelloXX",
      "5\r\nhello\r\r\n",
      "5\r\nhello\n\r",
      "5\r\nhello world\r\n",
      "5;\r\nhello\r\n",
      "5;x\nhello\r\n",
      "5;x\n\r\nhello\r\n",
      "5;\n\r\nhello\r\n",
      "5;x\rhello\r\n",
      "5;x\ry\r\nhello\r\n",
      "5;x=\r\nhello\r\n",
      "5;=y\r\nhello\r\n",
      "5;x\x00\r\nhello\r\n",
      "5;x=y\x7f\r\nhello\r\n",
      '5;x="y\r\nhello\r\n',
      '5;x="y\nz"\r\nhello\r\n',
      "5;x=y z\r\nhello\r\n",
      "5:x\r\nhello\r\n",
      "5x\r\nhello\r\n",
    ].map((bytes) => broken(JSON.stringify(bytes), inChunks(bytes + end + smuggled))),
    passes(
      "extensions that are right",
      inChunks(`5;x\r\nhello\r\n5;x=y;z="\\"a b"\r\nhello\r\n${chunk(smuggled)}0;last\r\n\r\n`),
      post,
    ),
    passes("zeros before sizes", inChunks(`005\r\nhello\r\n${chunk(smuggled)}000\r\n\r\n`), post),
    passes("white space around an extension", inChunks(`5 ; x = y\r\nhello\r\n${end}`), post, {
      mayRefuse: true,
    }),
    passes("thirty zeros before a size", inChunks(`${"0".repeat(30)}5\r\nhello\r\n${end}`), post, {
      mayRefuse: true,
    }),
    passes("letters of both cases", inChunks(`A\r\n0123456789\r\na\r\n0123456789\r\n${end}`), post),
    passes(
      "a request over two chunks",
      inChunks(chunk(smuggled.slice(0, 9)) + chunk(smuggled.slice(9)) + end),
      post,
    ),
  ],
};

const endings: Family = {
  name: "ends of chunked bodies",
  vectors: [
    ...[
      "0\n\r\n",
      "0\r\n\n",
      "0\n\n",
      "0\r\r\n",
      "0\r\n\r",
      "0 \r\n\r\n",
      "0\r\n\rX",
      "0;\n\r\n",
      "0\r\n \r\n",
      "0x0\r\n\r\n",
      "+0\r\n\r\n",
    ].map((bytes) => broken(JSON.stringify(bytes), inChunks(chunk("hello") + bytes + smuggled))),
  ],
};

const trailers: Family = {
  name: "trailers",
  vectors: [
    ...[
      `Content-Length: ${length}`,
      chunked,
      "Host: evil",
      "Connection: close",
      "X-Forwarded-For: 6.6.6.6",
      "Expect: 100-continue",
      "TE: x",
      "Upgrade: x",
    ].map((field) =>
      passes(field, inChunks(`${chunk("hello")}0\r\n${field}\r\n\r\n`), post, {
        mayRefuse: true,
        mayClose: true,
      }),
    ),
    ...[
      "A : b\r\n",
      " A: b\r\n",
      "A: b\r\n c\r\n",
      "A\r\n",
      ": b\r\n",
      "A: b\n",
      "A: b\rC: d\r\n",
      "A: \x00\r\n",
      "A\x00: b\r\n",
      `A: ${"b".repeat(70_000)}\r\n`,
    ].map((field) =>
      broken(JSON.stringify(field).slice(0, 40), inChunks(`${chunk("hello")}0\r\n${field}\r\n${smuggled}`)),
    ),
    passes("one that is right", inChunks(`${chunk("hello")}0\r\nX-Sum: 1\r\n\r\n`), post),
  ],
};

const terminators: Family = {
  name: "line terminators",
  vectors: [
    refused("LF after the request line", `POST /v HTTP/1.1\nHost: h\r\n\r\n${smuggled}`),
    refused("LF throughout", `POST /v HTTP/1.1\nHost: h\n\n${smuggled}`),
    refused("LF after a field", `POST /v HTTP/1.1\r\nHost: h\nX: y\r\n\r\n${smuggled}`),
    refused("LF LF at the end", `POST /v HTTP/1.1\r\nHost: h\r\nX: y\n\n${smuggled}`),
    refused("CR LF LF at the end", `POST /v HTTP/1.1\r\nHost: h\r\n\n${smuggled}`),
    refused("LF CR LF at the end", `POST /v HTTP/1.1\r\nHost: h\n\r\n${smuggled}`),
    refused("CR after the request line", `POST /v HTTP/1.1\rHost: h\r\n\r\n${smuggled}`),
    refused("CR CR at the end", `POST /v HTTP/1.1\r\nHost: h\r\r${smuggled}`),
    refused("CR CR LF", `POST /v HTTP/1.1\r\r\nHost: h\r\n\r\n${smuggled}`),
    refused("LF CR", `POST /v HTTP/1.1\n\rHost: h\n\r\n\r${smuggled}`),
    refused("LF in a value", head(lines(`X: y\n\n${smuggled}`))),
    refused("CR in a value", head(lines("X: y\rContent-Length: 5"))),
    refused("NEL in a name", head(lines("X\x85: y"))),
    refused("LF before the request", `\n${head("")}${smuggled}`),
    refused("CR before the request", `\r${head("")}${smuggled}`),
    passes("an empty line before the request", `\r\n${head("")}`, post),
    passes("an empty line between requests", `${head("")}\r\n${smuggled}`, ["POST /v", "GET /smuggled"]),
  ],
};

const folding: Family = {
  name: "folded lines",
  vectors: [
    refused("a length folded", head(lines(`Content-Length:\r\n ${length}`)) + smuggled),
    refused("a length behind a fold", head(lines("X: y", ` Content-Length: ${length}`)) + smuggled),
    refused("a coding behind a fold", head(lines("X: y", "\tTransfer-Encoding: chunked")) + end + smuggled),
    refused("a fold of white space", head(lines("X: y", " ", "Z: y"))),
    refused("the first field", "POST /v HTTP/1.1\r\n Host: h\r\nHost: h\r\n\r\n"),
    refused("Host folded", "POST /v HTTP/1.1\r\nHost:\r\n h\r\n\r\n"),
    refused("a fold with a vertical tab", head(lines("X: y", "\x0bContent-Length: 5"))),
  ],
};

const bytesInHeads: Family = {
  name: "bytes in names and values",
  vectors: [
    ...["\x00", "\x01", "\x08", "\x0b", "\x0c", "\x0e", "\x1b", "\x1f", "\x7f"].map((byte) =>
      refused(`${JSON.stringify(byte)} in a value`, head(lines(`X: a${byte}b`)) + smuggled),
    ),
    ...["\x00", "\x09", "\x0b", "\x20", "\x7f", "\x80", "\xff", "(", "/", "@", "[", "{", '"'].map((byte) =>
      refused(`${JSON.stringify(byte)} in a name`, head(lines(`X${byte}Y: z`)) + smuggled),
    ),
    refused("NUL in the target", head("", "POST /v\x00 HTTP/1.1") + smuggled),
    refused("a space in the target", head("", "POST /v /w HTTP/1.1") + smuggled),
    refused("a tab in the target", head("", "POST /v\t HTTP/1.1") + smuggled),
    refused("a request line in the target", head("", "POST /v HTTP/1.1 HTTP/1.1") + smuggled),
    passes("line ends that are escaped", head("", "GET /v%0d%0aX:%20y%0d%0a%0d%0a HTTP/1.1"), [
      "GET /v%0d%0aX:%20y%0d%0a%0d%0a",
    ]),
  ],
};

const hosts: Family = {
  name: "hosts",
  vectors: [
    refused("none", `POST /v HTTP/1.1\r\n\r\n${smuggled}`),
    refused("two", `POST /v HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n${smuggled}`),
    refused("two that agree", `POST /v HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n${smuggled}`),
    refused("a list", `POST /v HTTP/1.1\r\nHost: a, b\r\n\r\n${smuggled}`),
    refused("white space before the colon", `POST /v HTTP/1.1\r\nHost : h\r\n\r\n${smuggled}`),
    refused("a user", `POST /v HTTP/1.1\r\nHost: a@b\r\n\r\n${smuggled}`),
    refused("a path", `POST /v HTTP/1.1\r\nHost: a/b\r\n\r\n${smuggled}`),
    refused("an absolute target and none", `POST http://h/v HTTP/1.1\r\n\r\n${smuggled}`),
    refused(
      "an absolute target and two",
      `POST http://h/v HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n${smuggled}`,
    ),
    refused("an absolute target with a user", `POST http://a@h/v HTTP/1.1\r\nHost: h\r\n\r\n${smuggled}`),
    refused(
      "an absolute target with an odd scheme",
      `POST gopher://h/v HTTP/1.1\r\nHost: h\r\n\r\n${smuggled}`,
    ),
    refused("an authority as target", `POST h:80 HTTP/1.1\r\nHost: h\r\n\r\n${smuggled}`),
    refused("a target without a slash", `POST v HTTP/1.1\r\nHost: h\r\n\r\n${smuggled}`),
    refused("CONNECT", `CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n${smuggled}`),
    passes("an absolute target that differs", "POST http://other/v HTTP/1.1\r\nHost: h\r\n\r\n", post),
    passes("an absolute target behind a slash", "POST /http://other/v HTTP/1.1\r\nHost: h\r\n\r\n", [
      "POST /http://other/v",
    ]),
  ],
};

const versions: Family = {
  name: "versions",
  vectors: [
    refused("HTTP/0.9", `GET /v\r\n\r\n${smuggled}`),
    refused("HTTP/0.9 said", head("", "GET /v HTTP/0.9") + smuggled),
    refused("HTTP/1.0 with chunks", head(lines(chunked), "POST /v HTTP/1.0") + chunk(smuggled) + end),
    refused(
      "HTTP/1.0 with chunks and keep-alive",
      head(lines(chunked, "Connection: keep-alive"), "POST /v HTTP/1.0") + end + smuggled,
    ),
    refused("HTTP/2.0", head("", "POST /v HTTP/2.0") + smuggled),
    refused("HTTP/1.10", head("", "POST /v HTTP/1.10") + smuggled),
    refused("HTTP/1.01", head("", "POST /v HTTP/1.01") + smuggled),
    refused("HTTP/01.1", head("", "POST /v HTTP/01.1") + smuggled),
    refused("http/1.1", head("", "POST /v http/1.1") + smuggled),
    refused("HTTP 1.1", head("", "POST /v HTTP 1.1") + smuggled),
    refused("HTTP/1,1", head("", "POST /v HTTP/1,1") + smuggled),
    passes(
      "HTTP/1.0 with a length",
      head(lines(`Content-Length: ${length}`), "POST /v HTTP/1.0") + smuggled,
      post,
      { mayClose: true },
    ),
    passes(
      "HTTP/1.0 with keep-alive",
      head(lines(`Content-Length: ${length}`, "Connection: keep-alive"), "POST /v HTTP/1.0") + smuggled,
      post,
      { mayClose: true },
    ),
  ],
};

const expectations: Family = {
  name: "Expect",
  vectors: [
    "100-continue",
    "100-Continue",
    "100-continue, 100-continue",
    "y 100-continue",
    "y",
    "100-continue\r\nExpect: 100-continue",
    "",
  ].flatMap((value) => [
    passes(
      `${JSON.stringify(value)} with a request as body`,
      head(lines(`Expect: ${value}`, `Content-Length: ${length}`)) + smuggled,
      post,
      { mayRefuse: true, mayClose: true },
    ),
    passes(
      `${JSON.stringify(value)} without a body`,
      head(lines(`Expect: ${value}`), "GET /v HTTP/1.1"),
      ["GET /v"],
      { mayRefuse: true, mayClose: true },
    ),
  ]),
};

const connection: Family = {
  name: "Connection",
  vectors: [
    ...["Content-Length", "Transfer-Encoding", "Host", "X-Forwarded-For", "a b", "close, Content-Length"].map(
      (value) => refused(value, head(lines(`Connection: ${value}`, `Content-Length: ${length}`)) + smuggled),
    ),
    passes(
      "h2c",
      head(
        lines("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"),
        "GET /v HTTP/1.1",
      ),
      ["GET /v"],
      { mayClose: true },
    ),
    passes(
      "a WebSocket that is refused",
      head(
        lines("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 777"),
        "GET /v HTTP/1.1",
      ),
      ["GET /v"],
      { mayClose: true },
    ),
    passes(
      "a WebSocket without Connection",
      head(lines("Upgrade: websocket", "Sec-WebSocket-Version: 13"), "GET /v HTTP/1.1"),
      ["GET /v"],
      { mayClose: true },
    ),
    passes(
      "Sec-WebSocket-Key1",
      head(lines("Sec-WebSocket-Key1: x", `Content-Length: ${length}`), "GET /v HTTP/1.1") + smuggled,
      ["GET /v"],
      { mayClose: true },
    ),
    passes(
      "keep-alive of other names",
      head(lines("Proxy-Connection: close", "Keep-Alive: timeout=0", `Content-Length: ${length}`)) + smuggled,
      post,
    ),
    passes(
      "a method in a field",
      head(lines("X-HTTP-Method-Override: HEAD", `Content-Length: ${length}`)) + smuggled,
      post,
    ),
  ],
};

/** Known ways to make two servers see different requests in the same bytes. */
export const families: Family[] = [
  clTe,
  teCl,
  teTe,
  spellings,
  underscores,
  clZero,
  zeroCl,
  teZero,
  chunks,
  endings,
  trailers,
  terminators,
  folding,
  bytesInHeads,
  hosts,
  versions,
  expectations,
  connection,
];
