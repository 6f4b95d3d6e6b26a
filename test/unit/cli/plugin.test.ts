import { mkdir, mkdtemp, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { pluginArguments } from "../../../src/cli/plugin.ts";
import { runCli } from "../../../src/cli/run.ts";
import { fakeIo } from "./fake-io.ts";

describe("called by docker", () => {
  test("answers with the metadata", async () => {
    const io = fakeIo(["docker-cli-plugin-metadata"], { name: "docker-cutover" });
    expect(await runCli(io)).toBe(0);
    expect(JSON.parse(io.out())).toMatchObject({
      SchemaVersion: "0.1.0",
      Vendor: "Cutover",
      Version: expect.stringMatching(/^\d/),
      ShortDescription: expect.any(String),
    });
  });

  test("what follows `cutover` is the command line", async () => {
    const io = fakeIo(["cutover", "--version"], { name: "docker-cutover" });
    expect(await runCli(io)).toBe(0);
    expect(io.out()).toMatch(/^cutover \d/);
  });

  test("`docker help cutover` shows the help under the name typed", async () => {
    const io = fakeIo(["help", "cutover"], { name: "docker-cutover" });
    expect(await runCli(io)).toBe(0);
    expect(io.out()).toContain("Usage: docker cutover");
  });
});

describe("docker's own flags", () => {
  const before = { DOCKER_HOST: "tcp://old", HOME: "/home/me" };

  test.each([
    [["--context", "prod"], { DOCKER_CONTEXT: "prod", DOCKER_HOST: undefined }],
    [["--context=prod"], { DOCKER_CONTEXT: "prod", DOCKER_HOST: undefined }],
    [["-c", "prod"], { DOCKER_CONTEXT: "prod", DOCKER_HOST: undefined }],
    [["-H", "ssh://me@there"], { DOCKER_HOST: "ssh://me@there", DOCKER_CONTEXT: undefined }],
    [["-Hssh://me@there"], { DOCKER_HOST: "ssh://me@there" }],
    [["--config", "/etc/d"], { DOCKER_CONFIG: "/etc/d", DOCKER_HOST: "tcp://old" }],
    [["--tlsverify", "-l", "debug"], { DOCKER_TLS_VERIFY: "1", DOCKER_HOST: "tcp://old" }],
  ])("%j", (flags, env) => {
    const result = pluginArguments([...flags, "cutover", "deploy", "-c", "x"], before);
    expect(result.args).toEqual(["deploy", "-c", "x"]);
    expect(result.env).toMatchObject(env);
  });

  test("a flag that can't be handed on is refused", () => {
    expect(() => pluginArguments(["--tlskey", "k.pem", "cutover", "deploy"], {})).toThrow(/--tlskey/);
  });
});

describe("plugin install", () => {
  let config = "";
  beforeEach(async () => {
    config = await mkdtemp(join(tmpdir(), "cutover-plugin-"));
  });
  afterEach(() => rm(config, { recursive: true }));

  const run = async (word: string) => {
    const io = fakeIo(["plugin", word], { env: { DOCKER_CONFIG: config } });
    return { exit: await runCli(io), out: io.out(), err: io.err() };
  };
  const link = () => join(config, "cli-plugins", "docker-cutover");

  test("links the launcher, again without change, and takes it away", async () => {
    expect((await run("install")).exit).toBe(0);
    expect(await readlink(link())).toMatch(/\/bin\/cutover$/);
    expect((await run("install")).exit).toBe(0);
    expect((await run("uninstall")).exit).toBe(0);
    await expect(readlink(link())).rejects.toThrow(/ENOENT/);
    expect((await run("uninstall")).out).toContain("is not there");
  });

  test("leaves what is not its own", async () => {
    await mkdir(join(config, "cli-plugins"));
    await writeFile(link(), "another");
    expect(await run("install")).toMatchObject({ exit: 2 });
    await rm(link());
    await symlink("/usr/bin/true", link());
    expect(await run("uninstall")).toMatchObject({ exit: 2 });
    expect(await readlink(link())).toBe("/usr/bin/true");
  });
});
