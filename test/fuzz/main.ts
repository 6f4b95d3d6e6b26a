import { parseArgs } from "node:util";
import { Comparison, type MessageType } from "./comparison.ts";
import { Random } from "./random.ts";

/**
 * Compares the gateway's parser with llhttp for as long as one likes:
 * `npm run fuzz -- [--cases 10000000] [--seed 1] [--case N --of request|response]`.
 * Exits with 1 at a difference that the list doesn't explain, and prints how to see that case again.
 */
const reportEvery = 250_000;
const types: readonly MessageType[] = ["request", "response"];

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "10000000" },
    seed: { type: "string", default: "1" },
    case: { type: "string" },
    of: { type: "string" },
  },
});
const seed = Number(values.seed);
const cases = Number(values.cases);
const random = new Random(seed);
const print = (line: string) => process.stdout.write(`${line}\n`);

/** Makes the case of that number and compares; false when there is a difference without a reason. */
function run(comparison: Comparison, type: MessageType, index: number, tell: boolean): [boolean, boolean] {
  random.begin(seed, index);
  const message = comparison.message(random);
  const { accepted, mismatch, explained } = comparison.compare(message, random);
  if (mismatch !== "" || tell) {
    print(`${type} ${index} of seed ${seed}: ${mismatch || "no mismatch"}`);
    print(JSON.stringify(message));
    for (const { finds, why } of explained) print(`${finds}: ${why}`);
    if (!tell) print(`again: npm run fuzz -- --seed ${seed} --of ${type} --case ${index}`);
  }
  return [mismatch === "", accepted];
}

function runAll(): boolean {
  const comparisons = types.map((type) => new Comparison(type));
  const begin = performance.now();
  let sound = true;
  let acceptedCases = 0;
  for (let index = 0; index < cases && sound; index++) {
    const which = index % types.length;
    const [agrees, accepted] = run(
      comparisons[which] as Comparison,
      types[which] as MessageType,
      index,
      false,
    );
    sound = agrees;
    if (accepted) acceptedCases += 1;
    if ((index + 1) % reportEvery === 0 || index + 1 === cases) {
      const seconds = (performance.now() - begin) / 1_000;
      const share = ((acceptedCases / (index + 1)) * 100).toFixed(1);
      print(`${index + 1} cases, ${share} % accepted, ${seconds.toFixed(0)} s`);
    }
  }
  return sound;
}

function runOne(index: number): boolean {
  const type = types.find((known) => known === values.of) ?? types[index % types.length] ?? "request";
  return run(new Comparison(type), type, index, true)[0];
}

process.exitCode = (values.case === undefined ? runAll() : runOne(Number(values.case))) ? 0 : 1;
