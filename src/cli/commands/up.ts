import { readSettingChanges } from "../../install/gateway-settings.ts";
import { ensureUp, type UpResult } from "../../install/up.ts";
import type { Context, Result } from "../context.ts";
import { openEngine } from "../engine-access.ts";
import { type Style, styleOf } from "../render/style.ts";
import { wrap } from "../render/table.ts";

export interface UpCommandOptions {
  httpPort: number | null;
  httpsPort: number | null;
  bind: string | null;
  /** `NAME=VALUE`, in order. */
  settings: string[];
}

/** Starts or repairs control and gateway. Idempotent. @throws USAGE for a wrong setting, PORT_TAKEN, DAEMON_IMAGE and the engine's errors */
export async function up(context: Context, options: UpCommandOptions): Promise<Result> {
  const settings = readSettingChanges(options.settings);
  await using connection = await openEngine(context);
  const progress = (message: string) => void context.io.stderr.write(`  ${message}\n`);
  const result = await ensureUp({
    connection,
    instance: context.instance,
    replace: true,
    httpPort: options.httpPort ?? undefined,
    httpsPort: options.httpsPort ?? undefined,
    bind: options.bind ?? undefined,
    settings,
    ...(context.json ? {} : { onProgress: progress }),
  });
  return { exit: 0, data: result, text: renderUp(result, styleOf(context.io.stdout, context.env)) };
}

function renderUp(result: UpResult, style: Style): string {
  const place = result.bind === null ? `port ${result.httpPort}` : `${result.bind}, port ${result.httpPort}`;
  const changes = Object.entries(result.changes).map(([component, change]) => `${component} ${change}`);
  const settings = Object.entries(result.settings).map(([name, text]) => `${name}=${text}`);
  const lines = [
    ...result.warnings.map((warning) => wrap(`${style.yellow(style.warn)} ${warning}`, style.wrapAt, 2)),
    `${style.green(style.good)} control and gateway run  version ${result.status.version}  HTTP on ${place}`,
    `  ${style.dim(changes.join(", "))}`,
    ...(settings.length === 0 ? [] : [wrap(`  gateway: ${settings.join(" ")}`, style.wrapAt, 4)]),
  ];
  return `${lines.join("\n")}\n`;
}
