import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  checkDirectories,
  chooseSettings,
  readSettingChanges,
  settingsOfSpec,
} from "../../../src/install/gateway-settings.ts";

describe("settings on the command line", () => {
  test("each is put in its one text; an empty one goes back to the default; the last of a name wins", () => {
    expect(
      readSettingChanges([
        "header-timeout=0.5m",
        "max-line=4096",
        "spool=",
        "access-log=all",
        "access-log=off",
      ]),
    ).toEqual({ "header-timeout": "30s", "max-line": "4k", spool: null, "access-log": "off" });
  });

  test.each([
    ["access-log", "`access-log` is no setting; write NAME=VALUE"],
    ["acces-log=off", "The gateway has no setting `acces-log`. Did you mean `access-log`?"],
    ["zzzzzzzz=off", "The gateway has no setting `zzzzzzzz`."],
    ["access-log=none", "`--gateway access-log` takes all, errors or off, not `none`."],
    ["header-timeout=48h", "takes a duration from 10ms to 24h, such as 30s, not `48h`."],
    ["error-pages=./pages", "takes an absolute path of a directory, not `./pages`."],
  ])("%s", (text, message) => {
    expect(() => readSettingChanges([text])).toThrow(
      expect.objectContaining({ code: "USAGE", message: expect.stringContaining(message) }),
    );
  });
});

describe("settings of a gateway that runs", () => {
  const { labels } = settingsOfSpec({ "access-log": "off", "max-fields": "64" });

  test("stay unless something else is said", () => {
    expect(chooseSettings(labels, {}).settings).toEqual({ "access-log": "off", "max-fields": "64" });
    expect(chooseSettings(labels, { "access-log": null, "max-head": "64k" }).settings).toEqual({
      "max-fields": "64",
      "max-head": "64k",
    });
    expect(chooseSettings({}, {})).toEqual({ settings: {}, warnings: [] });
    expect(settingsOfSpec({})).toEqual({ flags: [], mounts: [], labels: {} });
  });

  test("that this version does not know or take are left out with a warning", () => {
    const of = { "dev.cutover.gateway-settings": '{"gone":"1","max-fields":"5","access-log":"off"}' };
    const { settings, warnings } = chooseSettings(of, {});
    expect(settings).toEqual({ "access-log": "off" });
    expect(warnings).toEqual([
      expect.stringContaining("`gone=1`, which this version does not take"),
      expect.stringContaining("`max-fields=5`"),
    ]);
  });

  test("that contradict each other are refused", () => {
    expect(() => chooseSettings(labels, { "proxy-protocol": "true" })).toThrow(
      "`proxy-protocol` needs `trusted-proxies`",
    );
  });
});

test("a directory that is not there is told where the engine's machine is this one", async () => {
  const directory = mkdtempSync(join(tmpdir(), "pages-"));
  try {
    const file = join(directory, "file");
    writeFileSync(file, "");
    const host = { architecture: "", operatingSystem: "", local: true, rootless: false, desktop: false };
    await checkDirectories({ "error-pages": directory }, host);
    await expect(checkDirectories({ "error-pages": file }, host)).rejects.toMatchObject({
      code: "USAGE",
      message: `The gateway's setting \`error-pages\` names ${file}, which is no directory.`,
      hint: expect.stringContaining("cutover up --gateway error-pages="),
    });
    await checkDirectories({ spool: "/no/such/directory" }, { ...host, local: false });
  } finally {
    rmSync(directory, { recursive: true });
  }
});
