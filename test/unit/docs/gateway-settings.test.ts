import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { settingExpectation, settingText } from "../../../src/model/gateway-setting.ts";
import { gatewaySettingCatalogue } from "../../../src/model/gateway-setting-catalogue.ts";
import { defaultGatewaySettings } from "../../../src/model/gateway-settings.ts";

const page = readFileSync(new URL("../../../docs/reference/gateway-settings.md", import.meta.url), "utf8");

test("docs/reference/gateway-settings.md has a row for every setting, in the catalogue's order and words", () => {
  const rows = page.split("\n").filter((line) => /^\| `[a-z-]+` \|/.test(line));
  const expected = gatewaySettingCatalogue.map((setting) => {
    const { name, key, kind, meaning } = setting;
    const text = settingText(setting, defaultGatewaySettings[key]);
    const fallback = text === "" ? "none" : `\`${text}\``;
    return `| \`${name}\` | ${fallback} | ${settingExpectation(kind)} | ${meaning} |`;
  });
  expect(rows).toEqual(expected);
});
