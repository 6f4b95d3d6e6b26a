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
/** A method that llhttp knows, in place of one that it doesn't. */
const standIn = "POST";
/** One case in so many is cut at every byte boundary. */
const cutOnceIn = 64;

/** What became of one case. */
export interface Verdict {
  accepted: boolean;
  /** How the two readings differ without a reason in the list; empty when they don't. */
  mismatch: string;
  /** The entries of the list that explain differences. */
  explained: Difference[];
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
    const accepted = ours.verdict === "accepted";
    const found = accepted ? this.#compareAccepted(message, ours) : this.#compareOthers(message, ours);
    if (random.once(cutOnceIn)) found.push(...this.#cuts(message));
    const unexplained: string[] = [];
    const explained: Difference[] = [];
    for (const finding of found) {
      const entry = differences.find(
        ({ of, finds, when }) => (of === "both" || of === this.#type) && finds === finding && when(message),
      );
      if (entry) explained.push(entry);
      else unexplained.push(finding);
    }
    return { accepted, mismatch: unexplained.join(", "), explained };
  }

  /**
   * The gateway accepts: llhttp has to read the same message, and the sentinel right behind it. It is given a method
   * that it knows, where it doesn't know the message's.
   */
  #compareAccepted(message: string, ours: GatewayReading): string[] {
    const known = this.#type === "response" || methodNumber(ours.method) >= 0;
    const method = known ? ours.method : standIn;
    const begin = message.length - message.replace(/^(\r\n)+/, "").length;
    const rest = message.slice(begin + ours.method.length, ours.end);
    const text = `${message.slice(0, begin)}${method}${rest}`;
    const sentinel = ours.untilClose ? "" : sentinels[this.#type];
    const theirs = this.#llhttp.read(Buffer.from(text + sentinel, "latin1"));
    const first = theirs.messages[0];
    if (!first) return [`llhttp: ${theirs.error || "waits"}`];
    const found: string[] = known ? [] : ["unknown method"];
    if (first.minor !== ours.minor || first.major !== 1) found.push("version");
    if (this.#type === "request") {
      if (first.method !== methodNumber(method)) found.push("method");
      if (first.target !== ours.target) found.push("target");
    } else if (first.statusCode !== ours.statusCode) found.push("status");
    if (first.fields.length !== ours.fields.length) found.push("number of fields");
    else if (!first.fields.every((text, i) => text === ours.fields[i])) found.push("fields");
    if (first.body !== ours.body) found.push("body");
    if (first.keepAlive !== (ours.keepAlive && !ours.untilClose)) found.push("keep-alive");
    const switches = this.#type === "request" || ours.statusCode === 101;
    if (first.upgrade !== (ours.upgrade && switches)) found.push("upgrade");
    if (!this.#endsAt(text.length, ours.untilClose, theirs)) found.push("end");
    return found;
  }

  /** Whether llhttp ends the first message at `end`, as far as what it made of the connection shows. */
  #endsAt(end: number, untilClose: boolean, theirs: Outcome): boolean {
    const [first, second] = theirs.messages;
    if (untilClose) return theirs.error === "" && first?.complete === false && theirs.messages.length === 1;
    if (!first?.complete) return false;
    if (first.upgrade) return theirs.error === "" && theirs.taken === end;
    if (!first.keepAlive) return theirs.error === "HPE_CLOSED_CONNECTION" && theirs.taken === end + 1;
    const found = second && (second.target === "/sentinel" || second.statusCode === sentinelStatus);
    return theirs.error === "" && theirs.messages.length === 2 && found === true && second.complete;
  }

  /**
   * The gateway refuses or waits for more: llhttp has to refuse too, or may not take the message for complete. Node
   * doesn't say that there is an error in a body after which the connection would be upgraded; without the upgrade
   * it does.
   */
  #compareOthers(message: string, ours: GatewayReading): string[] {
    let theirs = this.#llhttp.read(Buffer.from(message, "latin1"));
    if (theirs.messages[0]?.upgrade && !theirs.messages[0].complete) {
      theirs = this.#llhttp.read(Buffer.from(message.replaceAll(/upgrade/gi, "upgrad-"), "latin1"));
    }
    if (ours.verdict === "refused") return theirs.error ? [] : [`refuses: ${ours.reason}`];
    return theirs.messages[0]?.complete ? ["waits"] : [];
  }

  /** A message that comes in two parts, cut anywhere, has to be read as one that comes at once. */
  #cuts(message: string): string[] {
    const [offset, reason] = this.#gateway.readHead(message, message.length);
    for (let length = 0; length < message.length; length++) {
      const [part, partReason] = this.#gateway.readHead(message, length);
      if (part === 0 && (offset <= 0 || length < offset)) continue;
      if (part !== offset || partReason !== reason) return [`cut at ${length}`];
    }
    const body = message.indexOf("\r\n\r\n") + 4;
    return this.#gateway.sameChunksBytewise(message.slice(body)) ? [] : ["bytewise chunks"];
  }
}
