import { describe, expect, test } from "vitest";
import { readOptions, settingVariable } from "../../../src/gateway/options.ts";
import { gatewaySettingCatalogue } from "../../../src/model/gateway-setting-catalogue.ts";
import { settingText } from "../../../src/model/gateway-setting.ts";
import { defaultGatewaySettings } from "../../../src/model/gateway-settings.ts";

describe("options of the gateway", () => {
  test("come from the command line, then the environment, then defaults", () => {
    const env = {
      CUTOVER_HTTP_PORT: "82",
      CUTOVER_BIND: "127.0.0.1",
      CUTOVER_GATEWAY_ACCESS_LOG: "errors",
      CUTOVER_GATEWAY_MAX_LINE: "4k",
    };
    expect(readOptions(["--http-port", "81", "--workers=3", "--access-log", "off"], env)).toEqual({
      instance: "cutover",
      httpPort: 81,
      bind: "127.0.0.1",
      socket: "/run/cutover/gateway.sock",
      snapshot: "/run/cutover/table.json",
      workers: 3,
      settings: { ...defaultGatewaySettings, workers: 3, accessLog: "off", maxLineBytes: 4_096 },
    });
    expect(readOptions([], { CUTOVER_INSTANCE: "demo" }).instance).toBe("demo");
    expect(readOptions([], {}).workers).toBeGreaterThanOrEqual(2);
    expect(readOptions([], { CUTOVER_WORKERS: "5" }).workers).toBe(5);
    expect(readOptions([], {}).settings).toEqual(defaultGatewaySettings);
  });

  test.each([
    [["--http-port", "x"], "--http-port takes a whole number from 1 to 65535, not 'x'"],
    [["--http-port", "70000"], "--http-port"],
    [["--workers", "257"], "--workers takes a whole number from 0 to 256, not '257'"],
    [["--unknown", "1"], "--unknown"],
    [
      ["--header-timeout", "soon"],
      "--header-timeout takes a duration from 10ms to 24h, such as 30s, not 'soon'",
    ],
    [["--proxy-protocol", "true"], "--proxy-protocol needs --trusted-proxies"],
    [["--max-head", "1k"], "--max-line is more than --max-head"],
  ])("%j is wrong", (args, message) => {
    expect(() => readOptions(args, {})).toThrow(
      expect.objectContaining({ code: "USAGE", message: expect.stringContaining(message) }),
    );
  });

  test("every setting has a flag and a variable", () => {
    for (const setting of gatewaySettingCatalogue) {
      const { name, key } = setting;
      const value = defaultGatewaySettings[key];
      const text = settingText(setting, value);
      expect(readOptions([`--${name}`, text], {}).settings[key]).toEqual(value);
      expect(readOptions([], { [settingVariable(name)]: text }).settings[key]).toEqual(value);
      expect(settingVariable(name)).toMatch(/^CUTOVER_GATEWAY_[A-Z_]+$/);
    }
  });
});
