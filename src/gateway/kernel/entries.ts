/** A translated connection, as the kernel tracks it: from where a client reached which place of this machine. */
export interface TrackedConnection {
  client: string;
  clientPort: number;
  address: string;
  port: number;
}

/** States (of `tcp` in nf_conntrack) of a connection of which one side at least may still say something. */
const open = new Set(["SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT"]);

const line = /^tcp\s+6\s+\d+\s+([A-Z_\d]+)\s+src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)/;

/** Those connections of `conntrack -L`'s output that still stand. */
export function openConnections(output: string): TrackedConnection[] {
  return output.split("\n").flatMap((text) => {
    const found = line.exec(text);
    if (found === null || !open.has(found[1] ?? "")) return [];
    const [, , client = "", address = "", clientPort, port] = found;
    return [{ client, clientPort: Number(clientPort), address, port: Number(port) }];
  });
}

/** Arguments of `conntrack` that list the translated connections to a target. */
export function listArguments(target: { address: string; port: number }): string[] {
  const to = ["--reply-src", target.address, "--reply-port-src", String(target.port)];
  return ["-L", "-f", "ipv4", "-p", "tcp", "--dst-nat", ...to];
}

/** A file for `conntrack --load-file` that has the kernel forget connections. */
export function deletions(connections: readonly TrackedConnection[]): string {
  return connections
    .map(
      ({ client, clientPort, address, port }) =>
        `-D -p tcp -s ${client} -d ${address} --sport ${clientPort} --dport ${port}\n`,
    )
    .join("");
}
