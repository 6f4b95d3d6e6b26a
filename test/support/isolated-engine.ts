import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import type { TestInstance } from "./instance.ts";
import { eventually } from "./observation.ts";

export interface IsolatedEngineOptions {
  /** Mebibytes of the disk that the engine keeps everything on; the machine's own disk when left out. */
  diskMb?: number;
  /** Images of the machine's engine that it begins with. */
  images?: string[];
  /** Where the engine keeps its data as it sees it itself; a directory of its own when left out. */
  dataRoot?: string;
}

/** A Docker Engine that a test may stop, kill and fill up. Disposing of it leaves nothing. */
export interface IsolatedEngine extends AsyncDisposable {
  directory: string;
  socket: string;
  /** Leads docker and cutover to it. */
  env: Record<string, string>;
  /** What a command is started through to be on the engine's network. */
  enter: string[];
  /** Arguments of nsenter that lead to the engine's own view of disk, network and processes. */
  view: string[];
  /** An installation on it, with an HTTP port that is free there. */
  instance(name: string, httpPort?: number): TestInstance;
  /** Ends dockerd and waits for its end. Its containers outlive SIGKILL, as on any machine. */
  stop(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** The machine loses its power and comes back: every process ends at once, what is on the disk stays. */
  crash(): Promise<void>;
  /** Starts dockerd on what is there and waits until it answers. */
  start(): Promise<void>;
  /** Last lines of dockerd's log. */
  log(): string;
}

/** Why this machine can't run another engine; null when it can. */
export const noIsolation =
  process.platform !== "linux" || process.getuid?.() !== 0 ? "needs root on Linux" : null;

/**
 * First process of the engine's namespaces. When it ends, and it does with the test that started it, the kernel ends
 * every process in them, containers too. It is a shell that waits, so what dockerd leaves behind is reaped. SIOCGIFFLAGS and SIOCSIFFLAGS (netdevice(7)) switch the loopback on: `ip`
 * need not be installed, perl is part of every Debian.
 */
const holder = `
set -e
mount --bind "$1/run" /run
[ -z "$2" ] || mount -t tmpfs -o size="$2"m tmpfs "$1/data"
[ -z "$3" ] || { mkdir -p "$3"; mount --bind "$1/data" "$3"; }
perl -e 'socket(S,2,2,0) or die; $i=pack("a16s","lo",0); ioctl(S,0x8913,$i) or die; substr($i,16,2)=pack("s",unpack("x16s",$i)|1); ioctl(S,0x8914,$i) or die'
echo ready
cat
exit
`;

/** Starts dockerd in mount, network and process namespaces of its own, with the images in it. Needs root. */
export async function isolatedEngine(options: IsolatedEngineOptions = {}): Promise<IsolatedEngine> {
  const directory = await mkdtemp(join(tmpdir(), "cutover-engine-"));
  for (const name of ["run", "data", "home"]) await mkdir(join(directory, name));
  const root = options.dataRoot ?? join(directory, "data");
  const inside: string[] = [];
  const enter: string[] = [];
  const boot = async () => {
    const { process: first, pid } = await hold(directory, options);
    const at = `/proc/${pid}/ns`;
    inside.splice(0, inside.length, `--mount=${at}/mnt`, `--net=${at}/net`, `--pid=${at}/pid`);
    enter.splice(0, enter.length, "nsenter", `--net=${at}/net`);
    return first;
  };
  const powerOff = async () => {
    const ended = first.exitCode === null && first.signalCode === null ? once(first, "exit") : null;
    first.kill("SIGKILL");
    await ended;
    await daemon?.ended;
    await removeCgroups(cgroup(directory));
  };
  let first = await boot();
  const socket = join(directory, "run", "docker.sock");
  const logFile = join(directory, "dockerd.log");
  let daemon: { process: ChildProcess; ended: Promise<unknown> } | null = null;

  const start = async () => {
    const log = openSync(logFile, "a");
    const args = ["dockerd", "--data-root", root, "--host", "unix:///run/docker.sock"];
    args.push("--pidfile", "/run/docker.pid", "--cgroup-parent", `/${cgroup(directory)}`);
    const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
    const started = spawn("nsenter", [...inside, ...args], { stdio: ["ignore", log, log], env });
    daemon = { process: started, ended: once(started, "exit") };
    await eventually(
      () => ping(socket),
      (answers) => {
        if (started.exitCode !== null)
          throw new Error(`dockerd ended with ${started.exitCode}:\n${tail(logFile)}`);
        return answers;
      },
      60_000,
    );
  };
  const stop = async (signal: "SIGTERM" | "SIGKILL") => {
    await execa("nsenter", [...inside, "sh", "-c", `kill -${signal.slice(3)} $(cat /run/docker.pid)`]);
    await daemon?.ended;
  };
  const env = { DOCKER_HOST: `unix://${socket}` };
  const engine: IsolatedEngine = {
    directory,
    socket,
    env,
    enter,
    view: inside,
    instance: (name, httpPort = 80) => instanceOn(name, httpPort, env, enter),
    stop,
    crash: async () => {
      await powerOff();
      await rm(join(directory, "run"), { recursive: true });
      await mkdir(join(directory, "run"));
      first = await boot();
    },
    start,
    log: () => tail(logFile),
    [Symbol.asyncDispose]: async () => {
      await powerOff();
      await rm(directory, { recursive: true, force: true });
    },
  };
  try {
    await start();
    if (options.images?.length) await copyImages(options.images, env);
    return engine;
  } catch (error) {
    await engine[Symbol.asyncDispose]();
    throw error;
  }
}

async function hold(
  directory: string,
  { diskMb, dataRoot }: IsolatedEngineOptions,
): Promise<{ process: ChildProcess; pid: number }> {
  const flags = [
    "--mount",
    "--propagation",
    "private",
    "--net",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
  ];
  const args = [...flags, "sh", "-c", holder, "sh", directory, String(diskMb ?? ""), dataRoot ?? ""];
  const child = spawn("unshare", args, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`the namespaces could not be made: unshare ended with ${code}`);
  });
  await Promise.race([once(child.stdout, "data"), ended]);
  ended.catch(() => {});
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8");
  return { process: child, pid: Number(children.trim()) };
}

function instanceOn(
  name: string,
  httpPort: number,
  env: Record<string, string>,
  enter: string[],
): TestInstance {
  return {
    name,
    httpPort,
    httpsPort: 443,
    env: { ...env, CUTOVER_INSTANCE: name },
    enter,
    project: (project) => `${name}-${project}`,
    leftovers: async () => [],
    [Symbol.asyncDispose]: async () => {},
  };
}

async function copyImages(images: string[], env: Record<string, string>): Promise<void> {
  const save = execa("docker", ["save", ...images], { encoding: "buffer", buffer: false });
  await execa("docker", ["load", "--quiet"], { env, input: save.stdout });
  await save;
}

function ping(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request({ socketPath, path: "/_ping", timeout: 2_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    call.on("timeout", () => call.destroy());
    call.on("error", () => resolve(false));
    call.end();
  });
}

function tail(file: string): string {
  return readFileSync(file, "utf8").trimEnd().split("\n").slice(-15).join("\n");
}

function cgroup(directory: string): string {
  return directory.split("/").at(-1) ?? "";
}

/**
 * The kernel keeps a control group until it is removed, though no process is in it any more. A process that was killed
 * is in it until it has ended, so this also waits for the end of all.
 */
async function removeCgroups(name: string): Promise<void> {
  const find = (...action: string[]) =>
    execa("find", ["/sys/fs/cgroup", "-depth", "-type", "d", "-path", `*/${name}*`, ...action], {
      reject: false,
    });
  await eventually(
    async () => {
      await find("-delete");
      return (await find()).stdout;
    },
    (left) => left === "",
  );
}
