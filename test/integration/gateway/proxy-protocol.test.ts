import { describe, expect, it } from "vitest";
import { writeProxyHeader } from "../../../src/gateway/edge/proxy-protocol.ts";
import { get, startBench } from "../../support/conformance.ts";
import { fieldOf } from "../../support/http1-message.ts";

const header = (version: 1 | 2, address = "192.0.2.7", port = 1_234) =>
  Buffer.from(writeProxyHeader(version, { address, port }, { address: "198.51.100.1", port: 8_443 }));

describe.each(["raw", "net"])("PROXY headers on the %s transport", (transport) => {
  const settings = {
    transport,
    "proxy-protocol": "true",
    "trusted-proxies": "127.0.0.1",
    "header-timeout": "500ms",
    "max-connections-per-address": "2",
  };

  it("name the client, cut anywhere, and the port that it asked for", async () => {
    await using bench = await startBench({ settings: { ...settings, "header-timeout": "5s" } });
    for (const version of [1, 2] as const) {
      const bytes = Buffer.concat([header(version), Buffer.from(get("/who"))]);
      for (let cut = 1; cut < bytes.length; cut += 3) {
        bench.takeSeen();
        using client = await bench.open();
        await client.sendParts(
          [bytes.subarray(0, cut), bytes.subarray(cut)],
          () => new Promise(setImmediate),
        );
        expect((await client.response()).status).toBe(200);
        const request = bench.takeSeen()[0]?.request;
        if (!request) throw new Error("nothing arrived");
        expect(fieldOf(request, "x-forwarded-for")).toBe("192.0.2.7");
        expect(fieldOf(request, "x-real-ip")).toBe("192.0.2.7");
        expect(fieldOf(request, "x-forwarded-port")).toBe("8443");
      }
    }
  });

  it("count connections for the address that they name", async () => {
    await using bench = await startBench({ settings });
    const clients = [await bench.open(), await bench.open()];
    for (const client of clients) await client.exchange(Buffer.concat([header(2), Buffer.from(get("/x"))]));
    using third = await bench.open();
    await third.send(Buffer.concat([header(1), Buffer.from(get("/x"))]));
    expect((await third.ended()).rest).toBe("");
    using other = await bench.open();
    expect(
      (await other.exchange(Buffer.concat([header(1, "192.0.2.8"), Buffer.from(get("/x"))]))).status,
    ).toBe(200);
    for (const client of clients) client[Symbol.dispose]();
    await expect
      .poll(async () => {
        using again = await bench.open();
        const answer = again.exchange(Buffer.concat([header(1), Buffer.from(get("/x"))]));
        return (await answer.catch(() => null))?.status;
      })
      .toBe(200);
  });

  it("that are missing, wrong or late end the connection without an answer, and the log says why", async () => {
    await using bench = await startBench({ settings });
    for (const [bytes, reason] of [
      [get("/x"), "no-proxy-header"],
      ["PROXY TCP4 nonsense\r\n", "proxy-line"],
      ["PROXY TCP4 192.0.2.7", "proxy-header-timeout"],
    ] as const) {
      using client = await bench.open();
      await client.send(bytes);
      expect((await client.ended()).rest).toBe("");
      await expect.poll(() => bench.gateway.log.some((line) => line.includes(`"${reason}"`))).toBe(true);
    }
    using half = await bench.open();
    await half.send("PROXY TCP4 ");
    half.end();
    expect((await half.ended()).rest).toBe("");
    await expect
      .poll(() => bench.gateway.log.some((line) => line.includes("proxy-header-cut-off")))
      .toBe(true);
    expect(bench.takeSeen()).toEqual([]);
  });

  it("of a proxy that speaks for itself leave it the client", async () => {
    await using bench = await startBench({ settings });
    using client = await bench.open();
    await client.exchange(`PROXY UNKNOWN\r\n${get("/x")}`);
    const request = bench.takeSeen()[0]?.request;
    expect(request && fieldOf(request, "x-forwarded-for")).toBe("127.0.0.1");
  });

  it("are believed from nobody else: such a connection is closed", async () => {
    await using bench = await startBench({ settings: { ...settings, "trusted-proxies": "192.0.2.1" } });
    using client = await bench.open();
    await client.send(Buffer.concat([header(1), Buffer.from(get("/x"))]));
    expect((await client.ended()).rest).toBe("");
    await expect.poll(() => bench.gateway.log.some((line) => line.includes("proxy-not-trusted"))).toBe(true);
    expect(bench.takeSeen()).toEqual([]);
  });

  it("are passed on to targets with what they said", async () => {
    const heads: string[] = [];
    await using bench = await startBench({
      settings,
      policy: { proxyProtocol: 1 },
      preface: async (reader) => heads.push((await reader.until("\r\n")).toString()),
    });
    using client = await bench.open();
    await client.exchange(Buffer.concat([header(2), Buffer.from(get("/x"))]));
    await client.exchange(get("/y"));
    expect(heads.map((text) => text.trim())).toEqual([
      "PROXY TCP4 192.0.2.7 198.51.100.1 1234 8443",
      "PROXY TCP4 192.0.2.7 198.51.100.1 1234 8443",
    ]);
  });
});
