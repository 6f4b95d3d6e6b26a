import { isAddressBlock } from "./address.ts";
import { durationText, parseDuration } from "./duration.ts";
import { CutoverError } from "./error.ts";
import {
  type GatewaySetting,
  gatewaySettingCatalogue,
  type SettingKind,
} from "./gateway-setting-catalogue.ts";
import { defaultGatewaySettings, type GatewaySettings } from "./gateway-settings.ts";
import { parseSize, sizeText } from "./size.ts";

export type SettingValue = GatewaySettings[keyof GatewaySettings];

/** Null when there is none of this name. */
export function findSetting(name: string): GatewaySetting | null {
  return gatewaySettingCatalogue.find((setting) => setting.name === name) ?? null;
}

/** The value in a text; null when the text is none for this setting. */
export function parseSetting({ kind }: GatewaySetting, text: string): SettingValue | null {
  switch (kind.type) {
    case "choice":
      return kind.values.includes(text) ? (text as GatewaySettings["accessLog"]) : null;
    case "truth":
      return text === "true" ? true : text === "false" ? false : null;
    case "addresses": {
      const addresses = text === "" ? [] : text.split(",").map((one) => one.trim());
      return addresses.every(isAddressBlock) ? addresses : null;
    }
    case "directory":
      return (kind.none && text === "") || /^\/[^\0]*$/.test(text) ? text : null;
    default: {
      const value = parseQuantity(kind.type, text);
      return value !== null && value >= kind.min && value <= kind.max ? value : null;
    }
  }
}

function parseQuantity(type: "duration" | "size" | "count", text: string): number | null {
  if (type === "duration") return parseDuration(text);
  return type === "size" ? parseSize(text) : /^\d{1,10}$/.test(text) ? Number(text) : null;
}

/** A value as it is written in a command: the one text for all that mean the same. */
export function settingText({ kind }: GatewaySetting, value: SettingValue): string {
  if (Array.isArray(value)) return value.join(",");
  if (kind.type === "duration") return durationText(Number(value));
  if (kind.type === "size") return sizeText(Number(value));
  return String(value);
}

/** What a setting takes, for people: the end of "NAME takes …". */
export function settingExpectation(kind: SettingKind): string {
  switch (kind.type) {
    case "choice":
      return `${kind.values.slice(0, -1).join(", ")} or ${kind.values.at(-1)}`;
    case "truth":
      return "true or false";
    case "addresses":
      return "addresses and CIDR blocks with commas between, such as 10.0.0.0/8,fd00::/8";
    case "directory":
      return "an absolute path of a directory";
    case "duration":
      return `a duration from ${durationText(kind.min)} to ${durationText(kind.max)}, such as 30s`;
    case "size":
      return `a size from ${kind.min} to ${sizeText(kind.max)}, such as 16k`;
    case "count":
      return `a whole number from ${kind.min} to ${kind.max}`;
  }
}

/**
 * All settings after defaults.
 *
 * @param texts by the settings' names; what is left out is the default
 * @param shown how a setting is called in an error
 * @throws CutoverError USAGE for a value that its setting does not take, and for two that contradict each other
 */
export function readGatewaySettings(
  texts: Readonly<Record<string, string | undefined>>,
  shown: (name: string) => string = (name) => name,
): GatewaySettings {
  const said = gatewaySettingCatalogue.flatMap((setting): [string, SettingValue][] => {
    const text = texts[setting.name];
    if (text === undefined) return [];
    const value = parseSetting(setting, text);
    if (value === null) {
      throw new CutoverError(
        "USAGE",
        `${shown(setting.name)} takes ${settingExpectation(setting.kind)}, not '${text}'`,
      );
    }
    return [[setting.key, value]];
  });
  const settings: GatewaySettings = { ...defaultGatewaySettings, ...Object.fromEntries(said) };
  if (settings.proxyProtocol && settings.trustedProxies.length === 0) {
    const from = shown("trusted-proxies");
    throw new CutoverError(
      "USAGE",
      `${shown("proxy-protocol")} needs ${from}: whose PROXY headers are believed`,
    );
  }
  if (settings.maxLineBytes > settings.maxHeadBytes) {
    throw new CutoverError(
      "USAGE",
      `${shown("max-line")} is more than ${shown("max-head")}, which it is a part of`,
    );
  }
  return settings;
}
