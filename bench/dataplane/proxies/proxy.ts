import { truncate } from "node:fs/promises";
import { get } from "node:http";
import type { Field } from "../field.ts";
import { descendants } from "../process-cost.ts";

export const proxyNames = [
  "haproxy",
  "haproxy-splice",
  "nginx",
  "nginx-tuned",
  "caddy",
  "caddy-sites",
  "http-proxy",
  "gateway",
  "gateway-net",
] as const;
export type ProxyName = (typeof proxyNames)[number];

/** A proxy that runs, before the field's backends. */
export interface RunningProxy {
  name: ProxyName;
  port: number;
  /** Its access log; emptied before each measurement, so that no disk fills. */
  logFile: string;
  pids(): Promise<number[]>;
  /** Its own statistics, as text. */
  metrics(): Promise<string>;
  stop(): Promise<void>;
}

export interface ProxyStart {
  field: Field;
  /** Processors, as a list. */
  cpus: string;
  /** Worker processes or threads; more than one only where the kind `scales`. */
  workers: number;
  /** Distinguishes files of several starts of one proxy. */
  run: number;
}

export interface ProxyKind {
  name: ProxyName;
  /** It can be asked for several workers. */
  scales: boolean;
  version(): Promise<string>;
  start(how: ProxyStart): Promise<RunningProxy>;
}

/** A process and all that it has started. */
export async function withDescendants(pid: number): Promise<number[]> {
  return [pid, ...(await descendants(pid))];
}

/** Text of an URL. @throws when it is not answered with 200 */
export function fetchText(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () =>
        response.statusCode === 200
          ? resolve(text)
          : reject(new Error(`${url} answers ${response.statusCode}: ${text.slice(0, 200)}`)),
      );
      response.on("error", reject);
    }).on("error", reject);
  });
}

/** Writers append, so they go on at the new end. */
export async function emptyLog(proxy: RunningProxy): Promise<void> {
  await truncate(proxy.logFile, 0);
}
