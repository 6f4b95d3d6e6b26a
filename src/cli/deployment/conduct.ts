import { createEngine } from "../../engine/engine.ts";
import type { BeginRequest } from "../../model/control-api.ts";
import { CutoverError, errorBody, fromErrorBody } from "../../model/error.ts";
import type { DeploymentEvent } from "../../model/events.ts";
import { label } from "../../model/labels.ts";
import type { Control } from "../control-requests.ts";
import type { Desk } from "./desk.ts";
import { DeploymentSession, type OutcomeEvent } from "./session.ts";

export interface Conduct {
  desk: Desk;
  control: Control;
  app: string;
  request: BeginRequest;
  /** Ends the command when control has taken over. */
  detach: boolean;
  /**
   * What the command does for the deployment, up to handing it over with `session.started()`. The signal aborts when
   * the deployment has ended or is to be given up.
   */
  work(session: DeploymentSession, signal: AbortSignal): Promise<void>;
  /** Told every event, after the reporter. */
  onEvent?: (event: DeploymentEvent) => void;
}

export type Ending = { kind: "ended"; outcome: OutcomeEvent } | { kind: "detached"; deployment: string };

/**
 * Takes a deployment from its beginning to its end: does the command's part, gives up when that fails or a person
 * wants it, and waits until control has cleaned up.
 * @throws what kept it from beginning; the outcome's error when it did not become live
 */
export async function conduct(input: Conduct): Promise<Ending> {
  const { control, app, request } = input;
  const { reporter, interrupts } = input.desk;
  const onEvent = (event: DeploymentEvent) => {
    reporter.event(event);
    input.onEvent?.(event);
  };
  const begin = DeploymentSession.begin(control, app, request, onEvent, interrupts.aborted);
  using session = await Promise.race([begin, interrupts.forced]);
  const ending = await Promise.race([toTheEnd(input, session), interrupts.forced]);
  if (ending.kind === "ended" && ending.outcome.error) throw fromErrorBody(ending.outcome.error);
  return ending;
}

async function toTheEnd(input: Conduct, session: DeploymentSession): Promise<Ending> {
  const { interrupts, reporter, context } = input.desk;
  const giveUp = async (error: unknown) => {
    try {
      await session.abort(error instanceof Error ? error.message : String(error), error);
    } catch (failure) {
      // Too late: the deployment goes on, and its outcome is told as it comes.
      const { code, message } = errorBody(failure);
      reporter.event({ at: context.io.now(), type: "warning", code, message });
    }
  };
  try {
    await input.work(session, AbortSignal.any([session.failing, interrupts.aborted]));
  } catch (error) {
    // A deployment that control gives up has an outcome that says more than the work it cut short.
    if (!session.failing.aborted)
      await giveUp(interrupts.aborted.aborted ? interrupts.aborted.reason : error);
    const outcome = await session.outcome;
    if (outcome.outcome === "aborted" || outcome.outcome === "refused") await sweep(input, session.begun.id);
    return { kind: "ended", outcome };
  }
  if (session.handedOver) {
    if (input.detach) return { kind: "detached", deployment: session.begun.id };
    interrupts.allowDetach();
  }
  const onAbort = () => void giveUp(interrupts.aborted.reason);
  if (interrupts.aborted.aborted) onAbort();
  else interrupts.aborted.addEventListener("abort", onAbort, { once: true });
  return Promise.race([
    session.outcome.then((outcome): Ending => ({ kind: "ended", outcome })),
    interrupts.detached.then((): Ending => ({ kind: "detached", deployment: session.begun.id })),
  ]);
}

/**
 * Removes what compose still made while control was cleaning up: compose can't be stopped in an instant. Never a
 * release that serves.
 */
async function sweep({ desk, control, app }: Conduct, deployment: string): Promise<void> {
  const engine = createEngine(desk.connection, desk.context.instance);
  const labels = { [label.deployment]: deployment };
  const live = await control.app(app).then(
    (summary) => summary.live?.number ?? null,
    () => null,
  );
  for (const container of await engine.containers(labels)) {
    if (container.labels[label.release] !== String(live)) await engine.remove(container.id);
  }
  await engine.removeNetworks(labels);
}

/** The error of a deployment that ended without becoming live and without a reason. */
export function requireLive(outcome: OutcomeEvent): void {
  if (outcome.outcome === "live" || outcome.outcome === "unchanged") return;
  throw new CutoverError(
    outcome.outcome === "refused" ? "NOT_HEALTHY" : "ABORTED",
    `The deployment was ${outcome.outcome}.`,
  );
}
