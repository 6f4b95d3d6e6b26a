import { type Family, head, length, lines, passes, post, refused, smuggled } from "./vector.ts";

export const expectations: Family = {
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

export const connection: Family = {
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
