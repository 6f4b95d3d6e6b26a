import { CutoverError } from "../model/error.ts";
import type { Context, Result } from "./context.ts";
import type { DeploymentOptions } from "./options.ts";
import { longestMs } from "./values.ts";

/** Options as commander gives them; `createProgram` is where each is declared and parsed. */
interface Raw {
  build?: boolean;
  pull?: "always" | "missing" | "never";
  plan?: boolean;
  force?: boolean;
  scale?: Record<string, number>;
  detach?: boolean;
  timeout?: number;
  waitLock?: number | true;
  follow?: boolean;
  release?: number;
  tail?: number | "all";
  timestamps?: boolean;
  logPrefix?: boolean;
  httpPort?: number;
  httpsPort?: number;
  bind?: string;
  gateway?: string[];
  all?: boolean;
  yes?: boolean;
}

/** Runs one command. Only its own module is loaded, so that `cutover --help` costs no more than the parser. */
export async function dispatch(name: string, context: Context, raw: Raw, args: unknown[]): Promise<Result> {
  switch (name) {
    case "deploy": {
      const { deploy } = await import("./commands/deploy.ts");
      return deploy(context, {
        ...deployment(raw),
        services: args.flat().map(String),
        build: raw.build ?? true,
        pull: raw.pull ?? "missing",
        plan: raw.plan ?? false,
        force: raw.force ?? false,
        scale: raw.scale ?? {},
      });
    }
    case "rollback": {
      const { rollback } = await import("./commands/rollback.ts");
      return rollback(context, { ...deployment(raw), release: typeof args[0] === "number" ? args[0] : null });
    }
    case "status":
      return (await import("./commands/status.ts")).status(context);
    case "history":
      return (await import("./commands/history.ts")).history(context);
    case "logs": {
      const { logs } = await import("./commands/logs.ts");
      return logs(context, {
        services: args.flat().map(String),
        follow: raw.follow ?? false,
        release: raw.release ?? null,
        tail: raw.tail ?? "all",
        timestamps: raw.timestamps ?? false,
        prefix: raw.logPrefix ?? true,
      });
    }
    case "up": {
      const { up } = await import("./commands/up.ts");
      return up(context, {
        httpPort: raw.httpPort ?? null,
        httpsPort: raw.httpsPort ?? null,
        bind: raw.bind ?? null,
        settings: raw.gateway ?? [],
      });
    }
    case "down":
      return (await import("./commands/down.ts")).down(context, {
        all: raw.all ?? false,
        yes: raw.yes ?? false,
      });
    case "version":
      return (await import("./commands/version.ts")).showVersion(context);
    case "completion":
      return (await import("./commands/completion.ts")).completion(String(args[0]));
    case "plugin install":
      return (await import("./commands/plugin.ts")).installPlugin(context);
    case "plugin uninstall":
      return (await import("./commands/plugin.ts")).uninstallPlugin(context);
    default:
      throw new CutoverError("USAGE", `There is no command \`${name}\`.`);
  }
}

function deployment(raw: Raw): DeploymentOptions {
  return {
    detach: raw.detach ?? false,
    timeoutMs: raw.timeout ?? null,
    waitLockMs: raw.waitLock === true ? longestMs : (raw.waitLock ?? 0),
  };
}
