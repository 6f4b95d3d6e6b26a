import type { EngineConnection } from "../engine/connection.ts";
import { connectControl } from "../install/connect.ts";
import type { Context } from "./context.ts";
import { type Control, controlRequests } from "./control-requests.ts";

/**
 * Control of this installation, over its socket or through its container.
 * @throws CONTROL_UNREACHABLE, CONTROL_VERSION
 */
export async function openControl(
  context: Pick<Context, "instance">,
  connection: EngineConnection,
): Promise<Control> {
  return controlRequests(await connectControl(connection, context.instance));
}
