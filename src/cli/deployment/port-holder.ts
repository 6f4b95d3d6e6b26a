import type { EngineConnection } from "../../engine/connection.ts";
import { publishersOf } from "../../engine/containers.ts";
import { engineHost } from "../../engine/host.ts";
import { portHolder } from "../../install/port-holder.ts";
import { CutoverError } from "../../model/error.ts";
import type { Listener } from "../../model/route.ts";

/**
 * A refusal of control with PORT_TAKEN, with the name of what holds the port: the gateway that met it can't look
 * beyond its own container. Every other error is given back as it is.
 */
export async function withPortHolder(
  error: unknown,
  connection: EngineConnection,
  app: { name: string; listeners: readonly Listener[] },
): Promise<unknown> {
  if (!(error instanceof CutoverError) || error.code !== "PORT_TAKEN") return error;
  const port = Number(/(?:port |:)(\d+) is in use/.exec(error.message)?.[1]);
  const listener = app.listeners.find((one) => one.port === port);
  if (!listener) return error;
  const { local } = await engineHost(connection);
  const holder = await portHolder(connection, { port, bind: listener.host }, local);
  if (holder === null) return error;
  const place = listener.host === null ? `Port ${port}` : `Port ${port} on ${listener.host}`;
  const own = await ownService(connection, app.name, port);
  const hint =
    own === null
      ? "Stop what uses it, or publish another port in the compose file."
      : `docker compose started it. Remove it with \`docker compose rm -sf ${own}\` and deploy again: this once the port is handed over with a gap.`;
  return new CutoverError("PORT_TAKEN", `${place} is in use by ${holder}.`, { hint, cause: error });
}

/** The app's own service of which a container that compose started publishes the port; null when it is someone else's. */
async function ownService(connection: EngineConnection, app: string, port: number): Promise<string | null> {
  const publishers = await publishersOf(connection, port);
  const own = publishers.find(({ labels }) => labels["com.docker.compose.project"] === app);
  return own?.labels["com.docker.compose.service"] ?? null;
}
