import type { Random } from "./random.ts";

const text = "abcdefghijklmnopqrstuvwxyz 0123456789\r\n;:GET / HTTP/1.1";

/** Some octets of text that looks like syntax. */
export function content(random: Random, length: number): string {
  let made = "";
  while (made.length < length) made += text.slice(random.below(text.length));
  return made.slice(0, length);
}

function size(random: Random, length: number): string {
  const digits = length.toString(16);
  const padded = random.once(4) ? digits.padStart(digits.length + random.below(4), "0") : digits;
  return random.once(3) ? padded.toUpperCase() : padded;
}

const extensions = [
  ";a",
  ";a=b",
  ';a="b c"',
  ';a="b\\"c"',
  ";a=1;b=2",
  ';a="\t;\r"',
  ";chunk-signature=ad80",
];
const oddExtensions = [
  ";",
  ";=",
  ";a=",
  " ;a",
  "; a",
  ";a =b",
  ";a= b",
  ';a="b',
  ';a="b"c',
  ";\xe4",
  " ",
  "\t",
  ";a=b ",
];
const trailers = ["T: 1", "Server-Timing: a;dur=1", "X-Sum:", "Grpc-Status: 0", "X-Obs: \xe4"];
const oddTrailers = [
  "Content-Length: 5",
  "transfer-encoding: chunked",
  "Host: h",
  "X_Forwarded_For: 1",
  "If-Match: a",
  "T : 1",
  " T: 1",
  ": 1",
  "T",
  "T: a\x00b",
  "T: 1\r\n 2",
];
const oddSizes = [
  "",
  "g",
  "0x5",
  "-5",
  "+5",
  " 5",
  "5 ",
  "FFFFFFFFFFFFFF",
  "00000000000005",
  "FFFFFFFFFFFFFFFFF",
  "10000000000000000",
  "5,5",
  "\xb2",
];
const oddEnds = ["\n", "\r", "\r\r\n", "\n\r", ""];

/** A chunked body; with `odd`, one of its parts is not as it should be. */
export function chunkedBody(random: Random, odd: boolean): string {
  const count = random.below(4);
  const wrong = odd ? random.below(5) : -1;
  const at = random.below(count + 1);
  let made = "";
  for (let i = 0; i <= count; i++) {
    const data = i < count ? content(random, 1 + random.below(random.once(8) ? 300 : 12)) : "";
    const here = i === at;
    made += here && wrong === 0 ? random.pick(oddSizes) : size(random, data.length);
    if (here && wrong === 1) made += random.pick(oddExtensions);
    else if (random.once(4)) made += random.pick(extensions).replace("\r", " ");
    made += here && wrong === 2 ? random.pick(oddEnds) : "\r\n";
    if (i < count) made += data + (here && wrong === 3 ? random.pick(oddEnds) : "\r\n");
  }
  if (random.once(4)) made += `${random.pick(trailers)}\r\n`;
  if (wrong === 4) made += `${random.pick(oddTrailers)}\r\n`;
  return `${made}\r\n`;
}
