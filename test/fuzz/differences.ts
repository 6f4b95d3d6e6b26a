import { isIPv6 } from "node:net";

/** A case where the gateway's parser and llhttp in its strict mode are meant to differ. */
export interface Difference {
  of: "request" | "response" | "both";
  /** What is found: `refuses:` and the gateway's reason, or how the two readings of an accepted message differ. */
  finds: string;
  /** Whether the message has what the entry is about. */
  when(message: string): boolean;
  why: string;
}

const has = (pattern: RegExp) => (message: string) => pattern.test(message);
const not = (pattern: RegExp) => (message: string) => !pattern.test(message);

/** The values of all fields of a name, as they stand in a message's head. */
function valuesOf(name: string, message: string): string[] {
  const head = `${message.replace(/^[\r\n]+/, "").split("\r\n\r\n", 1)[0]}\r\n`;
  return [...head.matchAll(new RegExp(`\r\n${name}:[ \t]*(.*?)[ \t]*(?=\r\n)`, "gis"))].map(
    (found) => found[1] ?? "",
  );
}

const name = "[a-z0-9_-]+(\\.[a-z0-9_-]+)*\\.?";
const authorityPattern = new RegExp(`^(?:${name}|\\[([0-9a-f:.]+)\\])(?::(\\d{1,5}))?$`, "i");

function isAuthority(text: string): boolean {
  const found = authorityPattern.exec(text);
  if (!found) return false;
  const [, , literal, port] = found;
  return (literal === undefined || isIPv6(literal)) && Number(port ?? 0) < 65_536;
}

function targetAuthority(message: string): string {
  return /^[\r\n]*\S+ +https?:\/\/([^/? ]*)/i.exec(message)?.[1] ?? "h";
}

const token = "[!#$%&'*+.^_`|~0-9a-z-]+";
const optionList = new RegExp(`^[ \t,]*(${token}[ \t]*(,[ \t,]*${token}[ \t]*)*)?[ \t,]*$`, "i");
const endToEndOptions =
  /(^|[\s,])(host|content-(length|type|encoding|range|location|language|disposition)|transfer-encoding|expect|via|forwarded|x-forwarded-(for|proto|host|port|server)|x-real-ip|x-request-id|trace(parent|state)|cookie|set-cookie|accept|authorization|cache-control|date|etag|location|origin|range)($|[\s,])/i;
const upgradeList = new RegExp(`^${token}(/${token})?([ \t]*,[ \t]*${token}(/${token})?)*$`, "i");
const chunkedAlone = /^chunked$/i;
const chunkLine = `[0-9a-f]{1,13}(;${token}(=(${token}|"([^"\\\\\\x00-\\x08\\x0a-\\x1f\\x7f]|\\\\[^\\x00-\\x08\\x0a-\\x1f\\x7f])*"))?)*`;
const chunkLines = new RegExp(`^${chunkLine}$`, "i");

/** Whether some line of a body holds what a chunk's line may not hold; data may hold it as well. */
function hasOddChunkLine(message: string): boolean {
  const lines = message.slice(message.indexOf("\r\n\r\n") + 4).split("\r\n");
  return lines.some((line) => !chunkLines.test(line));
}

const forbiddenTrailers =
  /\r\n(if[-_].*|authorization|cookie|expect|forwarded|host|location|pragma|range|te|traceparent|tracestate|trailer|upgrade|via|cache[-_]control|connection|content[-_](encoding|length|range|type)|http2[-_]settings|keep[-_]alive|max[-_]forwards|proxy[-_](authenticate|authorization|connection)|retry[-_]after|set[-_]cookie|transfer[-_]encoding|www[-_]authenticate|x[-_]forwarded[-_](for|host|port|proto|server)|x[-_]real[-_]ip|x[-_]request[-_]id):/i;

/** Where the gateway is stricter: it refuses what llhttp accepts or does not decide about. */
const stricter: readonly Difference[] = [
  {
    of: "request",
    finds: "refuses: two-hosts",
    when: (message) => valuesOf("host", message).length > 1,
    why: "RFC 9112 section 3.2: more than one Host is to be answered 400; llhttp leaves it to its user.",
  },
  {
    of: "request",
    finds: "refuses: no-host",
    when: (message) => valuesOf("host", message).length === 0 && message.includes("HTTP/1.1\r\n"),
    why: "RFC 9112 section 3.2: HTTP/1.1 without Host is to be answered 400; llhttp leaves it to its user.",
  },
  {
    of: "request",
    finds: "refuses: bad-host",
    when: (message) => valuesOf("host", message).some((value) => !isAuthority(value)),
    why: "RFC 9112 section 3.2: an invalid Host is to be answered 400. Only names that DNS can hold, with `_`, and IP addresses are valid here.",
  },
  {
    of: "request",
    finds: "refuses: bad-authority",
    when: (message) => !isAuthority(targetAuthority(message)),
    why: "RFC 9110 section 4.2.4: user information in a target, and an empty or invalid host.",
  },
  {
    of: "request",
    finds: "refuses: bad-target",
    when: not(/^(\r\n){0,2}(OPTIONS \*|\S+ \/[!"$-~]*|\S+ https?:\/\/[!"$-~]*) HTTP/i),
    why: "RFC 9112 section 3.2: fragments, octets beyond visible ASCII, other schemes, `*` without OPTIONS, several spaces before the target.",
  },
  {
    of: "request",
    finds: "refuses: bad-version",
    when: not(/^[\r\n]*\S+ \S+ HTTP\/\d\.\d\r\n/),
    why: "RFC 9112 section 3: one space stands before the version, and it is that of HTTP.",
  },
  {
    of: "request",
    finds: "refuses: version",
    when: has(/ HTTP\/(0\.9|2\.0)\r\n/),
    why: "RFC 9110 section 15.6.6: HTTP/0.9 and 2.0 can't be spoken in this form.",
  },
  {
    of: "request",
    finds: "refuses: bad-method",
    when: has(/^(\r\n){0,2}(\n|\r\n)/),
    why: "RFC 9112 section 2.2: at least one empty line is to be ignored; here two are, and none that ends with LF alone.",
  },
  {
    of: "request",
    finds: "refuses: bare-cr",
    when: has(/^(\r\n){0,2}\r([^\n]|$)/),
    why: "RFC 9112 section 2.2: a CR without LF before the request line; llhttp skips any number of them.",
  },
  {
    of: "request",
    finds: "refuses: connect",
    when: has(/^[\r\n]*CONNECT /),
    why: "A gateway opens no tunnels; RFC 9110 section 9.3.6 leaves that to proxies.",
  },
  {
    of: "both",
    finds: "refuses: old-encoding",
    when: (message) =>
      valuesOf("transfer-encoding", message).length > 0 && /HTTP\/1\.0(\r\n| \d)/.test(message),
    why: "RFC 9112 section 6.1: Transfer-Encoding in HTTP/1.0 is faulty framing.",
  },
  {
    of: "both",
    finds: "refuses: two-encodings",
    when: (message) => valuesOf("transfer-encoding", message).length > 1,
    why: "Several Transfer-Encoding fields: RFC 9112 section 6.1 allows no `chunked` beside `chunked`, and no other coding is known here.",
  },
  {
    of: "both",
    finds: "refuses: bad-encoding",
    when: (message) =>
      valuesOf("transfer-encoding", message).some((value) => !chunkedAlone.test(value)) ||
      /\r\ntransfer-encoding: *(\t|[^\r]*\t)/i.test(message),
    why: "RFC 9112 section 6.1: codings in which `chunked` is not alone at the end, and tabs beside it, which llhttp takes for a part of the value.",
  },
  {
    of: "request",
    finds: "refuses: unknown-encoding",
    when: (message) => valuesOf("transfer-encoding", message).some((value) => !chunkedAlone.test(value)),
    why: "RFC 9112 section 6.1: a coding that the recipient doesn't know is to be answered 501; llhttp passes `gzip, chunked`.",
  },
  {
    of: "both",
    finds: "refuses: bad-length",
    when: has(/\r\ncontent-length:([^\r]*\t|[ \t]*\d{16})/i),
    why: "More digits than a number here holds exactly, and tabs beside the number, which other parsers refuse or misread.",
  },
  {
    of: "both",
    finds: "refuses: disguised-framing",
    when: has(/\r\n(content[-_]length|transfer[-_]encoding):/i),
    why: "RFC 3875 section 4.1.18: servers that take `_` for `-` would frame the body by it.",
  },
  {
    of: "both",
    finds: "refuses: bad-connection",
    when: (message) =>
      valuesOf("connection", message).some((value) => !optionList.test(value) || endToEndOptions.test(value)),
    why: "RFC 9110 section 7.6.1: not a list of tokens, or one that would take away a field that is meant for the last recipient.",
  },
  {
    of: "request",
    finds: "refuses: bad-upgrade",
    when: (message) => {
      const values = valuesOf("upgrade", message);
      return values.length > 1 || values.some((value) => !upgradeList.test(value));
    },
    why: "RFC 9110 section 7.8: an upgrade to nothing that could be named, or by several fields.",
  },
  {
    of: "request",
    finds: "refuses: expectation",
    when: (message) => valuesOf("expect", message).some((value) => value.toLowerCase() !== "100-continue"),
    why: "RFC 9110 section 10.1.1: other expectations may be answered 417; llhttp leaves it to its user.",
  },
  {
    of: "response",
    finds: "refuses: bad-switch",
    when: has(/^HTTP\/1\.\d 101/),
    why: "RFC 9110 section 15.2.2: a 101 without an Upgrade field or with a body does not say where the new protocol begins.",
  },
  {
    of: "response",
    finds: "refuses: bad-reason-phrase",
    when: has(/^HTTP\/1\.\d \d{3}([^ \r\n]| [^\r\n]*?[^\t\x20-\x7e\x80-\xff\r\n])/),
    why: "RFC 9112 section 4: control characters in the reason phrase, or no space before it.",
  },
  {
    of: "response",
    finds: "refuses: bad-status",
    when: has(/^HTTP\/1\.\d (0|[6-9])/),
    why: "RFC 9110 section 15: status codes are 100 to 599.",
  },
  {
    of: "response",
    finds: "refuses: bad-version",
    when: not(/^HTTP\/1\.[01]/),
    why: "RFC 9112 section 2.3: other versions and protocols, and empty lines before the status line.",
  },
  {
    of: "both",
    finds: "refuses: chunk-size",
    when: (message) => /(^|\r\n)[0-9a-f]{14,}/i.test(message.slice(message.indexOf("\r\n\r\n") + 4)),
    why: "RFC 9112 section 7.1: a recipient has to guard against large sizes; more than 13 digits are not exact here.",
  },
  {
    of: "both",
    finds: "refuses: chunk-extension",
    when: hasOddChunkLine,
    why: "RFC 9112 section 7.1.1: llhttp accepts extensions with an empty name or value.",
  },
  {
    of: "both",
    finds: "refuses: forbidden-trailer",
    when: (message) => forbiddenTrailers.test(message.slice(message.indexOf("\r\n\r\n") + 4)),
    why: "RFC 9110 section 6.5.1: trailer fields that frame, route, authenticate or control; llhttp leaves it to its user.",
  },
];

/** Where the gateway accepts the same message, but makes something else of it. */
const other: readonly Difference[] = [
  {
    of: "request",
    finds: "unknown method",
    when: has(/^[\r\n]*\S+ /),
    why: "RFC 9110 section 9.1: a proxy forwards methods that it doesn't know; llhttp knows those of a fixed list only.",
  },
  {
    of: "both",
    finds: "keep-alive",
    when: has(/\r\nproxy-connection:/i),
    why: "RFC 9112 appendix C.2.2: Proxy-Connection means nothing; llhttp takes it for Connection.",
  },
  {
    of: "both",
    finds: "keep-alive",
    when: (message) =>
      /HTTP\/1\.0(\r\n| \d)/.test(message) && /close/i.test(valuesOf("connection", message).join()),
    why: "RFC 9112 section 9.3: `close` comes before `keep-alive`; for HTTP/1.0 llhttp looks at `keep-alive` only.",
  },
  {
    of: "request",
    finds: "upgrade",
    when: has(/ HTTP\/1\.0\r\n/),
    why: "RFC 9110 section 7.8: a server ignores an Upgrade field of an HTTP/1.0 request.",
  },
];

export const differences: readonly Difference[] = [...stricter, ...other];
