import type { Context, Result } from "../context.ts";
import { openControl } from "../control-access.ts";
import { openEngine } from "../engine-access.ts";
import { appName } from "../project.ts";
import { renderHistory } from "../render/history.ts";
import { styleOf } from "../render/style.ts";

/** The app's releases, newest first. @throws APP_UNKNOWN */
export async function history(context: Context): Promise<Result> {
  const app = await appName(context);
  await using connection = await openEngine(context);
  const releases = await (await openControl(context, connection)).releases(app);
  const style = styleOf(context.io.stdout, context.env);
  return { exit: 0, data: { app, releases }, text: renderHistory(releases, style) };
}
