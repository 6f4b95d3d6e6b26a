import { stat } from "node:fs/promises";
import { didYouMean } from "../compose/nearest.ts";
import type { EngineHost } from "../engine/host.ts";
import { CutoverError } from "../model/error.ts";
import {
  findSetting,
  parseSetting,
  readGatewaySettings,
  settingExpectation,
  settingText,
} from "../model/gateway-setting.ts";
import { type GatewaySetting, gatewaySettingCatalogue } from "../model/gateway-setting-catalogue.ts";
import { installLabel } from "./names.ts";

/** Settings of the gateway that were said, by name, each in its one text; all others are the default. */
export type SaidSettings = Readonly<Record<string, string>>;

/** What `cutover up` is to change: null goes back to the default. */
export type SettingChanges = Readonly<Record<string, string | null>>;

/** Where the gateway's container has the directories that a setting names on the engine's machine. */
const mountPoints: Record<string, { path: string; readOnly: boolean }> = {
  "error-pages": { path: "/etc/cutover/error-pages", readOnly: true },
  spool: { path: "/var/spool/cutover", readOnly: false },
};

/**
 * Changes from `NAME=VALUE` texts; nothing behind the equals sign goes back to the default. The last of a name wins.
 * @throws CutoverError USAGE with the nearest name, or with what the setting takes
 */
export function readSettingChanges(texts: readonly string[]): SettingChanges {
  return Object.fromEntries(texts.map(readChange));
}

function readChange(text: string): [name: string, value: string | null] {
  const at = text.indexOf("=");
  if (at < 0) throw usage(`\`${text}\` is no setting; write NAME=VALUE, or NAME= for the default.`);
  const name = text.slice(0, at).trim();
  const value = text.slice(at + 1).trim();
  const setting = findSetting(name);
  if (!setting) {
    const near = didYouMean(
      name,
      gatewaySettingCatalogue.map((one) => one.name),
    );
    throw usage(`The gateway has no setting \`${name}\`.${near.replaceAll('"', "`")}`);
  }
  if (value === "") return [name, null];
  const parsed = parseSetting(setting, value);
  if (parsed !== null) return [name, settingText(setting, parsed)];
  throw usage(`\`--gateway ${name}\` takes ${settingExpectation(setting.kind)}, not \`${value}\`.`);
}

/**
 * What the gateway is to have: what its container says that it has, and the changes. What a container of another
 * version says and this one does not take is left out, with a warning.
 * @throws CutoverError USAGE for settings that contradict each other
 */
export function chooseSettings(
  labels: Readonly<Record<string, string>>,
  changes: SettingChanges,
): { settings: SaidSettings; warnings: string[] } {
  const warnings: string[] = [];
  const settings: Record<string, string> = {};
  const kept = keptSettings(labels);
  for (const [name, text] of Object.entries({ ...kept, ...changes })) {
    if (text === null) continue;
    const setting = findSetting(name);
    if (setting && parseSetting(setting, text) !== null) settings[name] = text;
    else
      warnings.push(`The gateway had \`${name}=${text}\`, which this version does not take: it is left out.`);
  }
  readGatewaySettings(settings, (name) => `\`${name}\``);
  return { settings, warnings };
}

/** The settings that a gateway's container was started with, by its labels. */
export function keptSettings(labels: Readonly<Record<string, string>>): Record<string, string> {
  const text = labels[installLabel.settings];
  return text === undefined ? {} : (JSON.parse(text) as Record<string, string>);
}

/** What of a container's definition says the settings: flags of the daemon, mounts, and the label they are kept in. */
export function settingsOfSpec(settings: SaidSettings): {
  flags: string[];
  mounts: object[];
  labels: Record<string, string>;
} {
  const said = gatewaySettingCatalogue.flatMap((setting): [GatewaySetting, string][] => {
    const text = settings[setting.name];
    return text === undefined ? [] : [[setting, text]];
  });
  return {
    flags: said.flatMap(([{ name }, text]) => [`--${name}`, mountPoints[name]?.path ?? text]),
    mounts: said.flatMap(([{ name }, text]) => {
      const point = mountPoints[name];
      return point ? [{ Type: "bind", Source: text, Target: point.path, ReadOnly: point.readOnly }] : [];
    }),
    labels:
      said.length === 0
        ? {}
        : {
            [installLabel.settings]: JSON.stringify(
              Object.fromEntries(said.map(([one, text]) => [one.name, text])),
            ),
          },
  };
}

/**
 * Looks at the directories that settings name, where the engine's machine is this one; on another the engine looks.
 * @throws CutoverError USAGE for one that is not there
 */
export async function checkDirectories(settings: SaidSettings, host: EngineHost): Promise<void> {
  if (!host.local) return;
  for (const name of Object.keys(mountPoints)) {
    const path = settings[name];
    if (path === undefined) continue;
    const found = await stat(path).catch(() => null);
    if (found?.isDirectory()) continue;
    throw usage(
      `The gateway's setting \`${name}\` names ${path}, which is no directory.`,
      `Make it, or go back to the default with \`cutover up --gateway ${name}=\`.`,
    );
  }
}

function usage(
  message: string,
  hint = "See docs/reference/gateway-settings.md for names and values.",
): CutoverError {
  return new CutoverError("USAGE", message, { hint });
}
