import { afterAll, beforeAll, describe, expect } from "vitest";
import { type Bench, get, piecesOf, startBench } from "../../support/conformance.ts";
import { fieldOf, type MessageText, valuesOf } from "../../support/http1-message.ts";
import { rule } from "../../support/rule.ts";

async function forwarded(bench: Bench, bytes: string | Buffer): Promise<MessageText> {
  bench.takeSeen();
  const response = await bench.ask(bytes);
  expect(response.status).toBe(200);
  const [exchange] = bench.takeSeen();
  if (exchange === undefined) throw new Error("nothing reached the target");
  return exchange.request;
}

describe("behind a proxy that is trusted", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench({ settings: { "trusted-proxies": "127.0.0.1,10.0.0.0/8", forwarded: "true" } });
  });
  afterAll(() => bench[Symbol.asyncDispose]());

  rule("X-Forwarded-For: the right-most address that is not trusted is the client", async () => {
    const request = await forwarded(
      bench,
      get(
        "/x",
        "X-Forwarded-For: 6.6.6.6, 203.0.113.7, 10.1.2.3\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.test\r\n",
      ),
    );
    expect(fieldOf(request, "x-real-ip")).toBe("203.0.113.7");
    expect(fieldOf(request, "x-forwarded-for")).toMatch(/^203\.0\.113\.7, 10\.1\.2\.3, 127\.0\.0\.1$/);
    expect(fieldOf(request, "x-forwarded-proto")).toBe("https");
    expect(fieldOf(request, "x-forwarded-host")).toBe("shop.test");
  });

  rule("X-Forwarded-For: IPv6 is understood, and what is no address is not passed on", async () => {
    expect(fieldOf(await forwarded(bench, get("/x", "X-Forwarded-For: 2001:db8::1\r\n")), "x-real-ip")).toBe(
      "2001:db8::1",
    );
    const odd = await forwarded(bench, get("/x", "X-Forwarded-For: evil\r\n"));
    expect(odd.head).not.toContain("evil");
  });

  rule(
    "RFC 7239 §4: Forwarded is sent where it is chosen, and the client's own is not passed on",
    async () => {
      const request = await forwarded(
        bench,
        get("/x", "X-Forwarded-For: 2001:db8::1\r\nX-Forwarded-Proto: https\r\n"),
      );
      const [value, ...more] = valuesOf(request, "forwarded");
      expect(more).toEqual([]);
      expect(value).toMatch(/for="\[2001:db8::1\]"/i);
      expect(value).toMatch(/proto=https/i);
    },
  );
});

describe("PROXY protocol in", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench({ settings: { "trusted-proxies": "127.0.0.1", "proxy-protocol": "true" } });
    // The fence has no PROXY header.
    bench.fence = async () => void (await bench.ask(`PROXY UNKNOWN\r\n${get("/fence")}`));
  });
  afterAll(() => bench[Symbol.asyncDispose]());

  /** A header of version 2. */
  function second(command: number, family: number, addresses: number[], more = Buffer.alloc(0)): Buffer {
    const signature = Buffer.from("0d0a0d0a000d0a515549540a", "hex");
    const length = Buffer.alloc(2);
    length.writeUInt16BE(addresses.length + more.length);
    return Buffer.concat([
      signature,
      Buffer.from([0x20 | command, family]),
      length,
      Buffer.from(addresses),
      more,
    ]);
  }
  const four = [203, 0, 113, 7, 192, 0, 2, 1, 0x30, 0x39, 0x01, 0xbb];

  rule("PROXY §2.1: version 1 says the client", async () => {
    const request = await forwarded(bench, `PROXY TCP4 203.0.113.7 192.0.2.1 12345 443\r\n${get("/x")}`);
    expect(fieldOf(request, "x-real-ip")).toBe("203.0.113.7");
    const six = await forwarded(bench, `PROXY TCP6 2001:db8::1 2001:db8::2 12345 443\r\n${get("/x")}`);
    expect(fieldOf(six, "x-real-ip")).toBe("2001:db8::1");
    const unknown = await forwarded(bench, `PROXY UNKNOWN\r\n${get("/x")}`);
    expect(fieldOf(unknown, "x-real-ip")).toBe("127.0.0.1");
  });

  rule("PROXY §2.2: version 2 says the client, with fields that nobody knows behind", async () => {
    const request = await forwarded(bench, Buffer.concat([second(1, 0x11, four), Buffer.from(get("/x"))]));
    expect(fieldOf(request, "x-real-ip")).toBe("203.0.113.7");
    const fields = Buffer.from([0x04, 0, 3, 1, 2, 3, 0xee, 0, 1, 9]);
    const more = await forwarded(
      bench,
      Buffer.concat([second(1, 0x11, four, fields), Buffer.from(get("/x"))]),
    );
    expect(fieldOf(more, "x-real-ip")).toBe("203.0.113.7");
    const local = await forwarded(bench, Buffer.concat([second(0, 0, []), Buffer.from(get("/x"))]));
    expect(fieldOf(local, "x-real-ip")).toBe("127.0.0.1");
  });

  rule("PROXY §2: it may come byte by byte, and stands before the first request only", async () => {
    for (const head of [
      "PROXY TCP4 203.0.113.7 192.0.2.1 12345 443\r\n",
      second(1, 0x11, four).toString("latin1"),
    ]) {
      bench.takeSeen();
      using client = await bench.open();
      await client.sendParts(piecesOf(head + get("/x")), bench.fence);
      expect((await client.response()).status).toBe(200);
      expect((await client.exchange(get("/y"))).status).toBe(200);
      const ips = bench.takeSeen().map(({ request }) => fieldOf(request, "x-real-ip"));
      expect(ips).toEqual(["203.0.113.7", "203.0.113.7"]);
    }
  });

  for (const [what, head] of [
    ["none", ""],
    ["an address that is none", "PROXY TCP4 203.0.113.777 192.0.2.1 12345 443\r\n"],
    ["a port that is none", "PROXY TCP4 203.0.113.7 192.0.2.1 123456 443\r\n"],
    ["bare LF", "PROXY TCP4 203.0.113.7 192.0.2.1 12345 443\n"],
    ["no end", `PROXY TCP4 ${"2".repeat(200)}`],
    ["two of them", "PROXY UNKNOWN\r\nPROXY UNKNOWN\r\n"],
    ["version 3", "\r\n\r\n\x00\r\nQUIT\n\x31\x11\x00\x0c"],
  ] as const) {
    rule(`PROXY §2: a header with ${what} ends the connection, and nothing is carried out`, async () => {
      bench.takeSeen();
      using client = await bench.open();
      await client.send(head + get("/never"));
      const { rest } = await client.ended();
      expect(rest).toMatch(/^$|^HTTP\/1\.1 400 /);
      await bench.fence();
      expect(bench.takeSeen()).toEqual([]);
    });
  }
});

describe("PROXY protocol out", () => {
  for (const version of [1, 2] as const) {
    rule(
      `PROXY §2.${version}: the target is told the client on each connection, in version ${version}`,
      async () => {
        const heads: string[] = [];
        await using bench = await startBench({
          policy: { proxyProtocol: version },
          preface: async (reader) => {
            if (version === 1) heads.push((await reader.until("\r\n")).toString("latin1"));
            else {
              const fixed = await reader.exactly(16);
              expect(fixed.toString("hex")).toMatch(/^0d0a0d0a000d0a515549540a2111/);
              const body = await reader.exactly(fixed.readUInt16BE(14));
              heads.push(`${body.subarray(0, 4).join(".")} to port ${body.readUInt16BE(10)}`);
            }
          },
        });
        using client = await bench.open();
        expect((await client.exchange(get("/x"))).body.toString()).toBe("ok");
        const port = (client.socket.localPort ?? 0).toString();
        if (version === 1)
          expect(heads[0]).toMatch(
            new RegExp(`^PROXY TCP4 127.0.0.1 127.0.0.1 ${port} ${bench.gateway.httpPort}\r\n$`),
          );
        else expect(heads[0]).toBe(`127.0.0.1 to port ${bench.gateway.httpPort}`);
        expect((await bench.ask(get("/x"))).body.toString()).toBe("ok");
      },
    );
  }
});

describe("Host", () => {
  rule(
    "RFC 9110 §7.2: Host is the target's address or a name where that is chosen",
    async () => {
      for (const [host, expected] of [
        ["target", null],
        [{ name: "internal.test" }, "internal.test"],
        ["pass", "h"],
      ] as const) {
        await using bench = await startBench({ policy: { host } });
        const request = await forwarded(bench, get("/x"));
        expect(valuesOf(request, "host")).toEqual([expected ?? `127.0.0.1:${bench.target.target.port}`]);
        expect(fieldOf(request, "x-forwarded-host")).toBe("h");
      }
    },
    20_000,
  );
});
