import { connectControl } from "../../install/connect.ts";
import { CutoverError } from "../../model/error.ts";
import { type Control, controlRequests } from "../control-requests.ts";
import type { Desk } from "./desk.ts";

/**
 * Control, ready to deploy; it and the gateway are started first when they are missing or do not run.
 * @throws what `ensureUp` does, and CONTROL_VERSION when those that run are of another version
 */
export async function connectOrInstall(desk: Desk): Promise<Control> {
  const { connection, context } = desk;
  const connect = async () => controlRequests(await connectControl(connection, context.instance));
  const first = await connect().catch((error: unknown) => {
    if (error instanceof CutoverError && error.code === "CONTROL_UNREACHABLE") return null;
    throw error;
  });
  if (first && (await first.status()).gateway) return first;
  desk.say({
    type: "note",
    message: `Starting what is missing of ${context.instance}'s control and gateway`,
  });
  const { ensureUp } = await import("../../install/up.ts");
  const result = await ensureUp({
    connection,
    instance: context.instance,
    replace: false,
    onProgress: (message) => desk.say({ type: "log", source: "install", line: message }),
  });
  desk.say({ type: "note", message: `The gateway listens on port ${result.httpPort}` });
  return connect();
}
