import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  canAbort,
  isBeforeSwitch,
  type MachineState,
  nextAction,
  recovery,
} from "../../../src/deploy/machine.ts";
import { steps } from "../../../src/model/deployment.ts";

const anyState: fc.Arbitrary<MachineState> = fc.record({
  step: fc.constantFrom(...steps),
  ended: fc.boolean(),
  abort: fc.boolean(),
  complete: fc.boolean(),
});

describe("nextAction", () => {
  it("walks the steps in order when nothing goes wrong", () => {
    const actions = steps.map((step) => nextAction({ step, ended: false, abort: false, complete: false }));
    expect(actions).toEqual([
      "await-start",
      "await-start",
      "await-ready",
      "verify",
      "switch",
      "drain",
      "retire",
    ]);
  });

  it("never touches the running release before the switch", () => {
    fc.assert(
      fc.property(anyState, (state) => {
        const touching = ["switch-back", "drain", "retire"];
        if (isBeforeSwitch(state.step)) expect(touching).not.toContain(nextAction(state));
      }),
    );
  });

  it("never removes the new release once it may have traffic", () => {
    fc.assert(
      fc.property(anyState, (state) => {
        if (nextAction(state) === "clean-up") expect(isBeforeSwitch(state.step)).toBe(true);
      }),
    );
  });

  it("has an end for every state: an ended one does nothing, a complete one finishes", () => {
    fc.assert(
      fc.property(anyState, (state) => {
        const action = nextAction(state);
        if (state.ended) expect(action).toBe("none");
        else if (state.complete) expect(action).toBe("finish");
        else expect(action).not.toBe("none");
      }),
    );
  });

  it("gives up only where giving up has an effect", () => {
    for (const step of steps) {
      const given = nextAction({ step, ended: false, abort: true, complete: false });
      const not = nextAction({ step, ended: false, abort: false, complete: false });
      expect(given !== not).toBe(canAbort(step));
    }
  });
});

describe("recovery", () => {
  it("gives up what nobody will go on starting", () => {
    expect(steps.filter((step) => recovery(step, false) === null)).toEqual([
      "prepare",
      "start",
      "ready",
      "verify",
    ]);
    expect(steps.filter((step) => recovery(step, true) === null)).toEqual([]);
  });

  it("looks at readiness again before a switch that did not take place, and never goes back over one", () => {
    expect(steps.map((step) => recovery(step, true))).toEqual([
      "ready",
      "ready",
      "ready",
      "ready",
      "ready",
      "drain",
      "retire",
    ]);
  });
});
