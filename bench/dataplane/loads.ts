import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import type { Field } from "./field.ts";
import { browserFields, hosts, type RequestShape, requestTexts } from "./routes.ts";
import { type LoadResult, loadResult, wrkResult, wrkScript } from "./wrk.ts";

export const loadNames = ["tiny", "browser", "get-64k", "post-4k", "close", "websocket", "rate-20k"] as const;
export type LoadName = (typeof loadNames)[number];

/** A load that is played again and again on a proxy that runs. */
export interface Load {
  name: LoadName;
  title: string;
  play(field: Field, port: number, seconds: number, cpus?: string): Promise<LoadResult>;
}

export const connections = 64;
export const openRate = 20_000;
const messageBytes = 64;
/** Time beyond its length that a load may take before it counts as hung, milliseconds. */
const graceMs = 30_000;

const tiny: RequestShape = { method: "GET", path: "/t", fields: [], body: "" };

/** Of the closed loops. */
export const shapes = {
  tiny: { title: "tiny GET", shape: tiny },
  browser: { title: "GET, head of 600 bytes", shape: { ...tiny, fields: browserFields } },
  "get-64k": { title: "GET 64 KiB", shape: { ...tiny, path: "/64k" } },
  "post-4k": {
    title: "POST 4 KiB",
    shape: { ...tiny, method: "POST", fields: [["Content-Type", "text/plain"]], body: "z".repeat(4_096) },
  },
  close: { title: "tiny GET, Connection: close", shape: { ...tiny, fields: [["Connection", "close"]] } },
} as const satisfies Record<string, { title: string; shape: RequestShape }>;

function closedLoop(name: keyof typeof shapes): Load {
  const { title, shape } = shapes[name];
  return {
    name,
    title,
    play: async (field, port, seconds, cpus) => {
      const script = join(field.directory, `${name}.lua`);
      await writeFile(script, wrkScript(shape));
      const options = ["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout", "10s", "-s", script];
      const url = `http://127.0.0.1:${port}/`;
      return wrkResult(await run(field, seconds, ["wrk", ...options, url], cpus));
    },
  };
}

const openLoop: Load = {
  name: "rate-20k",
  title: `tiny GET, open loop, ${openRate}/s`,
  play: async (field, port, seconds, cpus) => {
    const file = join(field.directory, "requests.txt");
    await writeFile(file, requestTexts(tiny).join(""));
    const command = [field.tools.rate, port, file, openRate, connections, seconds].map(String);
    return loadResult(await run(field, seconds, command, cpus));
  },
};

const webSocket: Load = {
  name: "websocket",
  title: `WebSocket echo, ${messageBytes} bytes`,
  play: async (field, port, seconds, cpus) => {
    const command = [field.tools.websocket, port, hosts[0], connections, seconds, messageBytes].map(String);
    return loadResult(await run(field, seconds, command, cpus));
  },
};

async function run(
  field: Field,
  seconds: number,
  command: string[],
  cpus = field.placement.load,
): Promise<string> {
  const { stdout } = await execa("taskset", ["-c", cpus, ...command], {
    stdin: "ignore",
    cancelSignal: field.signal,
    timeout: seconds * 1_000 + graceMs,
  });
  return stdout;
}

export const loads: Record<LoadName, Load> = {
  tiny: closedLoop("tiny"),
  browser: closedLoop("browser"),
  "get-64k": closedLoop("get-64k"),
  "post-4k": closedLoop("post-4k"),
  close: closedLoop("close"),
  websocket: webSocket,
  "rate-20k": openLoop,
};
