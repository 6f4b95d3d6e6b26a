import type { GatewayBalancer } from "../balancers/gateway.ts";
import { emptyColour } from "../deploy/effects.ts";
import type { Engine } from "../deploy/ports.ts";
import { colours } from "../model/app.ts";
import { CutoverError, errorBody } from "../model/error.ts";
import { label } from "../model/labels.ts";
import type { Call, LineStream } from "../wire/json-server.ts";
import type { Deployments } from "./deployments.ts";
import type { LiveRoutes } from "./live-routes.ts";
import type { State } from "./state.ts";

export interface RemovalInput {
  engine: Engine;
  balancer: GatewayBalancer;
  state: State;
  deployments: Deployments;
  liveRoutes: LiveRoutes;
}

/**
 * Removes an app: routes first, so that no request meets a stopped container; then all that Cutover made for it, but
 * volumes. Under the app's lock; what fails is the last line, and can be done again.
 * @throws CutoverError BUSY, APP_UNKNOWN
 */
export async function removeApp(input: RemovalInput, call: Call): Promise<undefined> {
  const { state, deployments } = input;
  const app = call.params.app ?? "";
  const lease = await deployments.claim(app, "cutover down");
  try {
    if (!state.app(app) && state.releases(app).length === 0) {
      throw new CutoverError("APP_UNKNOWN", `no app ${app} is deployed here`);
    }
    const stream = call.stream();
    try {
      await remove(input, app, stream);
    } catch (error) {
      stream.write({ type: "error", error: errorBody(error) });
    }
    stream.end();
  } finally {
    lease.release();
  }
  return undefined;
}

async function remove(input: RemovalInput, app: string, stream: LineStream): Promise<void> {
  const { state, engine, balancer, liveRoutes } = input;
  const tell = (kind: string, name: string): boolean => stream.write({ type: "removed", kind, name });
  await balancer.removeRoutes(app);
  liveRoutes.forget(app);
  tell("routes", app);
  const containers = await engine.containers({ [label.app]: app });
  const running = containers.filter((container) => container.status === "running");
  await Promise.all(running.map((container) => engine.stop(container.id)));
  for (const colour of colours) await emptyColour(engine, app, colour);
  for (const container of containers) tell("container", container.name);
  for (const row of state.releases(app)) {
    for (const { image } of row.release.services) {
      if ((await engine.hasImage(image.ref)) && (await engine.removeImage(image.ref)))
        tell("image", image.ref);
    }
  }
  state.removeApp(app);
}
