import type { Context, Result } from "../context.ts";
import { openControl } from "../control-access.ts";
import { abortion } from "../deployment/abortion.ts";
import { startColour } from "../deployment/colour.ts";
import { conduct } from "../deployment/conduct.ts";
import { atDesk, sayLine } from "../deployment/desk.ts";
import { endingResult } from "../deployment/ending.ts";
import type { DeploymentSession } from "../deployment/session.ts";
import { whoAmI } from "../deployment/who.ts";
import type { RollbackOptions } from "../options.ts";
import { appName } from "../project.ts";

/**
 * Brings an earlier release back. Control does it by itself while the release's containers are there; else the command
 * makes them again from the stored release.
 * @throws NOTHING_TO_ROLL_BACK, RELEASE_UNKNOWN, RELEASE_GONE, BUSY, and the outcome's error
 */
export async function rollback(context: Context, options: RollbackOptions): Promise<Result> {
  const began = context.io.now();
  const app = await appName(context);
  return atDesk(context, async (desk) => {
    const control = await openControl(context, desk.connection);
    const asked = Promise.withResolvers<"control" | number>();
    const work = async (session: DeploymentSession, signal: AbortSignal) => {
      const number = await Promise.race([asked.promise, abortion(signal)]);
      if (number === "control") return session.takenOver();
      const onLine = (line: string) => sayLine(desk, "compose", line);
      const release = { ...(await control.release(app, number)), hooks: [] };
      await startColour({ context, begun: session.begun, release, number, onLine, signal });
      signal.throwIfAborted();
      await session.started();
    };
    const ending = await conduct({
      desk,
      control,
      app,
      detach: options.detach,
      request: {
        kind: "rollback",
        release: options.release,
        waitLockMs: options.waitLockMs,
        readyTimeoutMs: options.timeoutMs,
        who: whoAmI(context.env),
      },
      work,
      onEvent: (event) => {
        if (event.type === "containers-needed") asked.resolve(event.release);
        const underWay = event.type === "switched" || (event.type === "step" && event.step === "ready");
        if (underWay) asked.resolve("control");
      },
    });
    return endingResult(context, control, app, ending, began);
  });
}
