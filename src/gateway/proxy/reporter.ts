import type { GatewaySettings } from "../../model/gateway-settings.ts";
import type { AccessLog, LogWrite } from "../edge/access-log.ts";
import { type ErrorAnswer, type FailedPart, errorAnswer } from "../edge/error-page.ts";
import type { ErrorPages } from "../edge/error-pages.ts";
import { isAcceptableRequestId, writeRequestId } from "../edge/identity.ts";
import { noTarget, type RequestOutcome } from "../edge/log-line.ts";
import type { RequestNotes } from "../edge/request-notes.ts";
import { FieldCode, MethodCode, type RequestHead } from "../http1/head.ts";
import type { RequestStats } from "../request-stats.ts";
import { type StreamReport, streamFields } from "../stream/stream-report.ts";
import { constantBlock } from "../transport/block.ts";
import { type Connection, Written } from "../transport/transport.ts";
import type { Composed } from "./compose-request.ts";
import type { Reported, ReportedClient } from "./reported.ts";

export interface ReporterOptions {
  settings: GatewaySettings;
  stats: RequestStats;
  notes: RequestNotes;
  log: AccessLog;
  pages: ErrorPages;
  head: RequestHead;
}

/** The status in the log for a client that left before it was answered; nginx made it customary. */
const clientLeft = 499;

/** Counts and logs what becomes of requests, and makes the gateway's own answers. */
export class Reporter {
  readonly #options: ReporterOptions;
  readonly #all: boolean;
  readonly #errors: boolean;
  readonly #id = new Uint8Array(64);
  readonly #outcome: RequestOutcome = {
    startedAt: 0,
    headAt: -1,
    endedAt: 0,
    connectMs: -1,
    status: 0,
    bytes: 0,
    retries: 0,
    part: "",
    reason: "",
  };
  /** Wall clock less `performance.now()`. */
  #offset = Date.now() - performance.now();

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#all = options.settings.accessLog === "all";
    this.#errors = options.settings.accessLog !== "off";
  }

  /** Follows corrections of the wall clock; to be called now and then. */
  setClock(): void {
    this.#offset = Date.now() - performance.now();
  }

  /** Keeps what the log needs of a request that is being sent. */
  note(of: Reported, bytes: Uint8Array, sent: Uint8Array, composed: Composed): number {
    if (!this.#errors) return -1;
    if (of.note >= 0) this.#options.notes.drop(of.note);
    return this.#options.notes.keep(bytes, this.#options.head, sent, composed.idStart, composed.idEnd);
  }

  /** The target's answer has begun. */
  answered(of: Reported): void {
    const { destination, startedAt, headAt } = of;
    if (destination !== null)
      this.#options.stats.request(destination, startedAt + this.#offset, headAt - startedAt);
  }

  /** The target's answer is over. */
  done(of: Reported): void {
    if (this.#all) this.#line(of, of.relay.status, "", "");
    else this.#drop(of);
  }

  /** The target's answer broke off. */
  broken(of: Reported, part: FailedPart, reason: string): void {
    if (part === "target" && of.destination !== null) {
      this.#options.stats.failure(of.destination, of.startedAt + this.#offset);
    }
    if (this.#errors) this.#line(of, of.relay.status, part, reason);
    else this.#drop(of);
  }

  /** The client is gone. @param answered an answer had begun */
  left(of: Reported, answered: boolean, reason: string): void {
    if (!answered && of.destination !== null) {
      this.#options.stats.request(of.destination, of.startedAt + this.#offset, -1);
    }
    if (this.#errors)
      this.#line(of, answered ? of.relay.status : clientLeft, "client", reason || "client-gone");
    else this.#drop(of);
  }

  /**
   * Answers a request that no target answered.
   *
   * @param bytes where the head in `plane.head` was parsed from; null when it is gone
   */
  failed(of: Reported, bytes: Uint8Array | null, status: number, part: FailedPart, reason: string): void {
    const { destination, relay, startedAt } = of;
    const { head, notes, stats } = this.#options;
    const now = performance.now();
    relay.started = true;
    relay.status = status;
    if (destination !== null) {
      stats.request(destination, startedAt + this.#offset, now - startedAt);
      if (status >= 500) stats.failure(destination, startedAt + this.#offset);
    }
    if (bytes !== null && of.note < 0 && this.#errors) {
      const [id, start, end] = requestIdIn(bytes, head) ?? [this.#id, 0, writeRequestId(this.#id, 0)];
      of.note = notes.keep(bytes, head, id, start, end);
    }
    const answer: ErrorAnswer = {
      status,
      accept: bytes === null ? null : fieldText(bytes, head, FieldCode.accept),
      requestId: notes.requestId(of.note) || this.#freshId(),
      method: of.method === MethodCode.head ? "HEAD" : "",
      minor: of.minor,
      close: !relay.goesOn,
      part,
      reason,
      durationMs: now - startedAt,
    };
    relay.bytes = this.#answer(of.host.connection, answer);
    if (this.#errors) this.#line(of, status, part, reason);
    else this.#drop(of);
  }

  /** A connection that was passed on as it is has ended: it counts as a request that was answered when it stood. */
  stream(report: StreamReport, write: LogWrite): void {
    const { destination, startedAt, connectMs, part } = report;
    const at = startedAt + this.#offset;
    if (destination !== null) {
      this.#options.stats.request(destination, at, connectMs);
      if (part === "target" || (part === "gateway" && connectMs < 0))
        this.#options.stats.failure(destination, at);
    }
    if (!(this.#all || (this.#errors && part !== ""))) return;
    const line = { time: new Date(at).toISOString(), ...streamFields(report) };
    write(Buffer.from(`${JSON.stringify(line)}\n`)).catch(() => undefined);
  }

  /**
   * Answers what is no request.
   *
   * @param since `performance.now()`, about, when it began to arrive
   */
  refused(client: ReportedClient, status: number, reason: string, since: number): void {
    const requestId = this.#freshId();
    const now = performance.now();
    const bytes = this.#answer(client.connection, {
      status,
      accept: null,
      requestId,
      method: "",
      minor: 1,
      close: true,
      part: "client",
      reason,
      ...(status === 405 ? { allow: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" } : {}),
    });
    if (!this.#errors) return;
    const outcome = this.#outcome;
    outcome.startedAt = Math.min(since, now);
    outcome.headAt = -1;
    outcome.endedAt = now;
    outcome.connectMs = -1;
    outcome.status = status;
    outcome.bytes = bytes;
    outcome.retries = 0;
    outcome.part = "client";
    outcome.reason = reason;
    const who = Buffer.concat([client.fields.logName, Buffer.from(`"requestId":"${requestId}",`)]);
    this.#options.log.add(-1, who, noTarget, outcome);
  }

  /** Returns the bytes of the answer's content. */
  #answer(to: Connection, answer: ErrorAnswer): number {
    const whole = errorAnswer(answer, this.#options.pages);
    const block = constantBlock(whole);
    const written = to.write(block, block.start, block.start + whole.length);
    return written === Written.refused ? 0 : whole.length - (Buffer.from(whole).indexOf("\r\n\r\n") + 4);
  }

  #freshId(): string {
    return text(this.#id, 0, writeRequestId(this.#id, 0));
  }

  #line(of: Reported, status: number, part: FailedPart | "", reason: string): void {
    const outcome = this.#outcome;
    outcome.startedAt = of.startedAt;
    outcome.headAt = of.headAt > 0 ? of.headAt : -1;
    outcome.endedAt = performance.now();
    outcome.connectMs = of.connectMs;
    outcome.status = status;
    outcome.bytes = of.bytesSent;
    outcome.retries = of.retries;
    outcome.part = part;
    outcome.reason = reason;
    this.#options.log.add(of.note, of.host.fields.logName, of.targetName ?? noTarget, outcome);
    this.#drop(of);
  }

  #drop(of: Reported): void {
    this.#options.notes.drop(of.note);
    of.note = -1;
  }
}

/** Where the client's own request id stands; null when it has none that may be kept. */
function requestIdIn(bytes: Uint8Array, head: RequestHead): [Uint8Array, number, number] | null {
  for (let index = 0; index < head.fieldCount; index += 1) {
    if (head.codes[index] !== FieldCode.xRequestId) continue;
    const start = head.fields[index * 4 + 2] as number;
    const end = head.fields[index * 4 + 3] as number;
    if (isAcceptableRequestId(bytes, start, end)) return [bytes, start, end];
  }
  return null;
}

function fieldText(bytes: Uint8Array, head: RequestHead, code: number): string | null {
  for (let index = 0; index < head.fieldCount; index += 1) {
    if (head.codes[index] !== code) continue;
    return text(bytes, head.fields[index * 4 + 2] as number, head.fields[index * 4 + 3] as number);
  }
  return null;
}

function text(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
}
