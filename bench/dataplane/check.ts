import { request } from "node:http";
import { connect } from "node:net";
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { emptyLog, type RunningProxy } from "./proxies/proxy.ts";
import { apiPrefix, hostCount, hosts } from "./routes.ts";

/** What a proxy does not do of what is measured; empty when it does all. */
export type Missing = string[];

interface Answer {
  status: number;
  fields: NodeJS.Dict<string | string[]>;
  body: string;
}

const answerWithinMs = 10_000;
const logWithinMs = 5_000;
const probes = 20;
const loggedPath = "/logged/t";

/**
 * Asks a proxy for everything that the loads ask for.
 *
 * @throws when an answer is wrong; features that no answer depends on are given as missing
 */
export async function checkProxy(proxy: RunningProxy): Promise<Missing> {
  await emptyLog(proxy);
  const [first = "", last = ""] = [hosts[0], hosts[hostCount - 1]];
  for (const host of [first, last]) {
    for (const prefix of ["", apiPrefix]) await checkBodies(proxy, host, prefix);
  }
  const unknown = await ask(proxy, "nobody.bench.test", "/t");
  right(proxy, "an unknown host is refused", unknown.status >= 400);
  await checkClose(proxy, first);
  await checkWebSocket(proxy, first);
  const missing = missingFields(proxy, await ask(proxy, first, "/echo"), first);
  for (let probe = 0; probe < probes; probe += 1) await ask(proxy, first, loggedPath);
  if (!(await hasLogged(proxy))) missing.push("access log");
  if (!/[1-9]/.test(await proxy.metrics().catch(() => ""))) missing.push("statistics");
  return missing;
}

async function checkBodies(proxy: RunningProxy, host: string, prefix: string): Promise<void> {
  const small = await ask(proxy, host, `${prefix}/t`);
  right(proxy, `${host}${prefix}/t`, small.status === 200 && small.body === "x".repeat(100));
  const large = await ask(proxy, host, `${prefix}/64k`);
  right(proxy, `${host}${prefix}/64k`, large.status === 200 && large.body === "y".repeat(65_536));
  const posted = await ask(proxy, host, `${prefix}/t`, "z".repeat(4_096));
  right(proxy, `POST ${host}${prefix}/t`, posted.status === 200 && posted.fields["x-body-bytes"] === "4096");
  const echoed = await ask(proxy, host, `${prefix}/echo`);
  const [line = ""] = echoed.body.split("\r\n");
  right(proxy, `the path of ${line}`, line === `GET ${prefix}/echo HTTP/1.1`);
  right(proxy, `Host ${host}`, fieldsOf(echoed.body).get("host") === host);
}

function right(proxy: RunningProxy, what: string, holds: boolean): void {
  if (!holds) throw new Error(`${proxy.name} does not answer as it should: ${what}`);
}

/** Fields of a head by their lower-case names. Pure. */
export function fieldsOf(head: string): Map<string, string> {
  const lines = head.split("\r\n").slice(1);
  return new Map(
    lines.flatMap((line) => {
      const colon = line.indexOf(":");
      return colon < 0 ? [] : [[line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const];
    }),
  );
}

/** Forwarding fields that did not arrive at the backend, or with another value. */
function missingFields(proxy: RunningProxy, echoed: Answer, host: string): Missing {
  const fields = fieldsOf(echoed.body);
  const wanted: [string, (value: string) => boolean][] = [
    ["x-forwarded-for", (value) => value.includes("127.0.0.1")],
    ["x-forwarded-proto", (value) => value === "http"],
    ["x-forwarded-host", (value) => value === host],
    ["x-forwarded-port", (value) => value === String(proxy.port)],
    ["x-real-ip", (value) => value.includes("127.0.0.1")],
    ["via", (value) => value.startsWith("1.1 ")],
    ["x-request-id", (value) => value.length >= 16],
    ["traceparent", (value) => value.length === 55],
  ];
  return wanted.flatMap(([name, holds]) => (holds(fields.get(name) ?? "") ? [] : [name]));
}

/** Whether each of the probes comes to stand in the log. */
async function hasLogged(proxy: RunningProxy): Promise<boolean> {
  const deadline = performance.now() + logWithinMs;
  while ((await readFile(proxy.logFile, "utf8")).split(loggedPath).length <= probes) {
    if (performance.now() > deadline) return false;
    await delay(50);
  }
  return true;
}

function ask(proxy: RunningProxy, host: string, path: string, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? "GET" : "POST";
    const headers = { host, ...(body === undefined ? {} : { "content-length": body.length }) };
    const call = request(
      { host: "127.0.0.1", port: proxy.port, method, path, headers, agent: false },
      (response) => {
        let text = "";
        response.setEncoding("latin1").on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, fields: response.headers, body: text }),
        );
        response.on("error", reject);
      },
    );
    call.setTimeout(answerWithinMs, () => call.destroy(new Error(`${proxy.name} does not answer ${path}`)));
    call.on("error", reject).end(body);
  });
}

/** All that comes on a connection on which bytes were sent, up to its end or until the predicate holds. */
function talk(proxy: RunningProxy, bytes: string[], enough: (text: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(proxy.port, "127.0.0.1");
    let text = "";
    let sent = 0;
    const sendNext = () => {
      const next = bytes[sent];
      sent += 1;
      if (next !== undefined) socket.write(next, "latin1");
    };
    socket.setTimeout(answerWithinMs, () => socket.destroy(new Error(`${proxy.name} does not answer`)));
    socket.on("connect", sendNext).on("error", reject);
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      if (enough(text)) {
        socket.destroy();
        resolve(text);
      } else if (text.includes("\r\n\r\n")) sendNext();
    });
    socket.on("end", () => resolve(text));
  });
}

async function checkClose(proxy: RunningProxy, host: string): Promise<void> {
  const text = await talk(
    proxy,
    [`GET /t HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`],
    () => false,
  );
  right(proxy, "Connection: close", text.startsWith("HTTP/1.1 200") && text.endsWith("x".repeat(100)));
}

async function checkWebSocket(proxy: RunningProxy, host: string): Promise<void> {
  const opening =
    `GET /ws HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  // A masked text frame with "Hello" and its echo, as in RFC 6455 section 5.7.
  const frame = "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
  const text = await talk(proxy, [opening, frame], (got) => got.endsWith("\x81\x05Hello"));
  right(proxy, "a WebSocket's echo", text.startsWith("HTTP/1.1 101") && text.endsWith("\x81\x05Hello"));
}
