import { randomBytes } from "node:crypto";
import type { Logger } from "pino";
import type { GatewayBalancer } from "../balancers/gateway.ts";
import { releaseImageRef } from "../compose/images.ts";
import { emptyColour } from "../deploy/effects.ts";
import { runHooks } from "../deploy/hooks.ts";
import { recovery } from "../deploy/machine.ts";
import type { ContainerEvents, Engine } from "../deploy/ports.ts";
import type { RunContext } from "../deploy/progress.ts";
import { type DeploymentRecord, newRecord, type ReleaseRecord } from "../deploy/record.ts";
import { DeploymentRun } from "../deploy/runner.ts";
import { type Colour, otherColour } from "../model/app.ts";
import type { BeginRequest, PutReleaseRequest, ReleaseAccepted } from "../model/control-api.ts";
import type { LockHolder, Outcome } from "../model/deployment.ts";
import { CutoverError } from "../model/error.ts";
import type { DeploymentEventBody } from "../model/events.ts";
import { label } from "../model/labels.ts";
import type { Release } from "../model/release.ts";
import type { Active } from "./active.ts";
import { AppLock, type Lease, takeLock } from "./app-lock.ts";
import { EventLog } from "./event-log.ts";
import type { LiveRoutes } from "./live-routes.ts";
import { startRollback } from "./rollback-start.ts";
import { rollbackTarget } from "./rollback-target.ts";
import { checkClaims } from "./route-claims.ts";
import type { State } from "./state.ts";

export interface DeploymentsInput {
  engine: Engine;
  balancer: GatewayBalancer;
  events: ContainerEvents;
  state: State;
  liveRoutes: LiveRoutes;
  gatewayPort: () => Promise<number | null>;
  /** Resolves when nothing is being tidied away of the app; as long as its lock is held, nothing begins to be. */
  settled: (app: string) => Promise<void>;
  /** A deployment has ended and the app's lock is free: windows and images are to be looked after. */
  onEnded: (app: string, outcome: Outcome) => void;
  /** Nothing more can be written down: control has to end, the next one goes on from what it observes. */
  onFatal: (error: unknown) => void;
  log: Logger;
}

/** All deployments of this engine: begins them, hands them their release, and finishes those a restart interrupted. */
export class Deployments {
  readonly #input: DeploymentsInput;
  readonly #locks = new Map<string, AppLock>();
  readonly #active = new Map<string, Active>();

  constructor(input: DeploymentsInput) {
    this.#input = input;
  }

  holder(app: string): LockHolder | null {
    return this.#lock(app).holder();
  }

  active(id: string): Active | null {
    return this.#active.get(id) ?? null;
  }

  /** Takes an app's lock for something that is no deployment. @throws CutoverError BUSY */
  async claim(app: string, who: string): Promise<Lease> {
    const since = Date.now();
    const holder = (): LockHolder => ({ deployment: "down", who, since, step: "retire" });
    const signal = new AbortController().signal;
    const lock = this.#lock(app);
    const lease = await takeLock({ lock, app, waitMs: 0, holder, onWaiting: () => undefined, signal });
    await this.#input.settled(app);
    return lease;
  }

  /** The app's deployment under way, if any. */
  activeOf(app: string): Active | null {
    return [...this.#active.values()].find((active) => active.run.record.app === app) ?? null;
  }

  /**
   * Takes the app's lock and starts a deployment's record.
   * @param onWaiting told the holder when the lock has to be waited for
   * @throws CutoverError BUSY, or for a rollback APP_UNKNOWN, NOTHING_TO_ROLL_BACK, RELEASE_UNKNOWN, RELEASE_GONE
   */
  async begin(
    app: string,
    request: BeginRequest,
    onWaiting: (holder: LockHolder) => void,
    signal: AbortSignal,
  ): Promise<Active> {
    if (request.kind === "rollback") await rollbackTarget(this.#input, app, request.release);
    const id = `d${randomBytes(5).toString("hex")}`;
    const since = Date.now();
    const holder = (): LockHolder => ({
      deployment: id,
      who: request.who,
      since: this.#active.get(id)?.run.record.startedAt ?? since,
      step: this.#active.get(id)?.run.record.step ?? "prepare",
    });
    const lease: Lease = await takeLock({
      lock: this.#lock(app),
      app,
      waitMs: request.waitLockMs,
      holder,
      onWaiting,
      signal,
    });
    try {
      await this.#input.settled(app);
      return await this.#open(id, app, request, lease);
    } catch (error) {
      lease.release();
      throw error;
    }
  }

  /**
   * A rollback while the deployment before it still drains: its old containers still run, so giving it up is one
   * switch back. Null when there is no such deployment, or another release is wanted.
   */
  async revertDrain(app: string, wanted: number | null, who: string): Promise<Active | null> {
    const active = this.activeOf(app);
    if (!active) return null;
    const { record } = active.run;
    if (record.step === "switch") await switchSettled(active);
    if (record.step !== "drain" || record.abort || record.previous === null) return null;
    if (wanted !== null && wanted !== record.previous) return null;
    active.run.giveUp(
      "aborted",
      new CutoverError("ABORTED", `rolled back to release ${record.previous} by ${who}`),
    );
    return active;
  }

  /** Gives a deployment its release: numbers it, empties the idle colour, watches it from now on. */
  async putRelease(id: string, draft: PutReleaseRequest): Promise<ReleaseAccepted> {
    const { state } = this.#input;
    const active = this.#need(id);
    const { record } = active.run;
    if (record.release !== null) throw new CutoverError("USAGE", `deployment ${id} has its release already`);
    const { force, ...body } = draft;
    const live = record.previous === null ? null : state.release(record.app, record.previous);
    if (
      !force &&
      live?.release.fingerprint === body.fingerprint &&
      (await isRunning(this.#input.engine, live))
    ) {
      active.run.endUnchanged(live.release.number);
      return { release: live.release.number, colour: live.colour, unchanged: true };
    }
    const number = state.nextReleaseNumber(record.app);
    const release: Release = {
      ...body,
      number,
      createdAt: Date.now(),
      services: body.services.map((service) => ({
        ...service,
        image: { ...service.image, ref: releaseImageRef(record.app, service.name, number) },
      })),
    };
    await checkClaims(this.#input.balancer, release, await this.#input.gatewayPort());
    await emptyColour(this.#input.engine, record.app, record.colour);
    if (record.abort || record.outcome) throw new CutoverError("ABORTED", `deployment ${id} was given up`);
    const row: ReleaseRecord = {
      release,
      state: "pending",
      colour: record.colour,
      liveAt: null,
      retiredAt: null,
    };
    record.release = number;
    state.transaction(() => {
      state.saveRelease(row);
      state.save(record);
    });
    active.log.emit({ type: "release", release: number, fingerprint: release.fingerprint });
    active.run.enter("start");
    active.run.watch(row);
    return { release: number, colour: record.colour, unchanged: false };
  }

  /** Runs the pre-deploy hooks, whose containers compose has made. */
  async preDeploy(id: string): Promise<void> {
    const active = this.#need(id);
    const { record } = active.run;
    const row = record.release === null ? null : this.#input.state.release(record.app, record.release);
    if (!row) throw new CutoverError("USAGE", `deployment ${id} has no release yet`);
    const { hooks } = row.release;
    const emit = active.log.emit.bind(active.log);
    const { signal } = active.run;
    await runHooks({ engine: this.#input.engine, deployment: id, phase: "pre-deploy", hooks, emit, signal });
  }

  /** Control ends: every deployment stays where it stands, for the next control. */
  async halt(): Promise<void> {
    const all = [...this.#active.values()];
    for (const active of all) active.run.halt();
    await Promise.all(all.map((active) => active.ended));
  }

  /** At start: what was interrupted goes on, or is cleaned up. Resolves when all are under way. */
  recover(): void {
    const { state } = this.#input;
    for (const record of state.unfinished()) {
      const lease = this.#lock(record.app).tryAcquire(() => holderOf(record));
      if (!lease) continue;
      const active = this.#track(record, lease);
      const step = recovery(record.step, record.handedOver);
      if (step) record.step = step;
      else {
        active.run.giveUp(
          "aborted",
          new CutoverError("CLIENT_GONE", "control restarted before the CLI had handed over"),
        );
      }
      this.#drive(active);
    }
  }

  async #open(id: string, app: string, request: BeginRequest, lease: Lease): Promise<Active> {
    const { state } = this.#input;
    const row = state.app(app);
    const colour: Colour = row?.colour ? otherColour(row.colour) : "blue";
    const record = newRecord({
      id,
      app,
      kind: request.kind,
      colour,
      previous: row?.live ?? null,
      who: request.who,
      readyTimeoutMs: request.readyTimeoutMs,
      startedAt: Date.now(),
    });
    state.save(record);
    const active = this.#track(record, lease);
    active.log.emit({
      type: "begun",
      app,
      deployment: id,
      kind: request.kind,
      colour,
      previous: record.previous,
    });
    active.log.emit({ type: "step", step: "prepare", status: "started", ms: null, detail: null });
    if (request.kind === "rollback") {
      await startRollback(this.#input, active, request.release).catch((error: unknown) =>
        active.run.giveUp("aborted", error),
      );
    }
    this.#drive(active);
    return active;
  }

  #track(record: DeploymentRecord, lease: Lease): Active {
    const { state } = this.#input;
    const log = new EventLog(state.journal(record.id), (seq, event) =>
      state.appendJournal(record.id, seq, event),
    );
    const context: RunContext = {
      engine: this.#input.engine,
      balancer: this.#input.balancer,
      events: this.#input.events,
      store: state,
      currentTargets: (app) => this.#input.liveRoutes.targetIds(app),
      onFatal: this.#input.onFatal,
      switchTo: (row, routes, targets) => this.#input.liveRoutes.switchTo(row, routes, targets),
      emit: log.emit.bind(log),
      now: Date.now,
    };
    const active: Active = { run: new DeploymentRun(context, record), log, lease, ended: Promise.resolve() };
    this.#active.set(record.id, active);
    return active;
  }

  #drive(active: Active): void {
    const { record } = active.run;
    const driven = active.run.drive().catch(this.#input.onFatal);
    active.ended = driven.then(() => {
      this.#active.delete(record.id);
      if (record.outcome === null) return;
      active.lease.release();
      active.log.emit(outcomeEvent(record));
      this.#input.onEnded(record.app, record.outcome);
      this.#input.log.info(
        { app: record.app, deployment: record.id, outcome: record.outcome },
        "deployment ended",
      );
    });
  }

  #need(id: string): Active {
    const active = this.#active.get(id);
    if (!active) throw new CutoverError("ABORTED", `deployment ${id} is not under way`);
    return active;
  }

  #lock(app: string): AppLock {
    const lock = this.#locks.get(app) ?? new AppLock();
    this.#locks.set(app, lock);
    return lock;
  }
}

/** The last event of an ended deployment. The lock is free by the time it is told. */
export function outcomeEvent(record: DeploymentRecord): DeploymentEventBody {
  const { outcome, release, error, receipt } = record;
  return { type: "outcome", outcome: outcome ?? "aborted", release, error, receipt };
}

/** Resolves when a switch under way has been made, or has failed. */
function switchSettled({ log }: Active): Promise<void> {
  return new Promise((resolve) => {
    const stop = log.followNew((event) => {
      if (event.type !== "switched" && event.type !== "outcome") return;
      stop();
      resolve();
    });
  });
}

async function isRunning(engine: Engine, { release, colour }: ReleaseRecord): Promise<boolean> {
  const labels = {
    [label.app]: release.app,
    [label.colour]: colour,
    [label.release]: String(release.number),
  };
  const running = (await engine.containers(labels)).filter((container) => container.status === "running");
  return release.services.every(
    ({ name, replicas }) => running.filter((c) => c.labels[label.service] === name).length >= replicas,
  );
}

function holderOf(record: DeploymentRecord): LockHolder {
  return { deployment: record.id, who: record.who, since: record.startedAt, step: record.step };
}
