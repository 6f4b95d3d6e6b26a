import { Agent, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

/** Asks the address given all the time over a few connections, and shows on one line what came of it. */
const lanes = 4;
const pauseMs = 4;
const showMs = 100;

const url = process.argv[2] ?? "http://127.0.0.1:8080/";
const agent = new Agent({ keepAlive: true, maxSockets: lanes });
const answers = new Map<string, number>();
let failed = 0;
let last = "";

function ask(): Promise<void> {
  return new Promise((resolve) => {
    const fail = () => {
      failed += 1;
      resolve();
    };
    const asked = request(url, { agent }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("error", fail);
      response.on("end", () => {
        if (response.statusCode !== 200) return fail();
        const { version } = JSON.parse(body) as { version: string };
        answers.set(version, (answers.get(version) ?? 0) + 1);
        last = version;
        resolve();
      });
    });
    asked.on("error", fail);
    asked.end();
  });
}

async function lane(): Promise<void> {
  for (;;) {
    await ask();
    await delay(pauseMs);
  }
}

function show(): void {
  const all = [...answers.values()].reduce((sum, count) => sum + count, failed);
  const by = [...answers].map(([version, count]) => {
    const text = `version ${version}: ${count.toLocaleString("en-US")}`;
    return version === last ? `\u001b[32m${text}\u001b[39m` : text;
  });
  const failures = `${failed} failed`;
  const painted = failed === 0 ? `\u001b[32m${failures}\u001b[39m` : `\u001b[31m${failures}\u001b[39m`;
  process.stdout.write(
    `\r\u001b[2Kload  ${all.toLocaleString("en-US")} requests, ${painted}  ${by.join("  ")}`,
  );
}

setInterval(show, showMs);
for (let index = 0; index < lanes; index += 1) void lane();
