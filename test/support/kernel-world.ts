import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { KernelTools } from "../../src/gateway/kernel/tools.ts";

const run = promisify(execFile);

export type ClientEvent =
  | { type: "short"; name: string; seen: string; from: number; to: number }
  | { type: "failed"; from: number; reason: string }
  | { type: "long"; index: number; name: string }
  | { type: "longEnded"; index: number; name: string; at: number; reason: string; echoes: number };

export const routerAddress = "10.71.0.1";
export const targetAddress = { old: "10.72.0.11", new: "10.72.0.12" };
/** The router's own address towards the targets. */
export const bridgeAddress = "10.72.0.1";

/** What is missing here for networks of a test's own; null when nothing is. */
export async function missing(): Promise<string | null> {
  if (process.platform !== "linux") return "this is not Linux";
  if (process.getuid?.() !== 0) return "only root may make network namespaces";
  for (const program of ["ip", "nft", "conntrack", "iptables-nft"]) {
    const found = await run("which", [program]).then(
      () => true,
      () => false,
    );
    if (!found) return `there is no ${program}`;
  }
  const name = `cutover-try-${process.pid}`;
  try {
    await run("ip", ["netns", "add", name]);
    await run("ip", [
      ..."netns exec".split(" "),
      name,
      "nft",
      "add table ip try; add chain ip try c { type nat hook prerouting priority 0; }",
    ]);
    return null;
  } catch (error) {
    return `the kernel has no namespaces or no nftables: ${String(error)}`;
  } finally {
    await run("ip", ["netns", "delete", name]).catch(() => undefined);
  }
}

/**
 * A machine with a client in front of it and two containers behind it, in network namespaces of its own, with the
 * engine's filter: FORWARD drops what is not accepted. The host's own rules are not touched.
 */
export class KernelWorld implements AsyncDisposable {
  readonly #prefix: string;
  readonly #children: ChildProcess[] = [];
  readonly #namespaces: string[] = [];
  readonly tools: KernelTools;

  constructor() {
    this.#prefix = `cutover-${process.pid}`;
    this.tools = { nft: this.within("router", "nft"), conntrack: this.within("router", "conntrack") };
  }

  async make(): Promise<this> {
    try {
      await this.#make();
      return this;
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #make(): Promise<void> {
    for (const place of ["router", "client", "old", "new"]) {
      await run("ip", ["netns", "add", this.#name(place)]);
      this.#namespaces.push(this.#name(place));
      await this.ip(place, "link set lo up");
    }
    await this.ip("router", "link add br0 type bridge");
    await this.ip("router", `addr add ${bridgeAddress}/24 dev br0`);
    await this.ip("router", "link set br0 up");
    await this.#connect("client", "10.71.0.2", null);
    await this.#connect("old", targetAddress.old, "br0");
    await this.#connect("new", targetAddress.new, "br0");
    await this.ip("router", `addr add ${routerAddress}/24 dev client`);
    await this.exec("router", "sysctl", "-qw", "net.ipv4.ip_forward=1");
    for (const rule of engineFilter) await this.exec("router", "iptables-nft", ...rule.split(" "));
  }

  async startTarget(name: "old" | "new", port: number): Promise<void> {
    const child = this.#start(name, "target.ts", [name, targetAddress[name], String(port)]);
    if (child.stdout) await once(child.stdout, "data");
  }

  /** Starts clients; the list grows with what they say. */
  startClients(port: number, loops: number, longs: number): ClientEvent[] {
    const { child, events } = startClients(this.within("client"), routerAddress, port, loops, longs);
    this.#children.push(child);
    return events;
  }

  async exec(place: string, ...command: string[]): Promise<string> {
    const [program = "", ...args] = this.within(place, ...command);
    return (await run(program, args)).stdout;
  }

  async ip(place: string, words: string): Promise<void> {
    await run("ip", ["-n", this.#name(place), ...words.split(" ")]);
  }

  within(place: string, ...command: string[]): string[] {
    return ["ip", "netns", "exec", this.#name(place), ...command];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill("SIGKILL");
    for (const name of this.#namespaces) await run("ip", ["netns", "delete", name]);
  }

  async #connect(place: string, address: string, bridge: string | null): Promise<void> {
    await this.ip("router", `link add ${place} type veth peer name eth0 netns ${this.#name(place)}`);
    await this.ip("router", `link set ${place} up${bridge === null ? "" : ` master ${bridge}`}`);
    await this.ip(place, `addr add ${address}/24 dev eth0`);
    await this.ip(place, "link set eth0 up");
  }

  #start(place: string, program: string, args: string[]): ChildProcess {
    const child = startProgram(this.within(place), program, args);
    this.#children.push(child);
    return child;
  }

  #name(place: string): string {
    return `${this.#prefix}-${place}`;
  }
}

/** Clients in a network; the list grows with what they say, until the process is ended. */
export function startClients(
  within: string[],
  address: string,
  port: number,
  loops: number,
  longs: number,
): { child: ChildProcess; events: ClientEvent[] } {
  const events: ClientEvent[] = [];
  const child = startProgram(within, "client.ts", [address, ...[port, loops, longs].map(String)]);
  if (child.stdout) {
    createInterface({ input: child.stdout }).on("line", (line) =>
      events.push(JSON.parse(line) as ClientEvent),
    );
  }
  return { child, events };
}

function startProgram(within: string[], program: string, args: string[]): ChildProcess {
  const path = fileURLToPath(new URL(`./kernel-programs/${program}`, import.meta.url));
  const [command = "", ...words] = [...within, process.execPath, path, ...args];
  return spawn(command, words, { stdio: ["ignore", "pipe", "inherit"] });
}

/** As the engine makes it, with a rule of a user's own in the chain for that. */
const engineFilter = [
  "-N DOCKER-USER",
  "-A DOCKER-USER -s 192.0.2.7 -m conntrack --ctstate NEW -j DROP",
  "-A DOCKER-USER -j RETURN",
  "-P FORWARD DROP",
  "-A FORWARD -j DOCKER-USER",
  "-A FORWARD -o br0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
  "-A FORWARD -i br0 ! -o br0 -j ACCEPT",
];
