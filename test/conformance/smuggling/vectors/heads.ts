import {
  chunk,
  chunked,
  end,
  type Family,
  head,
  length,
  lines,
  passes,
  post,
  refused,
  smuggled,
} from "./vector.ts";

export const terminators: Family = {
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

export const folding: Family = {
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

export const bytesInHeads: Family = {
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

export const hosts: Family = {
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

export const versions: Family = {
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
