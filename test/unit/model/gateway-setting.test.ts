import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isAddressBlock } from "../../../src/model/address.ts";
import { durationText, parseDuration } from "../../../src/model/duration.ts";
import { gatewaySettingCatalogue } from "../../../src/model/gateway-setting-catalogue.ts";
import {
  findSetting,
  parseSetting,
  readGatewaySettings,
  settingExpectation,
  settingText,
} from "../../../src/model/gateway-setting.ts";
import { defaultGatewaySettings } from "../../../src/model/gateway-settings.ts";
import { parseSize, sizeText } from "../../../src/model/size.ts";

describe("the catalogue of the gateway's settings", () => {
  test("has each setting once, under one name", () => {
    const keys = gatewaySettingCatalogue.map(({ key }) => key);
    expect(keys.toSorted()).toEqual(Object.keys(defaultGatewaySettings).toSorted());
    expect(new Set(gatewaySettingCatalogue.map(({ name }) => name)).size).toBe(keys.length);
    for (const { name, meaning } of gatewaySettingCatalogue) {
      expect(name).toMatch(/^[a-z]+(?:-[a-z]+)*$/);
      expect(meaning).toMatch(/^[A-Z].*\.$/);
    }
  });

  test.each(gatewaySettingCatalogue.map((setting) => [setting.name, setting] as const))(
    "%s: its default is within its bounds, and its text gives it back",
    (_, setting) => {
      const value = defaultGatewaySettings[setting.key];
      const text = settingText(setting, value);
      expect(parseSetting(setting, text)).toEqual(value);
      expect(settingExpectation(setting.kind)).not.toBe("");
    },
  );
});

describe("a setting's value", () => {
  test.each([
    ["transport", "raw", "raw"],
    ["forwarded", "true", true],
    ["trusted-proxies", "10.0.0.0/8, ::1", ["10.0.0.0/8", "::1"]],
    ["trusted-proxies", "", []],
    ["error-pages", "/etc/pages", "/etc/pages"],
    ["error-pages", "", ""],
    ["header-timeout", "1m30s", 90_000],
    ["tunnel-timeout", "0s", 0],
    ["min-rate", "1k", 1_024],
    ["max-fields", "64", 64],
  ])("%s takes %j", (name, text, value) => {
    const setting = findSetting(name);
    expect(setting && parseSetting(setting, text)).toEqual(value);
  });

  test.each([
    ["transport", "fast"],
    ["forwarded", "yes"],
    ["trusted-proxies", "10.0.0.0/33"],
    ["trusted-proxies", "example.com"],
    ["trusted-proxies", "10.0.0.1,,10.0.0.2"],
    ["error-pages", "pages"],
    ["spool", ""],
    ["header-timeout", "15"],
    ["header-timeout", "0s"],
    ["header-timeout", "25h"],
    ["max-line", "1m"],
    ["max-fields", "7"],
    ["max-fields", "1e3"],
  ])("%s does not take %j", (name, text) => {
    const setting = findSetting(name);
    expect(setting && parseSetting(setting, text)).toBeNull();
  });

  test("those that contradict each other are refused together", () => {
    expect(() => readGatewaySettings({ "proxy-protocol": "true" })).toThrow("needs trusted-proxies");
    const both = { "proxy-protocol": "true", "trusted-proxies": "10.0.0.0/8" };
    expect(readGatewaySettings(both)).toMatchObject({ proxyProtocol: true, trustedProxies: ["10.0.0.0/8"] });
  });
});

test.each([
  ["64k", 65_536],
  ["10mb", 10_485_760],
  ["1.5G", 1_610_612_736],
  ["100b", 100],
  ["100", 100],
  ["10bb", null],
  ["k", null],
  ["-1", null],
  ["1t", null],
])("the size %j is %s bytes", (text, bytes) => expect(parseSize(text)).toBe(bytes));

test("sizes and durations are written so that they are read back", () => {
  fc.assert(fc.property(fc.nat({ max: 2 ** 31 }), (value) => parseSize(sizeText(value)) === value));
  fc.assert(fc.property(fc.nat({ max: 2 ** 31 }), (value) => parseDuration(durationText(value)) === value));
  expect([sizeText(65_536), sizeText(1_500), durationText(90_500), durationText(86_400_000)]).toEqual([
    ...["64k", "1500b", "1m30s500ms", "24h"],
  ]);
});

test.each([
  ["10.0.0.1", true],
  ["10.0.0.0/8", true],
  ["::1", true],
  ["::", true],
  ["fd00::/8", true],
  ["2001:db8:1:2:3:4:5:6/128", true],
  ["::ffff:10.0.0.1/96", true],
  ["1:2:3:4:5:6:10.0.0.1", true],
  ["10.0.0", false],
  ["010.0.0.1", false],
  ["10.0.0.1/", false],
  ["10.0.0.1/33", false],
  ["10.0.0.1/8/8", false],
  ["::1/129", false],
  ["1:2:3:4:5:6:7", false],
  ["1:2:3:4:5:6:7:8:9", false],
  ["1::2::3", false],
  ["10.0.0.1::", false],
  ["12345::", false],
  ["", false],
])("%j is an address or block: %s", (text, is) => expect(isAddressBlock(text)).toBe(is));
