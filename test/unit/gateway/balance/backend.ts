import type { BackendPolicy } from "../../../../src/model/route.ts";
import { BackendState, TargetState } from "../../../../src/gateway/target-state.ts";

/** A backend with targets `t0`, `t1`, … of these weights, all there since the time 0. */
export function backendOf(weights: readonly number[], policy: BackendPolicy = {}): BackendState {
  const targets = weights.map((weight, index) => ({
    id: `t${index}`,
    address: "10.0.0.1",
    port: 80,
    weight,
  }));
  const backend = { id: "shop/web@1", app: "shop", service: "web", release: 1, targets, policy };
  return new BackendState(
    backend,
    targets.map((target) => new TargetState(target, 0)),
  );
}

/** Numbers from 0 up to 1 that are the same in every run. */
export function seededRandom(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
