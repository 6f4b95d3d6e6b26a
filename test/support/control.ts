import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { startDaemon } from "../../src/control/daemon.ts";
import type { DeploymentRecord } from "../../src/deploy/record.ts";
import { colourService } from "../../src/model/app.ts";
import type {
  AppSummary,
  BeginRequest,
  PutReleaseRequest,
  ReleaseAccepted,
} from "../../src/model/control-api.ts";
import type { DeploymentEvent } from "../../src/model/events.ts";
import { label } from "../../src/model/labels.ts";
import type { ReleaseService } from "../../src/model/release.ts";
import type { Hook } from "../../src/model/settings.ts";
import { requestJson, requestStream } from "../../src/wire/json-client.ts";
import type { FakeContainerSpec, FakeEngine } from "./fake-engine.ts";
import { startGateway } from "./gateway.ts";
import { release } from "./release.ts";

type Outcome = Extract<DeploymentEvent, { type: "outcome" }>;

/** Control in this process, on a fake engine and a real gateway. */
export interface TestControl extends AsyncDisposable {
  gateway: Awaited<ReturnType<typeof startGateway>>;
  engine: FakeEngine;
  get(path: string): Promise<unknown>;
  begin(app: string, request?: Partial<BeginRequest>): Lease;
  /** A whole deployment: containers are made and started as compose would. */
  deploy(draft: Partial<PutReleaseRequest>, container?: ContainerOf): Promise<Outcome>;
  /** Stops control and starts it again on the same state, after `between` had its hands on it. */
  restart(between?: (stateFile: string) => Promise<void>): Promise<void>;
  put(deployment: string, draft: Partial<PutReleaseRequest>): Promise<ReleaseAccepted>;
  /** Makes the release's containers in its colour, without starting them. */
  make(
    draft: Partial<PutReleaseRequest>,
    deployment: string,
    accepted: ReleaseAccepted,
    container?: ContainerOf,
  ): string[];
  post(path: string, body?: unknown): Promise<unknown>;
  /** What the app answers through the gateway now; `status N` for an error. */
  answer(): Promise<string>;
  /** Ids of the running containers. */
  running(): Promise<string[]>;
  /** A deployment of `shop` whose containers run, its hooks' made; it is not handed over yet. */
  stage(draft?: Partial<PutReleaseRequest>, container?: ContainerOf): Promise<Staged>;
  /** Hands a staged deployment over. */
  handOver(deployment: string): Promise<unknown>;
  /** Removes the app. Resolves with the lines that tell of it. */
  down(app: string): Promise<unknown[]>;
  /** Starts the gateway again, on the same port, after it was ended. */
  gatewayBack(): Promise<void>;
  /** Why control could not go on, as soon as that is so. Nobody asking, `dispose` throws it. */
  fatal(): Promise<unknown>;
  /** Ids of the containers that the routes of `shop` lead to. */
  routed(): Promise<string[]>;
  /** Numbers and states of the releases of `shop`, newest first. */
  releases(): Promise<[number, string][]>;
  /** Events of a deployment that has ended. */
  events(deployment: string): Promise<DeploymentEvent[]>;
  /** Record of a deployment of `shop`, as soon as it has an outcome. */
  ended(deployment: string): Promise<DeploymentRecord>;
  /** A deployment of `shop` that has begun. */
  open(request?: Partial<BeginRequest>): Promise<{ lease: Lease; deployment: string }>;
}

export interface Staged {
  lease: Lease;
  deployment: string;
  accepted: ReleaseAccepted;
  /** Of the release's containers. */
  ids: string[];
}

export interface Lease {
  events: DeploymentEvent[];
  /** The first event for which the predicate holds. */
  until(predicate: (event: DeploymentEvent) => boolean): Promise<DeploymentEvent>;
  outcome(): Promise<Outcome>;
  /** Closes the stream, as a CLI that dies would. */
  drop(): void;
}

export type ContainerOf = (service: ReleaseService, release: number) => Omit<FakeContainerSpec, "labels">;

/** Answers with the release's number. */
export const answering: ContainerOf = (_service, number) => ({
  serve: (_request, response) => void response.end(`release ${number}`),
});

export async function startControl(engine: FakeEngine): Promise<TestControl> {
  const directory = mkdtempSync(join(tmpdir(), "cutover-control-"));
  const gateway = await startGateway({ workers: 2 });
  const fatal = Promise.withResolvers<unknown>();
  let unexpected: unknown = null;
  const address = { socketPath: join(directory, "control.sock") };
  const start = (): Promise<AsyncDisposable> =>
    startDaemon({
      engine,
      log: pino({ level: "silent" }),
      version: "test",
      stateFile: join(directory, "state.db"),
      controlSocket: address.socketPath,
      gatewaySocket: gateway.socketPath,
      onFatal: (reason) => {
        unexpected = reason;
        fatal.resolve(reason);
      },
    });
  let daemon = await start();

  const control: TestControl = {
    gateway,
    engine,
    get: (path) => requestJson(address, "GET", path),
    post: (path, body) => requestJson(address, "POST", path, body ?? {}),
    put: (deployment, draft) =>
      requestJson(
        address,
        "PUT",
        `/v1/deployments/${deployment}/release`,
        asDraft(draft),
      ) as Promise<ReleaseAccepted>,
    begin: (app, request) => lease(address, app, request),
    make: (draft, deployment, accepted, container = answering) =>
      makeContainers(engine, draft, deployment, accepted, container),
    answer: async () => {
      const response = await fetch(control.gateway.url);
      return response.ok ? await response.text() : `status ${response.status}`;
    },
    running: async () => {
      const all = await engine.containers({});
      return all.filter((container) => container.status === "running").map((container) => container.id);
    },
    open: async (request) => {
      const opened = lease(address, "shop", request);
      const begun = await opened.until((event) => event.type === "begun");
      return { lease: opened, deployment: begun.type === "begun" ? begun.deployment : "" };
    },
    stage: async (draft = {}, container = answering) => {
      const { lease, deployment } = await control.open();
      const accepted = await control.put(deployment, draft);
      const ids = control.make(draft, deployment, accepted, container);
      for (const hook of draft.hooks ?? []) makeHook(engine, hook, deployment, accepted);
      await Promise.all(ids.map((id) => engine.start(id)));
      return { lease, deployment, accepted, ids };
    },
    handOver: (deployment) => control.post(`/v1/deployments/${deployment}/started`),
    down: (app) => lines(address, "DELETE", `/v1/apps/${app}`),
    routed: async () => {
      const { services } = (await control.get("/v1/apps/shop")) as AppSummary;
      const targets = services.flatMap((service) => service.targets);
      return targets.filter((target) => target.address !== "").map((target) => target.id);
    },
    releases: async () => {
      const { releases } = (await control.get("/v1/apps/shop/releases")) as {
        releases: { number: number; state: string }[];
      };
      return releases.map((row) => [row.number, row.state]);
    },
    events: async (deployment) =>
      (await lines(address, "GET", `/v1/deployments/${deployment}/events`)) as DeploymentEvent[],
    gatewayBack: async () => {
      const { directory: kept, httpPort } = gateway;
      control.gateway = await startGateway({ workers: 2, directory: kept, httpPort });
    },
    fatal: async () => {
      const reason = await fatal.promise;
      unexpected = null;
      return reason;
    },
    ended: async (deployment) => {
      for (;;) {
        const { deployments } = (await control.get("/v1/apps/shop/deployments")) as {
          deployments: DeploymentRecord[];
        };
        const record = deployments.find((entry) => entry.id === deployment);
        if (record?.outcome) return record;
      }
    },
    restart: async (between) => {
      await daemon[Symbol.asyncDispose]();
      await between?.(join(directory, "state.db"));
      daemon = await start();
    },
    deploy: async (draft, container) => {
      const open = control.begin(draft.app ?? "shop");
      const begun = await open.until((event) => event.type === "begun" || event.type === "outcome");
      if (begun.type !== "begun") return open.outcome();
      const accepted = await control.put(begun.deployment, draft);
      if (accepted.unchanged) return open.outcome();
      const ids = control.make(draft, begun.deployment, accepted, container);
      await Promise.all(ids.map((id) => engine.start(id)));
      await control.post(`/v1/deployments/${begun.deployment}/started`).catch(() => undefined);
      return open.outcome();
    },
    [Symbol.asyncDispose]: async () => {
      await daemon[Symbol.asyncDispose]();
      if (control.gateway !== gateway) await control.gateway[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
      for (const container of await engine.containers({})) await engine.remove(container.id);
      rmSync(directory, { recursive: true, force: true });
      if (unexpected !== null) throw unexpected;
    },
  };
  return control;
}

function asDraft(draft: Partial<PutReleaseRequest>): PutReleaseRequest {
  const { number: _number, createdAt: _createdAt, ...whole } = release();
  return { force: false, ...whole, fingerprint: Math.random().toString(16), ...draft };
}

async function lines(address: { socketPath: string }, method: string, path: string): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const line of requestStream(address, method, path)) all.push(line);
  return all;
}

function lease(address: { socketPath: string }, app: string, request: Partial<BeginRequest> = {}): Lease {
  const stop = new AbortController();
  const events: DeploymentEvent[] = [];
  const waiters = new Set<() => void>();
  let failure: unknown = null;
  const body: BeginRequest = {
    kind: "deploy",
    release: null,
    waitLockMs: 0,
    who: "ann@laptop",
    readyTimeoutMs: null,
    ...request,
  };
  const wake = (): void => {
    for (const waiter of [...waiters]) waiter();
  };
  void (async () => {
    try {
      for await (const event of requestStream(
        address,
        "POST",
        `/v1/apps/${app}/deployments`,
        body,
        stop.signal,
      )) {
        events.push(event as DeploymentEvent);
        wake();
      }
      failure ??= new Error("the stream ended");
    } catch (error) {
      failure = error;
    }
    wake();
  })();
  const until = (predicate: (event: DeploymentEvent) => boolean): Promise<DeploymentEvent> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = events.find(predicate);
        if (!found && !failure) return;
        waiters.delete(look);
        if (found) resolve(found);
        else reject(failure);
      };
      waiters.add(look);
      look();
    });
  return {
    events,
    until,
    outcome: async () => (await until((event) => event.type === "outcome")) as Outcome,
    drop: () => stop.abort(),
  };
}

function makeContainers(
  engine: FakeEngine,
  draft: Partial<PutReleaseRequest>,
  deployment: string,
  accepted: ReleaseAccepted,
  container: ContainerOf,
): string[] {
  const whole = asDraft(draft);
  return whole.services.flatMap((service) =>
    Array.from({ length: service.replicas }, () =>
      engine.create({
        ...container(service, accepted.release),
        labels: {
          [label.app]: whole.app,
          [label.colour]: accepted.colour,
          [label.release]: String(accepted.release),
          [label.deployment]: deployment,
          [label.service]: service.name,
          [label.role]: service.role,
          "com.docker.compose.service": colourService(service.name, accepted.colour),
        },
      }),
    ),
  );
}

function makeHook(engine: FakeEngine, hook: Hook, deployment: string, accepted: ReleaseAccepted): void {
  engine.create({
    labels: {
      [label.app]: "shop",
      [label.colour]: accepted.colour,
      [label.release]: String(accepted.release),
      [label.deployment]: deployment,
      [label.service]: hook.service,
      [label.role]: "hook",
      [label.hook]: `${hook.phase}.${hook.index}`,
    },
  });
}
