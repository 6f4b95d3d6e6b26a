import { composeVersion } from "../../engine/compose-command.ts";
import { engineVersion } from "../../engine/engine.ts";
import { version } from "../../install/version.ts";
import type { Context, Result } from "../context.ts";
import { openControl } from "../control-access.ts";
import { openEngine } from "../engine-access.ts";
import { table } from "../render/table.ts";

/** The versions of all that takes part; null for what does not answer. Never fails. */
export async function showVersion(context: Context): Promise<Result> {
  const [compose, daemons] = await Promise.all([
    composeVersion(context.env).catch(() => null),
    daemonVersions(context).catch(() => ({ engine: null, control: null, gateway: null })),
  ]);
  const data = { cutover: version, node: process.versions.node, compose, ...daemons };
  const rows = Object.entries(data).map(([name, value]) => [name, value ?? "does not answer"]);
  return { exit: 0, data, text: table(rows) };
}

interface DaemonVersions {
  engine: string | null;
  control: string | null;
  gateway: string | null;
}

async function daemonVersions(context: Context): Promise<DaemonVersions> {
  await using connection = await openEngine(context);
  const [engine, status] = await Promise.all([
    engineVersion(connection).then(
      (answer) => answer.version,
      () => null,
    ),
    openControl(context, connection)
      .then((control) => control.status())
      .catch(() => null),
  ]);
  return { engine, control: status?.version ?? null, gateway: status?.gateway?.version ?? null };
}
