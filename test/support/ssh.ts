import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { access, chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import { freePorts } from "../../tools/instance/ports.ts";
import { eventually } from "./observation.ts";

const server = "/usr/sbin/sshd";

/** True where this machine has an SSH server to start. */
export async function hasSshServer(): Promise<boolean> {
  return access(server).then(
    () => process.getuid?.() === 0,
    () => false,
  );
}

/** An SSH server of a test's own on loopback; nothing in `/etc` or `~/.ssh` is touched. */
export interface SshServer extends AsyncDisposable {
  /** DOCKER_HOST that leads to it, with `path` as PATH. */
  host: string;
  /** PATH with an `ssh` in front that knows this server's keys: docker and cutover both call `ssh`. */
  path: string;
}

/** Starts it, with a key pair of its own for root; whoever logs in reaches the machine's engine. Needs root. */
export async function sshServer(): Promise<SshServer> {
  const directory = await mkdtemp(join(tmpdir(), "cutover-ssh-"));
  const [port = 0] = await freePorts(1);
  const at = (name: string) => join(directory, name);
  await mkdir("/run/sshd", { recursive: true });
  for (const key of ["host", "id"])
    await execa("/usr/bin/ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", at(key)]);
  const hostKey = await readFile(at("host.pub"), "utf8");
  await writeFile(at("known_hosts"), `[127.0.0.1]:${port} ${hostKey}`);
  const options = [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${at("host")}`,
    `AuthorizedKeysFile ${at("id.pub")}`,
    "PidFile none",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "PermitRootLogin prohibit-password",
    "StrictModes no",
    "UsePAM no",
    "MaxStartups 100",
    "MaxSessions 100",
  ];
  await writeFile(at("sshd_config"), `${options.join("\n")}\n`);
  const client = [
    "IdentitiesOnly yes",
    `IdentityFile ${at("id")}`,
    `UserKnownHostsFile ${at("known_hosts")}`,
    "StrictHostKeyChecking yes",
    "BatchMode yes",
  ];
  await writeFile(at("ssh_config"), `Host *\n${client.map((line) => `  ${line}\n`).join("")}`);
  await mkdir(at("bin"));
  await writeFile(at("bin/ssh"), `#!/bin/sh\nexec /usr/bin/ssh -F ${at("ssh_config")} "$@"\n`);
  await chmod(at("bin/ssh"), 0o755);
  const daemon = spawn(server, ["-D", "-e", "-f", at("sshd_config")], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const reap = () => void daemon.kill("SIGKILL");
  process.once("exit", reap);
  await listening(daemon, port);
  return {
    host: `ssh://root@127.0.0.1:${port}`,
    path: `${at("bin")}${delimiter}${process.env.PATH}`,
    [Symbol.asyncDispose]: async () => {
      process.off("exit", reap);
      const ended = once(daemon, "exit");
      if (daemon.kill("SIGTERM")) await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function listening(daemon: ChildProcess, port: number): Promise<void> {
  let complaint = "";
  daemon.stderr?.on("data", (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  await eventually(
    () =>
      new Promise<boolean>((resolve) => {
        const socket = connect(port, "127.0.0.1");
        socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
        socket.once("connect", () => socket.destroy());
      }),
    (answers) => {
      if (daemon.exitCode !== null) throw new Error(`sshd ended with ${daemon.exitCode}: ${complaint}`);
      return answers;
    },
  );
}
