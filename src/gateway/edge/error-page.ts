import { preferredType } from "./accept.ts";
import { customPage, type ErrorPages, escapeFor, noErrorPages } from "./error-pages.ts";
import { fillTemplate, pageText, pageTitle, parseTemplate } from "./page-text.ts";

/** Who failed: the client, the gateway itself, or the target. */
export type FailedPart = "client" | "gateway" | "target";

/** An answer that the gateway makes itself. */
export interface ErrorAnswer {
  status: number;
  /** Value of Accept; null when the request has none or was not understood. */
  accept: string | null;
  /** One that was made here or found acceptable; "" when the request has none. */
  requestId: string;
  /** The request's method; "" when it was not understood. The answer to HEAD has no content. */
  method: string;
  /** Minor version of the request. */
  minor: number;
  /** The connection ends after it. */
  close: boolean;
  part: FailedPart;
  /** What failed, as a token: `connect-timeout`. */
  reason: string;
  /** Milliseconds until it failed; negative leaves them out. */
  durationMs?: number;
  /** For 503; 1 s unless given. */
  retryAfterSeconds?: number;
  /** Methods that are served instead, for 405, which must name them (RFC 9110 section 15.5.6). */
  allow?: string;
}

const servedMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

const htmlTemplate = parseTemplate(
  '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">' +
    '<meta name="color-scheme" content="light dark"><title>{{status}} {{title}}</title><style>' +
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:34em;margin:18vh auto;padding:0 1.5em;" +
    "background:light-dark(#fff,#16181d);color:light-dark(#1c1e21,#e6e6e6)}" +
    "h1{font-size:1.4rem;font-weight:600;margin:0 0 .5em}b{color:light-dark(#b3261e,#ff8a80);margin-right:.3em}" +
    "small{color:light-dark(#666,#999)}code{user-select:all}</style>" +
    "<h1><b>{{status}}</b> {{title}}</h1><p>{{text}}</p>",
);
const htmlId = parseTemplate("<p><small>Request <code>{{requestId}}</code></small></p>");
const jsonTemplate = parseTemplate('{"status":{{status}},"error":"{{title}}","message":"{{text}}"');
const jsonId = parseTemplate(',"request":"{{requestId}}"');

/**
 * The whole answer, head and content, for a request that the gateway answers itself. It is not to be kept by caches,
 * and tells in Server-Timing which part failed. 408, and whatever leaves the connection unusable, needs `close`.
 */
export function errorAnswer(answer: ErrorAnswer, pages: ErrorPages = noErrorPages): Uint8Array {
  const { status, requestId } = answer;
  const type = preferredType(answer.accept);
  const values = { status: String(status), title: pageTitle(status), text: pageText(status), requestId };
  const own = customPage(pages, status, type);
  let content: string;
  if (own !== null) content = fillTemplate(own, values, escapeFor(type));
  else {
    const template = type === "html" ? htmlTemplate : jsonTemplate;
    content = fillTemplate(template, values, escapeFor(type));
    if (requestId !== "") content += fillTemplate(type === "html" ? htmlId : jsonId, values, escapeFor(type));
    content += type === "html" ? "\n" : "}\n";
  }
  const head = headOf(answer, type === "html" ? "text/html; charset=utf-8" : "application/json", content);
  return Buffer.from(answer.method === "HEAD" ? head : head + content);
}

function headOf(answer: ErrorAnswer, type: string, content: string): string {
  const { status, requestId } = answer;
  let head =
    `HTTP/1.1 ${status} ${pageTitle(status)}\r\nDate: ${new Date().toUTCString()}\r\nContent-Type: ${type}\r\n` +
    `Content-Length: ${Buffer.byteLength(content)}\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n`;
  if (requestId !== "") head += `X-Request-Id: ${requestId}\r\n`;
  if (answer.reason !== "") head += `Server-Timing: ${serverTiming(answer)}\r\n`;
  if (status === 405) head += `Allow: ${answer.allow ?? servedMethods}\r\n`;
  if (status === 503) head += `Retry-After: ${Math.max(1, Math.ceil(answer.retryAfterSeconds ?? 1))}\r\n`;
  // A client of HTTP/1.0 takes the connection for closed unless it is told (RFC 9112 section 9.3).
  if (answer.close) head += "Connection: close\r\n";
  else if (answer.minor === 0) head += "Connection: keep-alive\r\n";
  return `${head}\r\n`;
}

/** W3C Server Timing section 3: `target;desc="connect timeout";dur=2000`. */
function serverTiming({ part, reason, durationMs }: ErrorAnswer): string {
  const words = reason.replace(/[^A-Za-z0-9]+/g, " ");
  const duration =
    durationMs !== undefined && durationMs >= 0 ? `;dur=${Math.round(durationMs * 10) / 10}` : "";
  return `${part};desc="${words}"${duration}`;
}
