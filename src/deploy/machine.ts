import type { Step } from "../model/deployment.ts";

/** What the runner does next with a deployment. */
export type Action =
  /** The CLI builds, pulls and starts; readiness is already watched. */
  | "await-start"
  | "await-ready"
  | "verify"
  | "switch"
  | "drain"
  | "retire"
  /** Removes what the deployment made; the running release was never touched. */
  | "clean-up"
  /** The old release gets all traffic again; then the new one is drained and removed. */
  | "switch-back"
  | "finish"
  | "none";

export interface MachineState {
  step: Step;
  /** The deployment has an outcome; nothing is left to do. */
  ended: boolean;
  /** Someone or something gave it up; the reason is recorded beside it. */
  abort: boolean;
  /** Every step is done. */
  complete: boolean;
}

/**
 * The whole policy of a deployment as one function of its state.
 *
 * Giving up before the switch removes the new colour. During the drain the old containers still run, so giving up
 * switches back. From `retire` on it is too late: the old release is being stopped.
 */
export function nextAction(state: MachineState): Action {
  if (state.ended) return "none";
  if (state.complete) return "finish";
  if (state.abort && isBeforeSwitch(state.step)) return "clean-up";
  if (state.abort && state.step === "drain") return "switch-back";
  switch (state.step) {
    case "prepare":
    case "start":
      return "await-start";
    case "ready":
      return "await-ready";
    case "verify":
      return "verify";
    case "switch":
      return "switch";
    case "drain":
      return "drain";
    case "retire":
      return "retire";
  }
}

/** True while the running release is untouched and the deployment can be given up without a trace. */
export function isBeforeSwitch(step: Step): boolean {
  return step === "prepare" || step === "start" || step === "ready" || step === "verify";
}

/** True while giving up still has an effect. */
export function canAbort(step: Step): boolean {
  return isBeforeSwitch(step) || step === "drain";
}

/**
 * The step at which a deployment that control finds unfinished when it starts goes on; null gives it up, because its
 * CLI had not handed over and nobody will finish starting it. Effects are idempotent. What was known of readiness is
 * gone, so `verify` and a `switch` that did not take place begin again with `ready` and its time-out.
 */
export function recovery(step: Step, handedOver: boolean): Step | null {
  if (!handedOver && isBeforeSwitch(step)) return null;
  if (step === "prepare" || step === "start" || step === "verify" || step === "switch") return "ready";
  return step;
}
