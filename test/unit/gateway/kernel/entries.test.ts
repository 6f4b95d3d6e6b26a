import { describe, expect, test } from "vitest";
import { deletions, openConnections } from "../../../../src/gateway/kernel/entries.ts";

const entry = (state: string, port: number) =>
  `tcp      6 431999 ${state} src=10.71.0.2 dst=10.71.0.1 sport=${port} dport=5432 src=10.72.0.11 dst=10.72.0.1 sport=5432 dport=${port} [ASSURED] mark=0 use=1`;

const connection = (clientPort: number) => ({
  client: "10.71.0.2",
  clientPort,
  address: "10.71.0.1",
  port: 5_432,
});

describe("tracked connections", () => {
  test("those of which a side may still speak count, those that are over do not", () => {
    const output = [
      entry("ESTABLISHED", 1_001),
      entry("TIME_WAIT", 1_002),
      entry("FIN_WAIT", 1_003),
      entry("CLOSE", 1_004),
      entry("LAST_ACK", 1_005),
      entry("SYN_SENT", 1_006),
      "",
    ].join("\n");
    expect(openConnections(output)).toEqual([connection(1_001), connection(1_003), connection(1_006)]);
    expect(openConnections("")).toEqual([]);
  });

  test("are forgotten by the side that the client sees", () => {
    expect(deletions([connection(7), connection(8)])).toBe(
      "-D -p tcp -s 10.71.0.2 -d 10.71.0.1 --sport 7 --dport 5432\n" +
        "-D -p tcp -s 10.71.0.2 -d 10.71.0.1 --sport 8 --dport 5432\n",
    );
  });
});
