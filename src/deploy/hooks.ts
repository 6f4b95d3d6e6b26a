import { CutoverError } from "../model/error.ts";
import type { DeploymentEventBody } from "../model/events.ts";
import { label } from "../model/labels.ts";
import type { Hook, HookPhase } from "../model/settings.ts";
import type { ContainerState, Engine } from "./ports.ts";

export interface HookRunInput {
  engine: Engine;
  deployment: string;
  phase: HookPhase;
  hooks: Hook[];
  emit: (event: DeploymentEventBody) => void;
  signal: AbortSignal;
}

/**
 * Runs a phase's hooks one after the other. Compose has made a container for each; a hook whose container has run
 * already is not run again, so that a restarted control goes on where it was.
 *
 * @throws CutoverError HOOK_FAILED with the hook's last lines
 */
export async function runHooks(input: HookRunInput): Promise<void> {
  const hooks = input.hooks.filter((hook) => hook.phase === input.phase).sort((a, b) => a.index - b.index);
  for (const hook of hooks) await runHook(input, hook);
}

async function runHook(input: HookRunInput, hook: Hook): Promise<void> {
  const name = `${hook.phase}.${hook.index}`;
  const labels = { [label.deployment]: input.deployment, [label.hook]: name };
  const [container] = await input.engine.containers(labels);
  if (!container) throw new CutoverError("HOOK_FAILED", `hook ${name} has no container`);
  input.emit({ type: "hook", hook: name, status: "started", exitCode: null, ms: null });
  const began = Date.now();
  const exitCode = await runToEnd(input, hook, name, container);
  const ms = Date.now() - began;
  input.emit({ type: "hook", hook: name, status: exitCode === 0 ? "done" : "failed", exitCode, ms });
  if (exitCode === 0) return;
  const details = await input.engine.lastLines(container.id, 20);
  throw new CutoverError("HOOK_FAILED", `hook ${name} (${hook.service}) ended with exit code ${exitCode}`, {
    details,
  });
}

async function runToEnd(
  input: HookRunInput,
  hook: Hook,
  name: string,
  container: ContainerState,
): Promise<number> {
  if (container.status === "exited" && container.startedAt !== "") return container.exitCode ?? 1;
  const limit = AbortSignal.timeout(hook.timeoutMs);
  const signal = AbortSignal.any([limit, input.signal]);
  await input.engine.start(container.id);
  const logs = showLines(input, name, container.id, signal);
  try {
    const exitCode = await input.engine.wait(container.id, signal);
    await logs;
    return exitCode;
  } catch (error) {
    if (!signal.aborted) throw error;
    await input.engine.stop(container.id);
    const message = input.signal.aborted
      ? `hook ${name} was given up`
      : `hook ${name} took longer than ${hook.timeoutMs / 1000} s`;
    throw new CutoverError("HOOK_FAILED", message, {
      details: await input.engine.lastLines(container.id, 20),
    });
  }
}

async function showLines(
  input: HookRunInput,
  source: string,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const line of input.engine.follow(id, signal)) input.emit({ type: "log", source, line });
  } catch {
    // The exit code decides; its output is shown as far as it came.
  }
}
