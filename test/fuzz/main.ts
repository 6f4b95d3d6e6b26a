import { parseArgs } from "node:util";
import { Comparison } from "./comparison.ts";
import { Random } from "./random.ts";
const { values } = parseArgs({
  options: { cases: { type: "string", default: "200000" }, seed: { type: "string", default: "1" } },
});
const N = Number(values.cases),
  seed = Number(values.seed);
const random = new Random(0);
for (const type of ["request", "response"] as const) {
  const c = new Comparison(type);
  const kinds = new Map<string, [number, string[]]>();
  let acc = 0;
  const t = Date.now();
  for (let i = 0; i < N; i++) {
    random.begin(seed, i);
    const m = c.message(random);
    if (m.length > 300 && false) continue;
    const v = c.compare(m, random);
    if (v.accepted) acc++;
    if (v.mismatch) {
      const k = kinds.get(v.mismatch) ?? [0, []];
      k[0]++;
      if (k[1].length < 4) k[1].push(m);
      kinds.set(v.mismatch, k);
    }
  }
  console.log(type, N, acc / N, Date.now() - t, "ms");
  for (const [k, [n, ex]] of [...kinds].sort((a, b) => b[1][0] - a[1][0])) {
    console.log(n, k);
    for (const e of ex) console.log("    ", JSON.stringify(e.length > 220 ? e.slice(0, 220) + "…" : e));
  }
}
