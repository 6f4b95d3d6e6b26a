import { describe, expect, it } from "vitest";
import { rotated } from "../../../bench/dataplane/bench.ts";
import { fieldsOf } from "../../../bench/dataplane/check.ts";
import { cpuList, placementOf } from "../../../bench/dataplane/placement.ts";
import { costBetween, mebibytes, scheduledNs, ticks } from "../../../bench/dataplane/process-cost.ts";
import { askedRoutes, browserFields, requestTexts } from "../../../bench/dataplane/routes.ts";
import type { Sample } from "../../../bench/dataplane/sample.ts";
import { summarizeLoads, summarizeRatios, summarizeWorkers } from "../../../bench/dataplane/summary.ts";
import { routingTable } from "../../../bench/dataplane/table.ts";
import { loadResult, luaString, wrkResult, wrkScript } from "../../../bench/dataplane/wrk.ts";
import { quartilesOf } from "../../../bench/spread.ts";

describe("wrk", () => {
  const figures = { requests: 12, seconds: 1.5, errors: 0, p50: 0.5, p99: 2.25, p999: 3, max: 4 };

  it("finds the result in what wrk prints", () => {
    const output = `Running 1s test @ http://127.0.0.1:1/\n  1 threads and 64 connections\nTransfer/sec: 1MB\n\nresult ${JSON.stringify(figures)}\n`;
    expect(wrkResult(output)).toEqual(figures);
  });

  it("takes no output for a result that has none, or that lacks a figure", () => {
    expect(() => wrkResult("unable to connect to 127.0.0.1:1 Connection refused\n")).toThrow(
      "Connection refused",
    );
    expect(() => loadResult(JSON.stringify({ ...figures, p99: undefined }))).toThrow("no p99");
    expect(() => loadResult(JSON.stringify(figures).replace("2.25", "null"))).toThrow("no p99");
  });

  it("writes requests as strings of Lua", () => {
    expect(luaString('GET / HTTP/1.1\r\nA: "b\\c"\r\n')).toBe('"GET / HTTP/1.1\\r\\nA: \\"b\\\\c\\"\\r\\n"');
    const script = wrkScript({ method: "GET", path: "/t", fields: [], body: "" });
    expect(script.match(/"GET \S+ HTTP/g)).toHaveLength(askedRoutes().length);
  });
});

describe("requests", () => {
  it("go to many hosts and to both of their routes, and say how long their body is", () => {
    const texts = requestTexts({ method: "POST", path: "/t", fields: [["A", "b"]], body: "zzz" });
    expect(texts[0]).toBe(
      "POST /t HTTP/1.1\r\nHost: app-1.bench.test\r\nA: b\r\nContent-Length: 3\r\n\r\nzzz",
    );
    expect(texts[1]).toContain("POST /api/t HTTP/1.1\r\nHost: app-1.bench.test\r\n");
    expect(new Set(texts).size).toBe(64);
  });

  it("find a route in the gateway's table, each", () => {
    const { routes, backends } = routingTable([1, 2]);
    expect(routes).toHaveLength(400);
    for (const { host, prefix } of askedRoutes()) {
      expect(routes.some((route) => route.hosts[0] === host && route.path === (prefix || "/"))).toBe(true);
    }
    expect(backends.map(({ targets }) => targets.map(({ port }) => port))).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it("of a browser have about 600 bytes", () => {
    const [text = ""] = requestTexts({ method: "GET", path: "/t", fields: browserFields, body: "" });
    expect(text.length).toBeGreaterThan(550);
    expect(text.length).toBeLessThan(700);
  });
});

describe("a process's cost", () => {
  it("reads the first number of schedstat, and the ticks behind a name with brackets", () => {
    expect(scheduledNs("123456789 42 7\n")).toBe(123_456_789);
    const stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 900 0 1 0 1234 567 0 0 20 0 11 0 100 0 0";
    expect(ticks(stat)).toEqual({ user: 1_234, system: 567 });
    expect(mebibytes("Name:\tnode\nVmHWM:\t 99999 kB\nVmRSS:\t  51200 kB\n", "VmRSS")).toBe(50);
  });

  it("is what was used meanwhile, and tells the process that used most", () => {
    const before = [
      { scheduledNs: 500, userTicks: 5, systemTicks: 1 },
      { scheduledNs: 10, userTicks: 0, systemTicks: 0 },
    ];
    const after = [
      { scheduledNs: 510, userTicks: 5, systemTicks: 1 },
      { scheduledNs: 210, userTicks: 3, systemTicks: 4 },
    ];
    expect(costBetween(before, after)).toEqual({
      scheduledNs: 210,
      userTicks: 3,
      systemTicks: 4,
      busiest: 1,
    });
  });
});

describe("placement", () => {
  it("gives the proxy the last processor and the load the others", () => {
    expect(cpuList("0-2,5\n")).toEqual([0, 1, 2, 5]);
    expect(placementOf([0, 1])).toEqual({
      proxy: "1",
      load: "0",
      twoProxies: "0,1",
      loadOfTwo: "0,1",
      shared: true,
    });
    expect(placementOf([0, 1, 2, 3])).toEqual({
      proxy: "3",
      load: "0,1,2",
      twoProxies: "2,3",
      loadOfTwo: "0,1",
      shared: false,
    });
    expect(() => placementOf([0])).toThrow("two processors");
  });
});

describe("turns", () => {
  it("change who is first", () => {
    expect([0, 1, 2, 3].map((by) => rotated(["a", "b", "c"], by).join(""))).toEqual([
      "abc",
      "bca",
      "cab",
      "abc",
    ]);
    expect(rotated([], 2)).toEqual([]);
  });
});

describe("summaries", () => {
  const sample = (
    proxy: Sample["proxy"],
    round: number,
    cpuMicros: number,
    more: Partial<Sample> = {},
  ): Sample => ({
    proxy,
    load: "tiny",
    round,
    requests: 100,
    seconds: 1,
    errors: 0,
    p50: 1,
    p99: 2,
    p999: 3,
    max: 4,
    perSecond: 100,
    cpuMicros,
    userMicros: 1,
    systemMicros: 1,
    busy: 1,
    residentMiB: 50,
    workerMiB: 40,
    workerOwnMiB: 30,
    ...more,
  });

  it("have the middle half of the values", () => {
    expect(quartilesOf([4, 1, 2, 3, 5])).toEqual({ median: 3, low: 2, high: 4, count: 5 });
    expect(quartilesOf([1, 2])).toEqual({ median: 1.5, low: 1.25, high: 1.75, count: 2 });
    expect(quartilesOf([])).toBeNull();
  });

  it("take the ratio of each round, not that of the medians", () => {
    const samples = [
      sample("haproxy", 1, 10),
      sample("gateway", 1, 20),
      sample("haproxy", 2, 100),
      sample("gateway", 2, 50),
      sample("haproxy", 3, 10),
      sample("gateway", 3, 20),
      sample("gateway", 4, 1_000),
    ];
    const [ratio, ...others] = summarizeRatios(samples, ["gateway"]);
    expect(others).toEqual([]);
    expect(ratio).toMatchObject({ load: "tiny", proxy: "gateway", against: "haproxy" });
    expect(ratio?.cpu).toEqual({ median: 2, low: 1.25, high: 2, count: 3 });
    expect(summarizeLoads(samples).map(({ proxy, figures }) => [proxy, figures.cpuMicros?.median])).toEqual([
      ["haproxy", 10],
      ["gateway", 35],
    ]);
  });

  it("say what two workers can do: twice one's work, less what a request costs more", () => {
    const pair = { proxy: "gateway", load: "tiny", round: 1 } as const;
    const [summary] = summarizeWorkers([
      { ...pair, one: sample("gateway", 1, 20), two: sample("gateway", 1, 25, { perSecond: 150 }) },
    ]);
    expect(summary?.capacity?.median).toBe(1.6);
    expect(summary?.perSecond?.median).toBe(1.5);
  });
});

describe("check", () => {
  it("reads the fields that a backend received", () => {
    const fields = fieldsOf("GET /echo HTTP/1.1\r\nHost: a\r\nX-Real-IP:  127.0.0.1 \r\n\r\n");
    expect([...fields]).toEqual([
      ["host", "a"],
      ["x-real-ip", "127.0.0.1"],
    ]);
  });
});
