import { parseArgs } from "node:util";

export interface BenchArguments {
  bench: "deploy";
  rounds: number;
  json: boolean;
  help: boolean;
}

export const usage = `npm run bench -- deploy [options]

  deploy        cutover deploy, docker compose up and a rotation by script behind nginx, side by side under load

  --rounds N    how often each is deployed (5)
  --json        print one JSON object
`;

const mostRounds = 100;

/** @throws a message for the user when the arguments are wrong */
export function benchArguments(args: string[]): BenchArguments {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "5" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const [bench = "", ...rest] = positionals;
  if (!values.help && (bench !== "deploy" || rest.length > 0)) {
    throw new Error(bench === "" ? "which bench?" : `there is no bench ${positionals.join(" ")}`);
  }
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > mostRounds) {
    throw new Error(`--rounds takes a number from 1 to ${mostRounds}`);
  }
  return { bench: "deploy", rounds, json: values.json, help: values.help };
}
