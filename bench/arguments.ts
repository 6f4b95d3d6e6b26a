import { parseArgs } from "node:util";
import { type AnyLoad, specialLoads } from "./dataplane/bench.ts";
import { loadNames } from "./dataplane/loads.ts";
import { type ProxyName, proxyNames } from "./dataplane/proxies/proxy.ts";

export type BenchArguments =
  | { bench: "help" }
  | { bench: "deploy"; rounds: number; json: boolean }
  | {
      bench: "dataplane";
      rounds: number;
      seconds: number;
      loads: AnyLoad[];
      proxies: ProxyName[];
      json: boolean;
      markdown: boolean;
    }
  | { bench: "mock"; json: boolean }
  | { bench: "soak"; minutes: number; json: boolean };

const allLoads: readonly AnyLoad[] = [...loadNames, ...specialLoads];

export const usage = `npm run bench -- deploy|dataplane|mock|soak [options]

  deploy          cutover deploy, docker compose up and a rotation by script behind nginx, side by side under load
    --rounds N      how often each is deployed (5)
  dataplane       the gateway, HAProxy, nginx, Caddy and http-proxy, in turns under the same loads
    --rounds N      how often each is measured (10)
    --seconds S     length of one measurement (4)
    --loads A,B     of ${allLoads.join(", ")} (all)
    --proxies A,B   of ${proxyNames.join(", ")} (all)
    --markdown      print tables for docs/performance.md
  mock            what the gateway's own code takes for a request, without sockets
  soak            the gateway under mixed load with a switch every second; fails on a failed request or a leak
    --minutes N     how long (30)

  --json          print one JSON object
`;

const mostRounds = 100;
const mostMinutes = 24 * 60;

/** @throws a message for the user when the arguments are wrong */
export function benchArguments(args: string[]): BenchArguments {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      rounds: { type: "string" },
      seconds: { type: "string" },
      loads: { type: "string" },
      proxies: { type: "string" },
      minutes: { type: "string" },
      json: { type: "boolean", default: false },
      markdown: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return { bench: "help" };
  const [bench = "", ...rest] = positionals;
  if (rest.length > 0) throw new Error(`there is no bench ${positionals.join(" ")}`);
  const { json } = values;
  const refuse = (...names: (keyof typeof values)[]) => {
    const wrong = names.find((name) => values[name] !== undefined);
    if (wrong) throw new Error(`${bench} knows no --${wrong}`);
  };
  if (bench !== "" && bench !== "dataplane" && values.markdown)
    throw new Error(`${bench} knows no --markdown`);
  if (bench === "deploy") {
    refuse("seconds", "loads", "proxies", "minutes");
    return { bench, rounds: number("rounds", values.rounds ?? "5", 1, mostRounds, true), json };
  }
  if (bench === "dataplane") {
    refuse("minutes");
    return {
      bench,
      rounds: number("rounds", values.rounds ?? "10", 1, mostRounds, true),
      seconds: number("seconds", values.seconds ?? "4", 1, 600, true),
      loads: names("loads", values.loads, allLoads),
      proxies: names("proxies", values.proxies, proxyNames),
      json,
      markdown: values.markdown,
    };
  }
  refuse("rounds", "seconds", "loads", "proxies");
  if (bench === "mock") {
    refuse("minutes");
    return { bench, json };
  }
  if (bench === "soak") {
    return { bench, minutes: number("minutes", values.minutes ?? "30", 0.1, mostMinutes, false), json };
  }
  throw new Error(bench === "" ? "which bench?" : `there is no bench ${bench}`);
}

function number(option: string, text: string, least: number, most: number, whole: boolean): number {
  const value = Number(text);
  if (!(value >= least && value <= most) || (whole && !Number.isInteger(value))) {
    throw new Error(`--${option} takes a ${whole ? "whole " : ""}number from ${least} to ${most}`);
  }
  return value;
}

function names<Name extends string>(
  option: string,
  text: string | undefined,
  known: readonly Name[],
): Name[] {
  if (text === undefined) return [...known];
  return text.split(",").map((name) => {
    const found = known.find((one) => one === name);
    if (found === undefined) throw new Error(`--${option} knows ${known.join(", ")}, not '${name}'`);
    return found;
  });
}
