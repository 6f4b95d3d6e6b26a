import {
  chunk,
  chunked,
  end,
  type Family,
  head,
  length,
  lines,
  long,
  passes,
  prefix,
  refused,
  smuggled,
} from "./vector.ts";

export const clTe: Family = {
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

export const teCl: Family = {
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

export const clZero: Family = {
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

export const zeroCl: Family = {
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

export const teZero: Family = {
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
