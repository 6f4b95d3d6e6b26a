import { parseArgs } from "node:util";

export interface DemoArguments {
  example: "node" | "flask";
  json: boolean;
  keep: boolean;
  help: boolean;
}

export const usage = `npm run demo [-- options]

  --example node|flask  the app that is deployed (node)
  --json                print one JSON object a line
  --keep                leave everything running and say how to play with it
`;

/** @throws a message for the user when the arguments are wrong */
export function demoArguments(args: string[]): DemoArguments {
  const { values } = parseArgs({
    args,
    options: {
      example: { type: "string", default: "node" },
      json: { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const { example, json, keep, help } = values;
  if (example !== "node" && example !== "flask") throw new Error(`there is no example ${example}`);
  return { example, json, keep, help };
}
