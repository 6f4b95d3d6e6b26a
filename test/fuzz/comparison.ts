import { type Difference, differences } from "./differences.ts";
import { request, response, mutated } from "./heads.ts";
import { LlhttpReader, methodNumber, type Outcome } from "./llhttp.ts";
import type { Random } from "./random.ts";
import { GatewayReader, type GatewayReading } from "./readings.ts";

export type MessageType = "request" | "response";

/** What comes behind a message that leaves its connection open: it has to be found where the message ends. */
const sentinels = {
  request: "GET /sentinel HTTP/1.1\r\nHost: s\r\n\r\n",
  response: "HTTP/1.1 299 Sentinel\r\nContent-Length: 0\r\n\r\n",
};
const sentinelStatus = 299;
/** One case in so many is cut at every byte boundary. */
const cutOnceIn = 64;

/** What became of one case. */
export interface Verdict {
  accepted: boolean;
  /** How the two readings differ without a reason in the list; empty when they don't. */
  mismatch: string;
  /** The entry of the list that explains a difference. */
  explained: Difference | null;
}

/** Makes cases and compares the gateway's reading of each with llhttp's. */
export class Comparison {
  readonly #type: MessageType;
  readonly #gateway: GatewayReader;
  readonly #llhttp: LlhttpReader;

  constructor(type: MessageType) {
    this.#type = type;
    this.#gateway = new GatewayReader(type);
    this.#llhttp = new LlhttpReader(type);
  }

  /** A message: sound, with one odd part, or changed at random. */
  message(random: Random): string {
    const made = this.#type === "request" ? request(random) : response(random);
    return random.once(5) ? mutated(random, made) : made;
  }

  compare(message: string, random: Random): Verdict {
    const ours = this.#gateway.read(message);
    const mismatch = random.once(cutOnceIn) ? this.#cuts(message) : "";
    const accepted = ours.verdict === "accepted";
    if (mismatch !== "") return { accepted, mismatch, explained: null };
    const found = accepted ? this.#compareAccepted(message, ours) : this.#compareOthers(message, ours);
    if (found === "") return { accepted, mismatch: "", explained: null };
    const explained =
      differences.find(
        (entry) =>
          (entry.of === "both" || entry.of === this.#type) &&
          entry.found === found &&
          (entry.when?.test(message) ?? true),
      ) ?? null;
    return { accepted, mismatch: explained ? "" : found, explained };
  }

  /** The gateway accepts: llhttp has to read the same message, and the sentinel right behind it. */
  #compareAccepted(message: string, ours: GatewayReading): string {
    const sentinel = ours.untilClose ? "" : sentinels[this.#type];
    const theirs = this.#llhttp.read(Buffer.from(message.slice(0, ours.end) + sentinel, "latin1"));
    const first = theirs.messages[0];
    if (!first) return `accepts, llhttp: ${theirs.error || "incomplete"}`;
    if (first.minor !== ours.minor || first.major !== 1) return "version";
    if (this.#type === "request" && first.method !== methodNumber(ours.method)) return "method";
    if (first.target !== ours.target && this.#type === "request") return "target";
    if (first.statusCode !== ours.statusCode && this.#type === "response") return "status";
    if (first.fields.length !== ours.fields.length) return "number of fields";
    for (let i = 0; i < ours.fields.length; i++) if (first.fields[i] !== ours.fields[i]) return "field";
    if (first.body !== ours.body) return "body";
    if (first.keepAlive !== (ours.keepAlive && !ours.untilClose)) return "keep-alive";
    if (first.upgrade !== (ours.upgrade && (this.#type === "request" || ours.statusCode === 101))) return "upgrade";
    return this.#boundary(ours, theirs);
  }

  #boundary(ours: GatewayReading, theirs: Outcome): string {
    const [first, second] = theirs.messages;
    if (ours.untilClose) return theirs.error || (first?.complete ? "boundary" : "");
    if (first?.upgrade) return theirs.error || (theirs.taken === ours.end ? "" : "boundary");
    if (!ours.keepAlive) {
      const closed = theirs.error === "HPE_CLOSED_CONNECTION" && theirs.taken === ours.end + 1;
      return closed && first?.complete ? "" : "boundary";
    }
    if (theirs.error !== "") return `accepts, llhttp: ${theirs.error}`;
    const found = second && (second.target === "/sentinel" || second.statusCode === sentinelStatus);
    return found && second.complete && theirs.messages.length === 2 ? "" : "boundary";
  }

  /** The gateway refuses or waits for more: llhttp has to refuse too, or may not take the message for complete. */
  #compareOthers(message: string, ours: GatewayReading): string {
    const theirs = this.#llhttp.read(Buffer.from(message, "latin1"));
    if (ours.verdict === "refused") return theirs.error === "" ? `refuses: ${ours.reason}` : "";
    return theirs.messages[0]?.complete ? "waits" : "";
  }

  /** A message that comes in two parts, cut anywhere, has to be read as one that comes at once. */
  #cuts(message: string): string {
    const [offset, reason] = this.#gateway.readHead(message, message.length);
    for (let length = 0; length < message.length; length++) {
      const [part, partReason] = this.#gateway.readHead(message, length);
      if (part === 0 && (offset <= 0 || length < offset)) continue;
      if (part !== offset || partReason !== reason) return `cut at ${length}`;
    }
    const body = message.indexOf("\r\n\r\n") + 4;
    return this.#gateway.sameChunksBytewise(message.slice(body)) ? "" : "bytewise chunks";
  }
}
