import { chunkedBody, content } from "./bodies.ts";
import type { Random } from "./random.ts";

const methods = [
  "GET",
  "GET",
  "GET",
  "POST",
  "POST",
  "PUT",
  "HEAD",
  "DELETE",
  "PATCH",
  "OPTIONS",
  "TRACE",
  "QUERY",
];
const oddMethods = [
  "get",
  "CONNECT",
  "M-SEARCH",
  "FOO",
  "BREW",
  "PRI",
  "",
  "G\tET",
  "GE(T",
  "X".repeat(33),
  "G\xe4T",
];
const targets = [
  "/",
  "/t",
  "/a/b.html?c=d&e=%20f",
  "/?",
  "/a?b?c",
  "/%00/%2e%2e/..;a=b/",
  '/{a}|b^c`d\\e"f<g>',
  "http://h/a?b",
  "HTTP://example.com:8080/",
  "https://h",
  "http://[::1]:80/a",
  "http://h?a=/b",
  `/${"long/".repeat(40)}`,
];
const oddTargets = [
  "*",
  "",
  "a",
  "h:80",
  "//h/a",
  "http://",
  "http:///a",
  "http://u@h/",
  "http://h:x/",
  "ftp://h/",
  "/a b",
  "/a#b",
  "/\xe4",
  "/\x7f",
  "/\t",
  "#",
  "http:/h",
  "http://h#a",
  "/\x00",
];
const oddSpaces = ["  ", "\t", "", " \t", "\x0b"];
const oddVersions = [
  "HTTP/1.2",
  "HTTP/2.0",
  "HTTP/0.9",
  "http/1.1",
  "HTTP/1.1 ",
  "HTTP/11",
  "HTTP/1.10",
  "HTTP/01.1",
  "HTTP 1.1",
  "HTTP/1,1",
  "ICE/1.0",
  "",
];
const hosts = [
  "h",
  "example.com",
  "Example.COM:8080",
  "127.0.0.1:80",
  "[::1]",
  "[2001:db8::1]:443",
  "a_b.c-d.",
  "xn--ls8h.la",
];
const oddHosts = [
  "",
  "a b",
  "a,b",
  "a/b",
  "u@h",
  "h:",
  "h:99999",
  "h:-1",
  "[::1",
  "::1",
  "[g::]",
  "h:80:80",
  "h\xe4",
  ".",
  "a..b",
  "a%20b",
  "h?x",
  "h#",
  "[::1]x",
];
const fields = [
  "Accept: */*",
  "Accept-Encoding: gzip, deflate, br",
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64)",
  "Cookie: a=b; c=d",
  "cookie: e=f",
  "X-Empty:",
  "X-Spaces: \t a \t b \t",
  "x-tight:a",
  "X-Obs: \xe4\xf6\xff\x80",
  "X-Colons: a:b::c",
  "X_Under_Score: 1",
  "X-Forwarded-For: 192.0.2.1",
  "x_forwarded_for: 192.0.2.1",
  "Via: 1.1 a",
  "TE: trailers",
  "Trailer: T",
  "Keep-Alive: timeout=5, max=100",
  "!#$%&'*+-.^_`|~0: token",
  "Content-Type: text/plain",
  'ETag: "a\\"b"',
  "If-None-Match: *",
  "Proxy-Connection: keep-alive",
  "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
  `X-Long: ${"0123456789abcdef".repeat(9)}`,
];
const connections = [
  "Connection: keep-alive",
  "connection: Close",
  "Connection: close",
  "Connection: keep-alive, X-Empty",
  "Connection: ,a,, b ,",
  "Connection: TE, close",
  "Connection: close, keep-alive",
  "Connection: upgrade\r\nUpgrade: websocket",
  "Upgrade: h2c\r\nConnection: keep-alive, Upgrade",
  "Upgrade: foo/2, bar",
  "Connection: Upgrade",
];
const oddConnections = [
  "Connection: host",
  "Connection: Content-Length",
  "Connection: close;a",
  "Connection: a b",
  "Connection: X-Forwarded-For",
  "Connection: Cookie",
  "Connection: authorization, close",
  "Connection: \xe4",
  "Connection: upgrade\r\nUpgrade:",
  "Connection: upgrade\r\nUpgrade: a b",
  "Connection: upgrade\r\nUpgrade: a\r\nUpgrade: b",
];
const oddLines = [
  " folded: a",
  "\tfolded",
  "X: a\r\n b",
  "X : a",
  "X\t: a",
  ": a",
  "X",
  "X\xe4: a",
  "X(: a",
  "X: a\x00b",
  "X: a\x01",
  "X: a\x7f",
  "X: a\rb",
  "X: a\nb",
  "X: a\r",
  "X:\x0ba",
  "X: a\nHost: b",
  "Expect: 100-continue",
  "Expect: 200-maybe",
  "Content_Length: 5",
  "Transfer_Encoding: chunked",
  "Transfer-Encoding : chunked",
  "Content-Length\x00: 5",
];
const lengths = ["5", "0", "005", "5 ", " 5"];
const oddLengths = [
  "\t5",
  "5\t",
  "",
  "+5",
  "-5",
  "5,5",
  "5, 5",
  "5 5",
  "0x5",
  "5a",
  "5.0",
  "99999999999999999999",
  "1000000000000000",
  "\x0b5",
  "\xb2",
];
const oddCodings = [
  "\tchunked",
  "chunked\t",
  "",
  "Chunked ",
  "CHUNKED",
  "xchunked",
  "chunked, chunked",
  "gzip, chunked",
  "chunked, gzip",
  "gzip",
  "identity",
  "chunked;a=b",
  'gzip;a="b"',
  ",chunked",
  "chunked,",
  "\x0bchunked",
  "chunked\x00",
  '"chunked"',
  "chun ked",
];
const phrases = [" OK", "", " ", " Not Found", " \xe4\xf6", " a\tb", " 200 OK "];
const oddStatuses = ["099", "600", "999", "20", "2000", "abc", "-20", "2 0", "", "20x"];
const oddPhrases = ["\tOK", " O\x00K", " O\x7fK", "OK", " OK\r", " a\nb", " \x01"];

/** Field lines of a message and its body, which fit each other unless they are odd. */
interface Framed {
  lines: string[];
  body: string;
}

function framed(random: Random, odd: number): Framed {
  if (odd === 1) {
    const body = content(random, 5);
    return random.once(2)
      ? { lines: [`Content-Length: ${random.pick(oddLengths)}`], body }
      : { lines: [`Transfer-Encoding: ${random.pick(oddCodings)}`], body: chunkedBody(random, false) };
  }
  if (odd === 2) {
    const one = `Content-Length: ${random.pick(lengths)}`;
    const other = random.pick(["Content-Length: 5", "Content-Length: 6", "Transfer-Encoding: chunked"]);
    const twice = random.once(4) ? "transfer-encoding: chunked" : one;
    const lines = random.once(2) ? [twice, other] : [other, twice];
    return { lines, body: random.once(2) ? content(random, 5) : chunkedBody(random, false) };
  }
  const kind = random.below(3);
  if (kind === 0) return { lines: [], body: "" };
  if (kind === 1) {
    const length = random.pick(lengths);
    return {
      lines: [`${random.pick(["Content-Length", "content-length"])}: ${length}`],
      body: content(random, Number(length)),
    };
  }
  return {
    lines: [`Transfer-Encoding: ${random.pick(["chunked", "chunked", "Chunked", "chunked "])}`],
    body: chunkedBody(random, odd === 3),
  };
}

function fieldLines(random: Random, own: string[], odd: boolean): string {
  const lines = [...own];
  const put = (line: string) => lines.splice(random.below(lines.length + 1), 0, line);
  for (let i = random.below(random.once(20) ? 45 : 6); i > 0; i--) put(random.pick(fields));
  if (random.once(3)) put(random.pick(connections));
  if (odd) put(random.pick(random.once(4) ? oddConnections : oddLines));
  return lines.map((line) => `${line}\r\n`).join("");
}

/** Takes one part of a message in `oddOneOut` of the cases where only sound parts are wanted otherwise. */
const sound = -1;

/** A request, sound in most cases, else with one part that is not. */
export function request(random: Random): string {
  const odd = random.once(2) ? sound : random.below(11);
  const { lines, body } = framed(random, odd);
  const minor = random.once(6) ? 0 : 1;
  const version = odd === 4 ? random.pick(oddVersions) : `HTTP/1.${minor}`;
  const method = odd === 5 ? random.pick(oddMethods) : random.pick(methods);
  const target = odd === 6 ? random.pick(oddTargets) : random.pick(targets);
  const space = odd === 7 ? random.pick(oddSpaces) : " ";
  const starred = method === "OPTIONS" && random.once(3) ? "*" : target;
  const host = `${random.pick(["Host", "host", "HOST"])}: ${random.pick(odd === 8 ? oddHosts : hosts)}`;
  const named = odd === 9 ? random.pick([[], [host, "Host: h"], [host, host]]) : [host];
  const before = random.once(12) ? "\r\n".repeat(1 + random.below(3)) : "";
  const fieldsText = fieldLines(random, [...named, ...lines], odd === 10);
  return `${before}${method}${space}${starred}${space}${version}\r\n${fieldsText}\r\n${body}`;
}

/** A response, sound in most cases, else with one part that is not. */
export function response(random: Random): string {
  const odd = random.once(2) ? sound : random.below(9);
  const status =
    odd === 4
      ? random.pick(oddStatuses)
      : String(random.pick([200, 200, 200, 100, 101, 103, 204, 206, 301, 304, 404, 500, 503, 599]));
  const { lines, body } = framed(random, odd);
  const version = odd === 5 ? random.pick(oddVersions) : `HTTP/1.${random.once(6) ? 0 : 1}`;
  const phrase = random.pick(odd === 6 ? oddPhrases : phrases);
  const space = odd === 7 ? random.pick(oddSpaces) : " ";
  return `${version}${space}${status}${phrase}\r\n${fieldLines(random, lines, odd === 8)}\r\n${body}`;
}

const octets = [
  "\x01",
  "\x1f",
  "\0",
  "\t",
  "\n",
  "\r",
  " ",
  ",",
  ":",
  ";",
  "=",
  '"',
  "\x7f",
  "\x80",
  "\xff",
  "0",
  "5",
  "a",
  "F",
  "\r\n",
  "\r\n\r\n",
];

/** The same message after one to three small changes somewhere. */
export function mutated(random: Random, message: string): string {
  let made = message;
  for (let i = 1 + random.below(3); i > 0; i--) {
    const at = random.below(made.length + 1);
    const rest = made.slice(at);
    const kind = random.below(6);
    if (kind === 0) made = made.slice(0, at) + rest.slice(1);
    else if (kind === 1) made = made.slice(0, at) + random.pick(octets) + rest;
    else if (kind === 2) made = made.slice(0, at) + random.pick(octets) + rest.slice(1);
    else if (kind === 3) made = made.slice(0, at) + rest.slice(0, 1 + random.below(20)) + rest;
    else if (kind === 4) made = made.slice(0, at) + rest.slice(1 + random.below(8));
    else if (random.once(3)) made = made.slice(0, at);
  }
  return made;
}
