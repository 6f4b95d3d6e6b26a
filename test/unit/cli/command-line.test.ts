import { describe, expect, test } from "vitest";
import { mergeGlobals } from "../../../src/cli/globals.ts";
import { createProgram } from "../../../src/cli/program.ts";
import { runCli } from "../../../src/cli/run.ts";
import { fakeIo } from "./fake-io.ts";

interface Chosen {
  name: string;
  args: unknown[];
  options: Record<string, unknown>;
  globals: ReturnType<typeof mergeGlobals>;
}

async function parse(...args: string[]): Promise<Chosen> {
  const chosen: Chosen[] = [];
  const program = createProgram(fakeIo(args), async (name, operands, command) => {
    chosen.push({
      name,
      args: operands,
      options: command.opts(),
      globals: mergeGlobals(program.opts(), command.opts()),
    });
  });
  await program.parseAsync(args, { from: "user" });
  expect(chosen).toHaveLength(1);
  return chosen[0] as Chosen;
}

describe("global flags", () => {
  test("mean the same before and after the command's name, and repeat", async () => {
    const { globals } = await parse(
      "-f",
      "a.yaml",
      "-p",
      "shop",
      "deploy",
      "--file",
      "b.yaml",
      "--profile",
      "x",
    );
    expect(globals.file).toEqual(["a.yaml", "b.yaml"]);
    expect(globals.projectName).toBe("shop");
    expect(globals.profile).toEqual(["x"]);
  });

  test("the later one wins where only one can be", async () => {
    expect((await parse("-p", "one", "status", "-p", "two")).globals.projectName).toBe("two");
  });

  test("-f after logs follows; before it, it names a file", async () => {
    const { globals, options } = await parse("-f", "a.yaml", "logs", "-f", "web");
    expect(globals.file).toEqual(["a.yaml"]);
    expect(options.follow).toBe(true);
    expect((await parse("logs", "--file", "b.yaml", "web")).globals.file).toEqual(["b.yaml"]);
  });

  test("--host and --context exclude each other", async () => {
    await expect(parse("--host", "tcp://a", "status", "--context", "b")).rejects.toMatchObject({
      code: "USAGE",
    });
  });
});

describe("deploy", () => {
  test("parses what it is given", async () => {
    const { args, options } = await parse(
      ..."deploy web api --no-build --pull always --scale web=3 --scale api=2 --timeout 1m30s --wait-lock=5m -d".split(
        " ",
      ),
    );
    expect(args).toEqual([["web", "api"]]);
    expect(options).toMatchObject({
      build: false,
      pull: "always",
      scale: { web: 3, api: 2 },
      timeout: 90_000,
      waitLock: 300_000,
      detach: true,
    });
  });

  test("--wait-lock needs no duration", async () => {
    expect((await parse("deploy", "--wait-lock")).options.waitLock).toBe(true);
  });
});

test("up takes settings of the gateway, as many as are given", async () => {
  const { options } = await parse("up", "--gateway", "access-log=off", "--gateway=error-pages=");
  expect(options.gateway).toEqual(["access-log=off", "error-pages="]);
});

describe("bad input", () => {
  async function run(...args: string[]): Promise<{ exit: number; out: string; err: string }> {
    const io = fakeIo(args);
    const exit = await runCli(io);
    return { exit, out: io.out(), err: io.err() };
  }

  test("an unknown option names the nearest one and exits with 2", async () => {
    const { exit, err } = await run("deploy", "--forse");
    expect(exit).toBe(2);
    expect(err).toContain("Unknown option `--forse`. [USAGE]");
    expect(err).toContain("Did you mean `--force`?");
  });

  test("an unknown command names the nearest one", async () => {
    const { exit, err } = await run("deplyo");
    expect(exit).toBe(2);
    expect(err).toContain("Unknown command `deplyo`. [USAGE]");
    expect(err).toContain("Did you mean `deploy`?");
  });

  test.each([
    [["deploy", "--timeout", "soon"], "`soon` is no duration"],
    [["deploy", "--scale", "web"], "`web` is no scale"],
    [["deploy", "--pull", "sometimes"], "Allowed choices are always, missing, never"],
    [["rollback", "latest"], "`latest` is no release"],
    [["rollback", "1", "2"], "Too many arguments"],
    [["up", "--http-port", "70000"], "`70000` is no port"],
    [["up", "--gateway", "acess-log=off"], "no setting `acess-log`. Did you mean `access-log`?"],
    [
      ["up", "--gateway", "access-log=off", "--gateway", "max-line=1"],
      "`--gateway max-line` takes a size from",
    ],
    [["logs", "--tail", "few"], "`few` is no number of lines"],
    [["completion", "tcsh"], "There is no completion for `tcsh`"],
    [["completion"], "Missing required argument `bash|zsh|fish`"],
  ])("%j", async (args, message) => {
    const { exit, err } = await run(...args);
    expect(err).toContain(message);
    expect(exit).toBe(2);
  });

  test("with --json the error is a line of stdout too", async () => {
    const { exit, out } = await run("deploy", "--json", "--forse");
    expect(exit).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ type: "error", error: { code: "USAGE", where: null } });
  });
});

describe("help and version", () => {
  test("--help shows every command and exits with 0", async () => {
    const io = fakeIo(["--help"]);
    expect(await runCli(io)).toBe(0);
    for (const name of [
      "deploy",
      "rollback",
      "status",
      "history",
      "logs",
      "up",
      "down",
      "version",
      "completion",
    ]) {
      expect(io.out()).toMatch(new RegExp(`^  ${name}\\b`, "m"));
    }
  });

  test("a command's help shows its options and the global ones", async () => {
    const io = fakeIo(["help", "deploy"]);
    expect(await runCli(io)).toBe(0);
    expect(io.out()).toContain("--wait-lock [duration]");
    expect(io.out()).toContain("Global options:");
  });

  test("no command at all is bad input, answered with the help", async () => {
    const io = fakeIo([]);
    expect(await runCli(io)).toBe(2);
    expect(io.err()).toContain("Usage: cutover");
  });

  test("--version", async () => {
    const io = fakeIo(["--version"]);
    expect(await runCli(io)).toBe(0);
    expect(io.out()).toMatch(/^cutover \d+\.\d+\.\d+/);
  });
});
