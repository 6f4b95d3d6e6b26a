import { EngineConnection } from "../engine/connection.ts";
import { resolveEndpoint } from "../engine/endpoint.ts";
import type { Context } from "./context.ts";

/**
 * Opens the engine that the command line and the environment name.
 * @throws ENGINE_UNREACHABLE, ENGINE_DENIED, ENGINE_TOO_OLD, USAGE
 */
export function openEngine(context: Pick<Context, "env">): Promise<EngineConnection> {
  return EngineConnection.open(resolveEndpoint({ env: context.env }));
}
