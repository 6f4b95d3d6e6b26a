import { describe, expect, test } from "vitest";
import { composeEnvironment, composeFailure } from "../../../src/engine/compose-command.ts";
import { compareApi } from "../../../src/engine/connection.ts";
import { answerFailure, transportFailure } from "../../../src/engine/failure.ts";

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

describe("what the engine says when it fails", () => {
  test.each([
    ["write /var/lib/docker/tmp/x: no space left on device", "DISK_FULL"],
    ["could not find an available, non-overlapping IPv4 address pool among the defaults", "NO_ADDRESS_POOL"],
    ["all predefined address pools have been fully subnetted", "NO_ADDRESS_POOL"],
    ["No such container: x", "ENGINE_ERROR"],
  ])("%s", (message, code) => {
    expect(answerFailure("POST /x", 500, message)).toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
    expect(
      composeFailure("compose up failed", { stdout: "", stderr: `Error: ${message}\n`, exitCode: 1 }),
    ).toMatchObject({
      code: code === "ENGINE_ERROR" ? "COMPOSE_FAILED" : code,
      details: [`Error: ${message}`],
    });
  });

  test.each([
    ["ENOENT", "ENGINE_UNREACHABLE"],
    ["ECONNREFUSED", "ENGINE_UNREACHABLE"],
    ["EACCES", "ENGINE_DENIED"],
    ["ECONNRESET", "ENGINE_UNREACHABLE"],
  ])("a connection that fails with %s", (errno, code) => {
    expect(transportFailure("unix:///x", systemError(errno))).toMatchObject({ code });
    const several = new AggregateError([systemError(errno)]);
    expect(transportFailure("tcp://x", several)).toMatchObject({ code });
  });

  test("API versions compare by their numbers", () => {
    expect(compareApi("1.9", "1.41")).toBeLessThan(0);
    expect(compareApi("1.45", "1.45")).toBe(0);
    expect(compareApi("2.0", "1.51")).toBeGreaterThan(0);
  });

  test("the engine named by option wins over the environment for compose too", () => {
    expect(composeEnvironment({})).toEqual({});
    expect(composeEnvironment({ host: "tcp://a" })).toEqual({
      DOCKER_HOST: "tcp://a",
      DOCKER_CONTEXT: undefined,
    });
    expect(composeEnvironment({ context: "a" })).toEqual({ DOCKER_CONTEXT: "a", DOCKER_HOST: undefined });
  });
});
