import type { Context, Result } from "../context.ts";
import { openControl } from "../control-access.ts";
import { openEngine } from "../engine-access.ts";
import { renderStatus } from "../render/status.ts";
import { styleOf } from "../render/style.ts";

/** Every app, or the one named with -p, with control and gateway. @throws CONTROL_UNREACHABLE when control is not there */
export async function status(context: Context): Promise<Result> {
  await using connection = await openEngine(context);
  const api = await openControl(context, connection);
  const { projectName } = context.globals;
  const [control, apps] = await Promise.all([
    api.status(),
    projectName === null ? api.apps() : api.app(projectName).then((app) => [app]),
  ]);
  const view = { control, apps };
  const style = styleOf(context.io.stdout, context.env);
  return { exit: 0, data: view, text: renderStatus(view, style, context.io.now()) };
}
