import type { Context, Result } from "../context.ts";
import type { Control } from "../control-requests.ts";
import { showMs } from "../render/quantity.ts";
import { routeUrl, streamUrl } from "../render/status.ts";
import { styleOf } from "../render/style.ts";
import { type Ending, requireLive } from "./conduct.ts";

/** What a deployment's command prints at its end; with --json the events have said it all. */
export async function endingResult(
  context: Context,
  control: Control,
  app: string,
  ending: Ending,
  began: number,
): Promise<Result> {
  const style = styleOf(context.io.stdout, context.env);
  if (ending.kind === "detached") {
    const text = `${app}: deployment ${ending.deployment} goes on without this command; \`cutover status\` shows how it stands.\n`;
    return { exit: 0, data: { at: context.io.now(), type: "detached", deployment: ending.deployment }, text };
  }
  const { outcome } = ending;
  requireLive(outcome);
  if (outcome.outcome === "unchanged") {
    return {
      exit: 0,
      data: undefined,
      text: `${style.green(style.good)} ${app} is up to date: release ${outcome.release}\n`,
    };
  }
  const urls = context.json ? [] : await routeUrls(control, app);
  const head = `${style.green(style.good)} ${style.bold(app)} release ${outcome.release} is live`;
  const text = [
    head,
    style.dim(showMs(context.io.now() - began)),
    ...urls.map((url) => style.cyan(url)),
  ].join("  ");
  return { exit: 0, data: undefined, text: `${text}\n` };
}

/** Where the app is served; nothing when control can't say. */
async function routeUrls(control: Control, app: string): Promise<string[]> {
  try {
    const [summary, status] = await Promise.all([control.app(app), control.status()]);
    const listeners = status.gateway?.listeners ?? [];
    const urls = [
      ...summary.routes.map((route) => routeUrl(route, listeners)),
      ...(summary.streams ?? []).map((stream) => streamUrl(stream, listeners)),
    ];
    return [...new Set(urls)].slice(0, 3);
  } catch {
    return [];
  }
}
