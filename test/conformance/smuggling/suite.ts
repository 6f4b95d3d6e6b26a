import { afterAll, beforeAll, describe, expect } from "vitest";
import { fallenWorkers } from "../../support/conformance.ts";
import { startGateway, type TestGateway } from "../../support/gateway.ts";
import { tableOf } from "../../support/gateway-target.ts";
import type { ResponseText } from "../../support/http1-message.ts";
import { openRaw } from "../../support/raw-client.ts";
import { rule } from "../../support/rule.ts";
import { installed, type Origin } from "./origin.ts";
import { families } from "./vectors/families.ts";
import type { Vector } from "./vectors/vector.ts";

/** What came of a vector. */
interface Observed {
  /** Bodies of answers, or the status of those that are errors. */
  answers: string[];
  /** The connection ended behind them. */
  closed: boolean;
  /** What the server took for requests. */
  requests: string[];
  /** Requests that the gateway counted. */
  counted: number;
  /** Answers to requests of other clients that came after. */
  others: string[];
}

/** Long enough for any answer; only a vector that hangs takes it. */
const patienceMs = 4_000;

/**
 * The vectors through a gateway to a real server: each is refused or arrives as exactly the requests that it is, the
 * gateway counts as many as the server, and requests behind it on its connection and beside it on others get their own
 * answers.
 */
export function smugglingSuite(name: string, startOrigin: () => Promise<Origin>): void {
  const missing = !installed(name);
  describe.skipIf(missing)(missing ? `${name} is not installed` : name, () => {
    let origin: Origin;
    let gateway: TestGateway;
    let canaries = 0;

    beforeAll(async () => {
      origin = await startOrigin();
      // One worker, so that the next request is put on the very connection that a vector may have spoilt.
      gateway = await startGateway({ workers: 1 });
      await gateway.put(tableOf(1, 1, [{ id: name, address: "127.0.0.1", port: origin.port }]));
    });
    afterAll(async () => {
      const fallen = fallenWorkers(gateway);
      await gateway[Symbol.asyncDispose]();
      await origin[Symbol.asyncDispose]();
      expect(fallen).toEqual([]);
    });

    const count = async () => (await gateway.stats("shop")).reduce((sum, bucket) => sum + bucket.requests, 0);

    async function observe(vector: Vector): Promise<Observed> {
      canaries += 1;
      const behind = `/behind-${canaries}`;
      const from = origin.log.length;
      const before = await count();
      using client = await openRaw(gateway.httpPort);
      const patience = setTimeout(() => client.socket.destroy(new Error("hangs")), patienceMs);
      await client.send(`${vector.bytes}GET ${behind} HTTP/1.1\r\nHost: h\r\n\r\n`);
      const answers: string[] = [];
      let closed = false;
      for (const method of [vector.bytes.startsWith("HEAD") ? "HEAD" : "GET", "GET", "GET", "GET"]) {
        const answer = await client.response({ method }).catch(() => null);
        closed = answer === null;
        if (answer === null) break;
        answers.push(method === "HEAD" && answer.status === 200 ? "HEAD /v" : said(answer));
        if (answers.at(-1) === `GET ${behind}`) break;
      }
      clearTimeout(patience);
      const others: string[] = [];
      const beside = [`/beside-${canaries}-1`, `/beside-${canaries}-2`];
      for (const path of beside) {
        using other = await openRaw(gateway.httpPort);
        others.push(said(await other.exchange(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`)));
      }
      for (const path of beside) await origin.logged(`GET ${path}`);
      return {
        answers: answers.map((answer) => answer.replace(behind, "/behind")),
        closed,
        requests: origin.log
          .slice(from)
          .filter((line) => !beside.includes(line.slice(4)))
          .map((line) => line.replace(behind, "/behind")),
        counted: (await count()) - before - beside.length,
        others: others.map((answer) => answer.replace(`-${canaries}-`, "-")),
      };
    }

    for (const family of families) {
      rule(
        `${name}: ${family.name}: one request in is one request out`,
        async () => {
          const wrong: Record<string, unknown> = {};
          for (const vector of family.vectors) {
            const observed = await observe(vector);
            const fault = faultOf(vector, observed);
            if (fault !== null) wrong[vector.name] = { fault, ...observed };
          }
          expect(wrong).toEqual({});
        },
        120_000,
      );
    }
  });
}

function said(answer: ResponseText): string {
  return answer.status === 200 ? answer.body.toString("latin1") : String(answer.status);
}

/** What is wrong with what came of a vector, or null. */
function faultOf(vector: Vector, seen: Observed): string | null {
  if (seen.others.join() !== "GET /beside-1,GET /beside-2") return "another client got a wrong answer";
  if (vector.outcome === "broken") return brokenFault(vector, seen);
  const wasRefused = refusal(seen);
  if (vector.outcome === "refused") return wasRefused;
  if (vector.mayRefuse && (wasRefused === null || brokenFault(vector, seen) === null)) return null;
  const whole = [...vector.outcome, "GET /behind"];
  const cut = vector.mayClose && seen.closed ? vector.outcome : whole;
  const requests = seen.requests.length < whole.length ? cut : whole;
  const same = seen.requests.every(
    (line, index) =>
      line === requests[index] ||
      // One that this server does not like is one request all the same.
      (line.startsWith("malformed") && /^[45]/.test(seen.answers[index] ?? "")),
  );
  if (!same || seen.requests.length !== requests.length) {
    return `the server saw other requests than ${requests.join()}`;
  }
  if (seen.counted !== requests.length) return "the gateway counted otherwise";
  const answered = seen.answers.every((answer, index) => answer === requests[index] || /^[45]/.test(answer));
  if (!answered || seen.answers.length !== requests.length)
    return "the answers are not those of the requests";
  return null;
}

function refusal(seen: Observed): string | null {
  if (seen.requests.length > 0) return "it reached the server";
  if (seen.counted > 1) return "the gateway counted more than one request";
  if (seen.answers.length !== 1 || !/^[45]/.test(seen.answers[0] ?? "")) return "it was not refused";
  return seen.closed ? null : "the connection goes on";
}

function brokenFault(vector: Vector, seen: Observed): string | null {
  const [first] = vector.bytes.split(" HTTP/");
  const more = seen.requests.filter((line) => line !== first && !line.startsWith("malformed"));
  if (more.length > 0 || seen.requests.length > 1) return "more than its head reached the server";
  if (seen.requests.length > seen.counted) return "the gateway counted fewer requests than the server saw";
  if (!seen.closed) return "the connection goes on";
  if (seen.answers.length > 1) return "it was answered more than once";
  return null;
}
