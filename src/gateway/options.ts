import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { CutoverError } from "../model/error.ts";
import { readGatewaySettings } from "../model/gateway-setting.ts";
import { gatewaySettingCatalogue } from "../model/gateway-setting-catalogue.ts";
import type { GatewaySettings } from "../model/gateway-settings.ts";

/** How the gateway daemon is started. */
export interface GatewayOptions {
  /** Whose gateway it is: names what it leaves in the kernel. */
  instance: string;
  httpPort: number;
  /** Address of the `http` listener; null binds every address. */
  bind: string | null;
  socket: string;
  snapshot: string;
  /** At least 1: the setting, or what it stands for on this machine. */
  workers: number;
  settings: GatewaySettings;
}

/**
 * Options from the command line, else from the environment (`CUTOVER_HTTP_PORT`, `CUTOVER_BIND`,
 * `CUTOVER_GATEWAY_SOCKET`, `CUTOVER_SNAPSHOT`, `CUTOVER_WORKERS`), and the settings of
 * `model/gateway-setting-catalogue.ts`: `--NAME VALUE`, else `CUTOVER_GATEWAY_NAME` in capitals with underscores.
 *
 * There are two workers or more unless asked otherwise, so that the listening socket outlives the crash of one.
 *
 * @throws CutoverError USAGE
 */
export function readOptions(args: string[], env: NodeJS.ProcessEnv): GatewayOptions {
  const given = parse(args);
  const settings = readGatewaySettings(settingTexts(given, env), (name) => `--${name}`);
  return {
    instance: env.CUTOVER_INSTANCE || "cutover",
    httpPort: port(given["http-port"] ?? env.CUTOVER_HTTP_PORT ?? "80"),
    bind: (given.bind ?? env.CUTOVER_BIND) || null,
    socket: given.socket ?? env.CUTOVER_GATEWAY_SOCKET ?? "/run/cutover/gateway.sock",
    snapshot: given.snapshot ?? env.CUTOVER_SNAPSHOT ?? "/run/cutover/table.json",
    workers: settings.workers || Math.max(2, availableParallelism()),
    settings,
  };
}

/** Variable that gives a setting where the command line does not: `CUTOVER_GATEWAY_MAX_LINE` of `max-line`. */
export function settingVariable(name: string): string {
  return `CUTOVER_GATEWAY_${name.toUpperCase().replaceAll("-", "_")}`;
}

function settingTexts(given: Given, env: NodeJS.ProcessEnv): Given {
  return Object.fromEntries(
    gatewaySettingCatalogue.map(({ name }) => [
      name,
      given[name] ?? env[settingVariable(name)] ?? (name === "workers" ? env.CUTOVER_WORKERS : undefined),
    ]),
  );
}

type Given = Record<string, string | undefined>;

function parse(args: string[]): Given {
  const names = [
    "http-port",
    "bind",
    "socket",
    "snapshot",
    ...gatewaySettingCatalogue.map(({ name }) => name),
  ];
  try {
    const options = Object.fromEntries(names.map((name) => [name, { type: "string" } as const]));
    return parseArgs({ args, options }).values;
  } catch (error) {
    throw new CutoverError("USAGE", error instanceof Error ? error.message : String(error));
  }
}

function port(text: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > 65_535) {
    throw new CutoverError("USAGE", `--http-port takes a whole number from 1 to 65535, not '${text}'`);
  }
  return value;
}
