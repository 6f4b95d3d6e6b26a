import { describe, expect, test } from "vitest";
import { listeningSockets } from "../../../src/install/listening-sockets.ts";

const head =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";

function row(local: string, state: string, inode: number): string {
  return `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0000000000000000 100 0 0 10 0`;
}

describe("the kernel's table of sockets", () => {
  test("gives those that listen", () => {
    const table = [
      head,
      row("0100007F:0050", "0A", 11),
      row("00000000:1F90", "0A", 12),
      row("0100007F:0050", "01", 13),
      "",
    ];
    expect(listeningSockets(table.join("\n"))).toEqual([
      { address: "127.0.0.1", port: 80, inode: "11" },
      { address: "0.0.0.0", port: 8080, inode: "12" },
    ]);
  });

  test("understands IPv6", () => {
    const addresses = [
      ["00000000000000000000000000000000", "::"],
      ["00000000000000000000000001000000", "::1"],
      ["0000000000000000FFFF00000100007F", "127.0.0.1"],
      ["B80D0120000000000000000001000000", "2001:db8::1"],
    ];
    for (const [hex, address] of addresses) {
      expect(listeningSockets(row(`${hex}:01BB`, "0A", 1))).toEqual([{ address, port: 443, inode: "1" }]);
    }
  });
});
