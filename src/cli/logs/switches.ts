import type { Engine } from "../../deploy/ports.ts";
import { label } from "../../model/labels.ts";
import type { Control } from "../control-requests.ts";

interface SwitchesInput {
  engine: Engine;
  control: Control;
  app: string;
  signal: AbortSignal;
}

/**
 * The number of every release that the app is switched to from now on. Nothing is polled: a container that starts
 * names its deployment, whose events tell of the switch.
 */
export async function* switchesOf({ engine, control, app, signal }: SwitchesInput): AsyncGenerator<number> {
  const watched = new Set<string>();
  for await (const event of engine.events(signal)) {
    if (event === null || event.action !== "start" || event.labels[label.app] !== app) continue;
    const deployment = (await control.app(app)).deployment?.deployment;
    if (deployment === undefined || watched.has(deployment)) continue;
    watched.add(deployment);
    const release = await switchedTo(control, deployment, signal);
    if (release !== null) yield release;
  }
}

/** The release a deployment switches to; null when it ends without a switch. */
async function switchedTo(control: Control, deployment: string, signal: AbortSignal): Promise<number | null> {
  let release: number | null = null;
  for await (const event of control.events(deployment, signal)) {
    if (event.type === "release") release = event.release;
    if (event.type === "switched") return release;
    if (event.type === "outcome") return null;
  }
  return null;
}
