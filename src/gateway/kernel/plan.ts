import type { Backend, Listener, RoutingTable, Target } from "../../model/route.ts";

/** Connections to a place of this machine that the kernel passes on. IPv4 only. */
export interface KernelPassage {
  /** Name of the listener. */
  listener: string;
  /** Null for every address of the machine but loopback. */
  address: string | null;
  port: number;
  /** At least one. */
  targets: KernelTarget[];
}

export interface KernelTarget {
  id: string;
  address: string;
  port: number;
  /** Above 0. */
  weight: number;
}

export interface KernelPlan {
  passages: KernelPassage[];
  /** Listeners that asked for the kernel and are served by the workers, and why. */
  left: { listener: string; reason: string }[];
}

/**
 * What of a table the kernel can pass on.
 *
 * @param down ids of targets that get nothing: they do not answer their probes
 */
export function planKernel(table: RoutingTable, down: ReadonlySet<string>): KernelPlan {
  const plan: KernelPlan = { passages: [], left: [] };
  for (const listener of kernelListeners(table)) {
    const backend = backendOf(table, listener);
    const reason = backend === null ? "it has no route" : (obstacle(listener, backend) ?? null);
    if (backend === null || reason !== null) {
      plan.left.push({ listener: listener.name, reason: reason ?? "" });
      continue;
    }
    const targets = backend.targets.map(kernelTarget).filter(({ id, weight }) => weight > 0 && !down.has(id));
    if (targets.length === 0) plan.left.push({ listener: listener.name, reason: "it has no target" });
    else {
      const address = isEveryAddress(listener.host) ? null : listener.host;
      plan.passages.push({ listener: listener.name, address, port: listener.port, targets });
    }
  }
  return plan;
}

/** Listeners that ask for the kernel. */
export function kernelListeners(table: RoutingTable): Listener[] {
  return table.listeners.filter(({ kernel, protocol }) => kernel === true && protocol === "tcp");
}

function backendOf(table: RoutingTable, listener: Listener): Backend | null {
  const route = table.streams?.find((one) => one.listener === listener.name);
  return table.backends.find(({ id }) => id === route?.backend) ?? null;
}

function obstacle({ host }: Listener, { policy, targets }: Backend): string | null {
  if (!isEveryAddress(host)) {
    if (!isIpv4(host)) return "it listens on an address of IPv6";
    if (host.startsWith("127.")) return "it listens on loopback, which the kernel does not pass on";
  }
  if (policy?.proxyProtocol) return "its targets are sent the PROXY protocol";
  if (policy?.maxInFlight !== undefined) return "its targets have a limit of connections";
  const other = targets.find(({ address }) => !isIpv4(address));
  return other === undefined ? null : `a target has the address ${other.address}, which is not IPv4`;
}

function kernelTarget({ id, address, port, weight = 1 }: Target): KernelTarget {
  return { id, address, port, weight };
}

function isEveryAddress(host: string | null): host is null {
  return host === null || host === "0.0.0.0" || host === "::";
}

const octet = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const ipv4 = new RegExp(`^${octet}(\\.${octet}){3}$`);

function isIpv4(text: string): boolean {
  return ipv4.test(text);
}
