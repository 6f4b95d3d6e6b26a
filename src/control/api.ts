import type { GatewayBalancer } from "../balancers/gateway.ts";
import type { Engine } from "../deploy/ports.ts";
import { otherColour } from "../model/app.ts";
import type { ControlStatus } from "../model/control-api.ts";
import { CutoverError, errorBody, fromErrorBody } from "../model/error.ts";
import type { DeploymentEvent } from "../model/events.ts";
import type { Call, LineStream, Routes } from "../wire/json-server.ts";
import type { Active } from "./active.ts";
import { type Deployments, outcomeEvent } from "./deployments.ts";
import type { LiveRoutes } from "./live-routes.ts";
import { removeApp } from "./removal.ts";
import { parseAbort, parseBegin, parseDraft } from "./requests.ts";
import type { State } from "./state.ts";
import { appSummary, releaseSummaries } from "./summaries.ts";

export interface ApiInput {
  engine: Engine;
  balancer: GatewayBalancer;
  state: State;
  deployments: Deployments;
  liveRoutes: LiveRoutes;
  version: string;
  startedAt: number;
}

/** Control's API, see model/control-api. */
export function controlRoutes(input: ApiInput): Routes {
  const { state, deployments } = input;
  return {
    "GET /v1/status": () => status(input),
    "GET /v1/apps": async () => ({
      apps: await Promise.all(state.apps().map((row) => appSummary(input, row.app))),
    }),
    "GET /v1/apps/:app": ({ params }) => appSummary(input, of(params, "app")),
    "GET /v1/apps/:app/releases": async ({ params }) => ({
      releases: await releaseSummaries(input, of(params, "app")),
    }),
    "GET /v1/apps/:app/releases/:number": ({ params }) =>
      storedRelease(input, of(params, "app"), of(params, "number")),
    "GET /v1/apps/:app/deployments": ({ params }) => ({
      deployments: state.deployments(of(params, "app"), 50),
    }),
    "POST /v1/apps/:app/deployments": (call) => begin(input, call),
    "PUT /v1/deployments/:id/release": async ({ params, body }) =>
      deployments.putRelease(of(params, "id"), parseDraft(await body())),
    "POST /v1/deployments/:id/hooks/pre-deploy": async ({ params }) => {
      await deployments.preDeploy(of(params, "id"));
      return {};
    },
    "POST /v1/deployments/:id/started": ({ params }) => {
      need(deployments, of(params, "id")).run.handOver();
      return {};
    },
    "POST /v1/deployments/:id/abort": async ({ params, body }) => {
      const { reason, error } = parseAbort(await body());
      need(deployments, of(params, "id")).run.giveUp(
        "aborted",
        error ? fromErrorBody(error) : new CutoverError("ABORTED", reason),
      );
      return {};
    },
    "GET /v1/deployments/:id/events": (call) => events(input, call),
    "DELETE /v1/apps/:app": (call) => removeApp(input, call),
  };
}

async function status({ engine, balancer, version, startedAt }: ApiInput): Promise<ControlStatus> {
  const gateway = await balancer.status().catch(() => null);
  return { version, startedAt, engine: await engine.version(), gateway };
}

function storedRelease({ state }: ApiInput, app: string, number: string): unknown {
  const row = state.release(app, Number(number));
  if (!row) throw new CutoverError("RELEASE_UNKNOWN", `${app} has no release ${number}`);
  return row.release;
}

/** The answer is the CLI's lease: see model/control-api. */
async function begin({ deployments, state }: ApiInput, call: Call): Promise<undefined> {
  const app = of(call.params, "app");
  const request = parseBegin(await call.body());
  let stream: LineStream | null = null;
  if (request.kind === "rollback") {
    const reverting = await deployments.revertDrain(app, request.release, request.who);
    if (reverting) return followRevert(state, reverting, call.stream());
  }
  const waiting = new AbortController();
  const onWaiting = (holder: unknown): void => {
    stream = call.stream();
    stream.gone.addEventListener("abort", () => waiting.abort(), { once: true });
    stream.write({ at: Date.now(), type: "waiting", app, holder });
  };
  let active: Active;
  try {
    active = await deployments.begin(app, request, onWaiting, waiting.signal);
  } catch (error) {
    const open = stream as LineStream | null;
    if (!open) throw error;
    open.write({
      at: Date.now(),
      type: "outcome",
      outcome: "aborted",
      release: null,
      error: errorBody(error),
      receipt: null,
    });
    open.end();
    return undefined;
  }
  const open = (stream as LineStream | null) ?? call.stream();
  const gone = (): void => {
    if (active.run.record.handedOver || active.run.record.outcome !== null) return;
    active.run.giveUp(
      "aborted",
      new CutoverError("CLIENT_GONE", "the CLI went away before everything was started"),
    );
  };
  if (open.gone.aborted) gone();
  open.gone.addEventListener("abort", gone, { once: true });
  follow(active, open);
  return undefined;
}

function events({ deployments, state }: ApiInput, call: Call): undefined {
  const id = of(call.params, "id");
  const active = deployments.active(id);
  const record = active?.run.record ?? state.deployment(id);
  if (!record) throw new CutoverError("USAGE", `there is no deployment ${id}`);
  const stream = call.stream();
  if (active) {
    follow(active, stream);
    return undefined;
  }
  const journal = state.journal(id);
  for (const event of journal) stream.write(event);
  if (journal.at(-1)?.type !== "outcome")
    stream.write({ at: record.endedAt ?? record.startedAt, ...outcomeEvent(record) });
  stream.end();
  return undefined;
}

function follow(active: Active, stream: LineStream): void {
  let ended = false;
  const listener = (event: DeploymentEvent): void => {
    stream.write(event);
    if (event.type !== "outcome") return;
    ended = true;
    stream.end();
  };
  const stop = active.log.follow(listener);
  if (ended) stop();
  stream.gone.addEventListener("abort", stop, { once: true });
}

/** Tells a deployment's being switched back as the rollback that it is for whoever asked for it. */
function followRevert(state: State, { run, log }: Active, stream: LineStream): undefined {
  const { id, app, previous, release, colour } = run.record;
  const begun = {
    app,
    deployment: id,
    kind: "rollback",
    colour: otherColour(colour),
    previous: release,
  } as const;
  stream.write({ at: Date.now(), type: "begun", ...begun });
  const stop = log.followNew((event) => {
    if (event.type !== "outcome") return void stream.write(event);
    const back = state.liveRelease(app) === previous;
    const error = errorBody(
      new CutoverError("ABORTED", `release ${release} could not be switched back: it serves`),
    );
    stream.write({
      at: event.at,
      type: "outcome",
      outcome: back ? "live" : "aborted",
      release: previous,
      error: back ? null : error,
      receipt: null,
    });
    stream.end();
  });
  stream.gone.addEventListener("abort", stop, { once: true });
  return undefined;
}

function need(deployments: Deployments, id: string): Active {
  const active = deployments.active(id);
  if (!active)
    throw new CutoverError("ABORTED", `deployment ${id} is not under way`, {
      hint: "`cutover history` shows how it ended.",
    });
  return active;
}

function of(params: Record<string, string>, name: string): string {
  return params[name] ?? "";
}
