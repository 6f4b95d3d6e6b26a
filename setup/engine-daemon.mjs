import { spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { docker } from "./docker.mjs";
import { stateDirectory } from "./paths.mjs";
import { capture } from "./process.mjs";
import { SetupError, say, seconds } from "./say.mjs";

/** dockerd's own pid file; a stale one whose number was given to another process makes dockerd refuse to start. */
const daemonPidFile = "/var/run/docker.pid";
const logFile = () => join(stateDirectory(), "dockerd.log");
const pidFile = () => join(stateDirectory(), "dockerd.pid");

const readyWithinMs = 60_000;
const stoppedWithinMs = 60_000;

/** True when the pid is a dockerd that runs. A zombie has no executable, though it still takes signals. */
function isDockerd(pid) {
  try {
    return /\/dockerd( \(deleted\))?$/.test(readlinkSync(`/proc/${pid}/exe`));
  } catch {
    return false;
  }
}

function pidIn(file) {
  try {
    const pid = Number.parseInt(readFileSync(file, "utf8"), 10);
    return isDockerd(pid) ? pid : null;
  } catch {
    return null;
  }
}

/** Pid of the dockerd that set-up started and that still runs, else null. */
export function startedPid() {
  return pidIn(pidFile());
}

async function answers() {
  return (await docker(["version", "--format", "{{.Server.Version}}"], { timeoutMs: 5_000 })).code === 0;
}

/** Starts the installed engine, with systemd where that runs. True when dockerd was started directly. */
export async function startDaemon() {
  if (existsSync("/run/systemd/system")) {
    say("systemctl start docker (the engine is installed but does not run)");
    const { code, stderr } = await capture("systemctl", ["start", "docker"]);
    if (code !== 0)
      throw new SetupError(`systemctl start docker failed: ${stderr.trim()}\nSee: journalctl -u docker`);
    return false;
  }
  const from = performance.now();
  if (pidIn(daemonPidFile) === null) {
    rmSync(daemonPidFile, { force: true });
    startDirectly();
  }
  const ours = startedPid() !== null;
  while (!(await answers())) {
    const pid = startedPid() ?? pidIn(daemonPidFile);
    if (pid === null) throw new SetupError(`dockerd ended:\n${lastLogLines()}\nIts log is ${logFile()}.`);
    if (performance.now() - from > readyWithinMs) {
      throw new SetupError(
        `dockerd (pid ${pid}) does not answer after ${seconds(from)}. Its log is ${logFile()}.`,
      );
    }
    await delay(50);
  }
  say(`dockerd answers after ${seconds(from)}`);
  return ours;
}

function startDirectly() {
  mkdirSync(stateDirectory(), { recursive: true });
  say(`starting dockerd directly (no systemd here); its log is ${logFile()}`);
  const log = openSync(logFile(), "a");
  const child = spawn("dockerd", [], { detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  child.on("error", () => {});
  child.unref();
  if (child.pid !== undefined) writeFileSync(pidFile(), `${child.pid}\n`);
}

function lastLogLines() {
  try {
    return readFileSync(logFile(), "utf8").trim().split("\n").slice(-8).join("\n");
  } catch {
    return "(it wrote no log)";
  }
}

/** Stops the dockerd that set-up started, with its containers, and waits for its end. */
export async function stopDaemon() {
  const pid = startedPid();
  if (pid === null) return;
  const from = performance.now();
  process.kill(pid, "SIGTERM");
  while (isDockerd(pid)) {
    if (performance.now() - from > stoppedWithinMs)
      throw new SetupError(`dockerd (pid ${pid}) does not stop.`);
    await delay(50);
  }
  rmSync(pidFile(), { force: true });
  say(`stopped dockerd (pid ${pid}), which set-up had started`);
}
