import { didYouMean } from "../../compose/nearest.ts";
import type { ContainerState } from "../../deploy/ports.ts";
import { createEngine } from "../../engine/engine.ts";
import { CutoverError } from "../../model/error.ts";
import { label } from "../../model/labels.ts";
import type { Context, Result } from "../context.ts";
import { openControl } from "../control-access.ts";
import { openEngine } from "../engine-access.ts";
import { LogPrinter, type LogSource } from "../logs/printer.ts";
import { switchesOf } from "../logs/switches.ts";
import { appName } from "../project.ts";
import { styleOf } from "../render/style.ts";

export interface LogsOptions {
  services: string[];
  follow: boolean;
  /** Null is the live one. */
  release: number | null;
  tail: number | "all";
  timestamps: boolean;
  prefix: boolean;
}

/** Why following stops when a person or the reader of the output wants it to. */
const ended = Symbol("ended");

/**
 * Prints what a release's containers print, ordered by time; with `follow` it goes on, and moves to the new release
 * at every switch unless one was named.
 * @throws APP_UNKNOWN, RELEASE_UNKNOWN, SERVICE_UNKNOWN
 */
export async function logs(context: Context, options: LogsOptions): Promise<Result> {
  const app = await appName(context);
  await using connection = await openEngine(context);
  const engine = createEngine(connection, context.instance);
  const stop = new AbortController();
  const release = context.io.onSignal(() => stop.abort(ended));
  context.io.unread.addEventListener("abort", () => stop.abort(ended), { once: true });
  try {
    const control = options.release === null ? await openControl(context, connection) : null;
    const live = control ? (await control.app(app)).live : null;
    const number = options.release ?? live?.number;
    if (number === undefined) throw new CutoverError("RELEASE_UNKNOWN", `No release of ${app} is live.`);
    const sources = async (of: number) =>
      chosen(
        await engine.containers({ [label.app]: app, [label.release]: String(of) }),
        app,
        of,
        options.services,
      );
    const style = styleOf(context.io.stdout, context.env);
    const printer = new LogPrinter(connection, context.io.stdout, style, { ...options, signal: stop.signal });
    if (!options.follow) {
      await printer.past(await sources(number));
      return { exit: 0, data: undefined, text: null };
    }
    const follow = (found: LogSource[], tail: number | "all") => {
      const following = printer.follow(found, tail);
      following.catch((error) => stop.abort(error));
      return following;
    };
    const first = follow(await sources(number), options.tail);
    if (!control) await first;
    else {
      for await (const next of switchesOf({ engine, control, app, signal: stop.signal })) {
        const found = await sources(next);
        if (context.io.stderr.isTTY)
          context.io.stderr.write(
            `${styleOf(context.io.stderr, context.env).dim(`release ${next} is live`)}\n`,
          );
        follow(found, "all");
      }
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    if (stop.signal.reason !== ended) throw stop.signal.reason;
  } finally {
    release();
  }
  return { exit: 0, data: undefined, text: null };
}

/** The containers whose lines are wanted, called as compose calls them: `web-1`. */
function chosen(containers: ContainerState[], app: string, release: number, services: string[]): LogSource[] {
  const own = containers.filter((container) => container.labels[label.role] !== "hook");
  if (own.length === 0) {
    throw new CutoverError("RELEASE_UNKNOWN", `Release ${release} of ${app} has no containers (any more).`);
  }
  const known = new Set(own.map((container) => container.labels[label.service] ?? ""));
  for (const service of services) {
    if (known.has(service)) continue;
    const message = `Release ${release} of ${app} has no service "${service}".${didYouMean(service, known)}`;
    throw new CutoverError("SERVICE_UNKNOWN", message, {
      hint: `It has ${[...known].sort().join(", ")}; \`docker compose logs\` shows what stays in the base project.`,
    });
  }
  return own
    .filter((container) => services.length === 0 || services.includes(container.labels[label.service] ?? ""))
    .map(({ id, labels }) => ({
      id,
      name: `${labels[label.service]}-${labels["com.docker.compose.container-number"] ?? "1"}`,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
