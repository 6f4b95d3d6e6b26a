import { accessSync, constants, existsSync } from "node:fs";
import { isRoot, osRelease } from "./apt.mjs";
import { docker } from "./docker.mjs";
import { startDaemon, stopDaemon, startedPid } from "./engine-daemon.mjs";
import { installEngine, packagesFor } from "./engine-install.mjs";
import { capture } from "./process.mjs";
import { SetupError, say } from "./say.mjs";

/** The address the engine is expected at when nothing says otherwise. */
const defaultSocket = "/var/run/docker.sock";

/** What is there: the engine's version or why it does not answer, and whether compose and buildx are. */
export async function engineStatus() {
  const [server, compose, buildx] = await Promise.all([
    docker(["version", "--format", "{{.Server.Version}}"], { timeoutMs: 20_000 }),
    docker(["compose", "version", "--short"]),
    docker(["buildx", "version"]),
  ]);
  return {
    cli: server.code !== 127,
    version: server.code === 0 ? server.stdout.trim() : null,
    problem: server.code === 0 ? null : server.stderr.trim(),
    compose: compose.code === 0 ? compose.stdout.trim() : null,
    buildx: buildx.code === 0,
  };
}

const complete = (status) => status.version !== null && status.compose !== null && status.buildx;

/**
 * Makes sure that an engine answers and that compose and buildx are there: uses what is there, else installs it
 * (root on Debian or Ubuntu), else starts it. Says what is missing, with exit code 7, where it may not.
 * True when this call started dockerd itself, which the caller then ends with `stopEngine`.
 */
export async function ensureEngine() {
  let status = await engineStatus();
  if (complete(status)) return false;
  const elsewhere = process.env.DOCKER_HOST || process.env.DOCKER_CONTEXT;
  if (elsewhere && status.cli && status.version === null) {
    throw new SetupError(`No engine answers at ${elsewhere}: ${status.problem}`);
  }
  if (deniedSocket()) {
    throw new SetupError(
      `The engine's socket ${defaultSocket} is there, but this user may not use it.\n` +
        "Run this with sudo, or add the user to the docker group: sudo usermod -aG docker $USER (then log in again).",
    );
  }
  if (!status.cli || status.compose === null || !status.buildx || (await missingDaemon(status))) {
    const missing = missingParts(status);
    if (!isRoot() || !packagesFor(osRelease())) throw new SetupError(instructions(missing));
    await installEngine(missing);
    status = await engineStatus();
    if (complete(status)) return false;
  }
  if (status.version === null) {
    if (!isRoot())
      throw new SetupError("Docker is installed but does not run. Start it: sudo systemctl start docker");
    return startDaemon();
  }
  throw new SetupError(instructions(missingParts(status)));
}

/** Ends the dockerd that `ensureEngine` started; one that something else started is left alone. */
export const stopEngine = stopDaemon;

function deniedSocket() {
  if (process.env.DOCKER_HOST || !existsSync(defaultSocket)) return false;
  try {
    accessSync(defaultSocket, constants.R_OK | constants.W_OK);
    return false;
  } catch {
    return true;
  }
}

async function missingDaemon(status) {
  return status.version === null && (await capture("dockerd", ["--version"])).code === 127;
}

function missingParts(status) {
  const parts = [];
  if (status.version === null) parts.push("Docker Engine 20.10 or later");
  if (!status.cli) parts.push("the docker command");
  if (status.compose === null) parts.push("Docker Compose v2");
  if (!status.buildx) parts.push("docker buildx");
  return parts;
}

function instructions(missing) {
  const packages = packagesFor(osRelease());
  const how =
    process.platform === "darwin"
      ? "Install and start Docker Desktop, OrbStack or Colima."
      : packages?.foreign
        ? "Run this as root, which installs them, or follow https://docs.docker.com/engine/install/."
        : packages
          ? `Run this as root, or: sudo apt-get install ${packages.names.join(" ")}`
          : "Follow https://docs.docker.com/engine/install/, then run this again.";
  return `Missing: ${missing.join(", ")}.\n${how}`;
}

/** `npm run engine -- start|stop|status`. */
export async function engineCommand([action]) {
  if (action === "start") {
    const started = await ensureEngine();
    const { version, compose } = await engineStatus();
    say(
      `Docker Engine ${version}, Compose ${compose}${started ? "; stop it with `npm run engine -- stop`" : ""}`,
    );
    return 0;
  }
  if (action === "stop") {
    if (startedPid() === null) say("no dockerd that set-up started is running; nothing to stop");
    else await stopEngine();
    return 0;
  }
  if (action === "status") {
    const status = await engineStatus();
    process.stdout.write(`${JSON.stringify({ ...status, startedBySetup: startedPid() !== null })}\n`);
    return complete(status) ? 0 : 7;
  }
  throw new SetupError("usage: npm run engine -- start|stop|status", 2);
}
