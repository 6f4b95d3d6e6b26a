import { describe, expect, it } from "vitest";
import { mockTarget } from "./plane.ts";
import { get, ok, setStage } from "./stage.ts";

const stage = setStage();

const put = (length: number) => `PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: ${length}\r\n\r\n`;
const chunkedPost = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

/** Makes an idle connection to the target, and returns its number. */
function warmUp(): number {
  const number = stage.connections;
  stage.client().arrive(get);
  stage.upstream(number).arrive(ok);
  return number;
}

describe("an exchange", () => {
  it("carries a request and its answer", () => {
    const client = stage.client();
    client.arrive(get);
    expect(stage.inFlight).toBe(1);
    const target = stage.upstream();
    expect(target.text).toMatch(/^GET \/ HTTP\/1\.1\r\nHost: h\r\n/);
    target.arrive(ok);
    expect(client.text).toBe(ok);
    expect(stage.inFlight).toBe(0);
    expect(client.closed).toBe(false);
  });

  it("keeps an interim response as it is while the client does not read, whatever comes behind it", () => {
    const client = stage.client();
    client.arrive(get);
    client.congested = true;
    stage.upstream().arrive("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n\r\nbody");
    client.congested = false;
    client.flush();
    expect(client.text).toBe(
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" +
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n",
    );
    expect(client.faults).toEqual([]);
  });

  it("answers 400 to a body that turns out malformed while it connects, and sends nothing of it", () => {
    const client = stage.client();
    client.arrive(chunkedPost);
    client.arrive("no size\r\n");
    const target = stage.upstream();
    expect(target.text).toBe("");
    expect(client.text).toMatch(/^HTTP\/1\.1 400 /);
    expect(stage.inFlight).toBe(0);
  });

  it.each([
    ["with its head", true],
    ["after its head", false],
  ])("answers 413 to chunks that are too many %s", (_, together) => {
    stage.switchTo([stage.target], { maxBodyBytes: 100 });
    const client = stage.client();
    const body = `80\r\n${"x".repeat(128)}\r\n0\r\n\r\n`;
    if (together) client.arrive(chunkedPost + body);
    else client.arrive(chunkedPost);
    if (!together) {
      stage.upstream();
      client.arrive(body);
    }
    expect(client.text).toMatch(/^HTTP\/1\.1 413 /);
    for (const { text } of stage.mock.transport.outgoing) expect(text).not.toContain("xxx");
    expect(stage.inFlight).toBe(0);
  });

  it("does not tell a client of HTTP/1.0 of chunks, also where there is no content", () => {
    const client = stage.client();
    client.arrive("HEAD / HTTP/1.0\r\nHost: h\r\n\r\n");
    stage.upstream().arrive("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    expect(client.text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(client.text).not.toContain("Transfer-Encoding");
  });

  it("logs a request once whose client leaves while the rest of the body is read", async () => {
    const client = stage.client();
    client.arrive(put(10));
    stage.upstream().arrive(ok);
    expect(client.text).toBe(ok);
    client.peerFail();
    expect(await stage.logged()).toHaveLength(1);
  });

  it("logs a request once whose body turns out malformed after its answer", async () => {
    const client = stage.client();
    client.arrive(chunkedPost);
    stage.upstream().arrive(ok);
    client.arrive("no size\r\n");
    expect(client.isOver).toBe(true);
    expect(client.text).toBe(ok);
    expect(await stage.logged()).toHaveLength(1);
  });

  it("sends all of the last answer to a client that is slow, and ends then", () => {
    const client = stage.client();
    client.arrive("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    client.congested = true;
    stage.upstream().arrive(ok);
    stage.pass(5_000);
    client.congested = false;
    client.flush();
    expect(client.text).toBe("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
    stage.pass(3_000);
    expect(client.closed).toBe(true);
  });
});

describe("a request that is sent again", () => {
  it("is the same, on another connection", () => {
    const number = warmUp();
    const client = stage.client();
    client.arrive(get);
    const idle = stage.upstream(number);
    const sent = idle.text.slice(idle.text.lastIndexOf("GET /"));
    idle.peerFail();
    const next = stage.upstream(number + 1);
    expect(next.text).toBe(sent);
    next.arrive(ok);
    expect(client.text).toBe(ok);
  });

  it("may have as many fields as a client may send, and as large ones", () => {
    const number = warmUp();
    const client = stage.client();
    const lines = Array.from({ length: 127 }, (_, index) => `X-${index}: ${"v".repeat(100)}\r\n`);
    client.arrive(`GET /many HTTP/1.1\r\nHost: h\r\n${lines.join("")}\r\n`);
    const idle = stage.upstream(number);
    const sent = idle.text.slice(idle.text.lastIndexOf("GET /many"));
    idle.peerFail();
    const next = stage.upstream(number + 1);
    expect(next.text).toBe(sent);
    next.arrive(ok);
    expect(client.text).toBe(ok);
  });

  it("has the body that came while the next connection was made; what follows is the next request", () => {
    const number = warmUp();
    const client = stage.client();
    client.arrive(put(4));
    stage.upstream(number).peerFail();
    client.arrive(`body${get}`);
    const next = stage.upstream(number + 1);
    expect(next.text).toMatch(/\r\n\r\nbody$/);
    next.arrive(ok);
    next.arrive(ok);
    expect(client.text).toBe(ok + ok);
  });

  it("may be any where the connection took no byte of it", () => {
    const number = warmUp();
    const client = stage.client();
    stage.upstream(number).broken = true;
    client.arrive("POST /one HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbo");
    expect(stage.upstream(number).closed).toBe(true);
    client.arrive(`dy${get}`);
    stage.pass(20);
    const next = stage.upstream(number + 1);
    expect(next.text).toMatch(/^POST \/one HTTP[\s\S]*\r\n\r\nbody$/);
    next.arrive(ok);
    next.arrive(ok);
    expect(client.text).toBe(ok + ok);
    expect(stage.inFlight).toBe(0);
  });

  it("takes no byte of the next request for its body when it is cut", () => {
    const number = warmUp();
    const client = stage.client();
    client.arrive(put(4));
    stage.upstream(number).peerFail();
    client.arrive("body");
    stage.mock.drains.start({ targets: [stage.target.id], requestsMs: 50, connectionsMs: 50, spreadMs: 0 });
    stage.pass(60);
    expect(client.text).toMatch(/^HTTP\/1\.1 504 /);
    client.arrive(get);
    expect(stage.connections).toBe(number + 3);
    stage.upstream(number + 2).arrive(ok);
    expect(client.text.endsWith(ok)).toBe(true);
  });

  it("is answered though the client has ended its side, when all of its body is there", () => {
    const number = warmUp();
    const client = stage.client();
    client.arrive(put(4));
    stage.upstream(number).peerFail();
    client.arrive("body");
    client.peerEnd();
    client.deliver();
    const next = stage.upstream(number + 1);
    expect(next.text).toMatch(/\r\n\r\nbody$/);
    next.arrive("HTTP/1.1 204 No Content\r\n\r\n");
    expect(client.text).toMatch(/HTTP\/1\.1 204 No Content\r\n/);
  });

  it("names the next target as Host where targets are named, also when its body is still to come", () => {
    const second = mockTarget(6);
    stage.switchTo([stage.target], { host: "target" });
    const number = warmUp();
    const client = stage.client();
    client.arrive(put(4));
    stage.switchTo([second], { host: "target" });
    stage.upstream(number).peerFail();
    client.arrive("body");
    const next = stage.upstream(number + 1);
    expect(next.text).toContain(`\r\nHost: ${second.address}:${second.port}\r\n`);
    expect(next.text).toMatch(/\r\n\r\nbody$/);
  });
});

describe("an answer to HEAD that the gateway makes", () => {
  it.each([10, 20_000])("has no content, however large the request is: %i bytes", (size) => {
    const client = stage.client();
    client.arrive(`HEAD / HTTP/1.1\r\nHost: h\r\nCookie: ${"c".repeat(size)}\r\n\r\n`);
    for (let index = 0; index < stage.connections; index += 1) {
      // Another client's head is read in between.
      stage.upstream(index);
      stage.client().arrive("GET /nothing HTTP/1.1\r\nHos");
      stage.upstream(index).arrive("what is this?\r\n\r\n");
    }
    expect(client.text).toMatch(/^HTTP\/1\.1 502 [\s\S]*\r\n\r\n$/);
  });
});

describe("a connection to a target", () => {
  it("is not used again when a write to it failed", () => {
    const client = stage.client();
    client.arrive("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n");
    const first = stage.upstream();
    first.congested = true;
    client.arrive("ab");
    first.failWrites();
    first.arrive(ok);
    expect(client.text).toBe(ok);
    expect(first.closed).toBe(true);
  });
});

describe("a request whose body is kept until it is whole", () => {
  it("is read on, though so much of it had come before its turn that reading was stopped", () => {
    stage.switchTo([stage.target], { bufferRequests: { memoryBytes: 1_000_000, diskBytes: 0 } });
    const client = stage.client();
    client.arrive(get + put(200_000) + "x".repeat(100_000));
    expect(client.paused).toBe(true);
    const target = stage.upstream();
    target.arrive(ok);
    expect(client.paused).toBe(false);
    expect(stage.inFlight).toBe(0);
    client.arrive("x".repeat(100_000));
    expect(target.text.slice(target.text.indexOf("PUT"))).toMatch(/^PUT [\s\S]*\r\n\r\nx{200000}$/);
    target.arrive(ok);
    expect(client.text).toBe(ok + ok);
  });
});

describe("an upgrade", () => {
  const upgrade = "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
  const agreed = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";

  it("joins both connections once the target agrees, and holds its claim as long as they stand", () => {
    const client = stage.client();
    client.arrive(`${upgrade}early`);
    const target = stage.upstream();
    target.arrive(`${agreed}first`);
    expect(client.text).toBe(`${agreed}first`);
    expect(target.text.endsWith("\r\n\r\nearly")).toBe(true);
    target.peerEnd();
    target.deliver();
    expect([client.finished, stage.inFlight]).toEqual([true, 1]);
    client.peerEnd();
    client.deliver();
    expect([client.closed, target.closed, stage.inFlight]).toEqual([true, true, 0]);
  });

  it("ends at once when the client takes no answer any more", () => {
    const client = stage.client();
    client.arrive(upgrade);
    client.broken = true;
    const target = stage.upstream();
    target.arrive(agreed);
    expect([client.closed, target.closed, stage.inFlight]).toEqual([true, true, 0]);
  });

  it("slows the target down from the first byte on while the client does not read", () => {
    const client = stage.client();
    client.arrive(upgrade);
    client.congested = true;
    const target = stage.upstream();
    target.arrive(agreed);
    expect(target.paused).toBe(true);
    client.congested = false;
    client.flush();
    expect(target.paused).toBe(false);
  });

  it("that nobody asked for is no answer", () => {
    const client = stage.client();
    client.arrive(get);
    const target = stage.upstream();
    target.arrive(agreed);
    expect(client.text).toMatch(/^HTTP\/1\.1 502 /);
    expect([target.closed, stage.inFlight]).toEqual([true, 0]);
  });
});

describe("a target that stays in the next table", () => {
  it("keeps its connections, and is told of under the new release", async () => {
    const number = warmUp();
    stage.switchTo([stage.target], {}, 2);
    const client = stage.client();
    client.arrive(get);
    stage.upstream(number).arrive(ok);
    expect(client.text).toBe(ok);
    expect((await stage.logged()).map(({ release }) => release)).toEqual([1, 2]);
  });

  it("is named as Host by a request of the table before, and has no connection that outlives its leaving", () => {
    stage.switchTo([stage.target], { host: "target" });
    const client = stage.client();
    client.arrive(get);
    stage.switchTo([mockTarget(8)], { host: "target" });
    const target = stage.upstream();
    expect(target.text).toContain(`\r\nHost: ${stage.target.address}:${stage.target.port}\r\n`);
    const [state] = stage.mock.targets.of(stage.target.id);
    expect(state?.pool).toBeNull();
    target.arrive(ok);
    expect([client.text, target.closed]).toEqual([ok, true]);
  });

  it("keeps its connections for as long as the new policy says", () => {
    stage.switchTo([stage.target], { keepAliveMs: 60_000 });
    const number = warmUp();
    stage.switchTo([stage.target], { keepAliveMs: 500 });
    const client = stage.client();
    client.arrive(get);
    stage.upstream(number).arrive(ok);
    stage.pass(800);
    expect(stage.upstream(number).closed).toBe(true);
  });

  it("gets no connection again that began without the PROXY header that it wants now", () => {
    const number = warmUp();
    const busy = stage.client();
    busy.arrive(get);
    stage.switchTo([stage.target], { proxyProtocol: 1 });
    const client = stage.client();
    client.arrive(get);
    expect(stage.upstream(number + 1).text).toMatch(/^PROXY TCP4 [^\r]*\r\nGET /);
    stage.upstream(number).arrive(ok);
    expect([busy.text, stage.upstream(number).closed]).toEqual([ok, true]);
    stage.upstream(number + 1).arrive(ok);
    expect([client.text, stage.upstream(number + 1).closed]).toEqual([ok, true]);
  });
});

describe("a drain", () => {
  it("lets go of the claim of the request that it cuts, not of the one behind it", () => {
    const other = mockTarget(7);
    const client = stage.client();
    client.arrive(get + get);
    stage.upstream();
    stage.switchTo([other]);
    stage.mock.drains.start({ targets: [stage.target.id], requestsMs: 50, connectionsMs: 50, spreadMs: 0 });
    stage.pass(60);
    expect(client.text).toMatch(/^HTTP\/1\.1 504 /);
    expect(stage.connections).toBe(2);
    expect(stage.inFlight).toBe(1);
    stage.upstream(1).arrive(ok);
    expect(client.text.endsWith(ok)).toBe(true);
    expect(stage.inFlight).toBe(0);
  });
});
