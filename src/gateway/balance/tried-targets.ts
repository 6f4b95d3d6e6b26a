import type { TargetState } from "../target-state.ts";

/** Targets that one request was sent to. Used again for the next request, so nothing is allocated for it. */
export class TriedTargets {
  readonly #targets: TargetState[] = [];

  get count(): number {
    return this.#targets.length;
  }

  add(target: TargetState): void {
    this.#targets.push(target);
  }

  has(target: TargetState): boolean {
    const targets = this.#targets;
    for (let index = 0; index < targets.length; index += 1) if (targets[index] === target) return true;
    return false;
  }

  clear(): void {
    if (this.#targets.length > 0) this.#targets.length = 0;
  }
}
