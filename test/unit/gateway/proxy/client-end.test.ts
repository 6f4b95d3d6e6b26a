import { describe, expect, it } from "vitest";
import type { MockConnection } from "./mock-transport.ts";
import { get, setStage } from "./stage.ts";

const stage = setStage();

/** The client sends FIN, and it is read. */
function endSide(client: MockConnection): void {
  client.peerEnd();
  while (client.deliver());
}

describe("a client that has ended its side", () => {
  it("gets all of its answer, however long that comes", () => {
    const client = stage.client();
    client.arrive(get);
    endSide(client);
    const target = stage.upstream();
    target.arrive("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
    for (let piece = 0; piece < 10; piece += 1) {
      stage.pass(10_000);
      target.arrive(String(piece));
    }
    expect(client.text).toMatch(/0123456789$/);
    expect(client.isOver).toBe(true);
    expect(stage.inFlight).toBe(0);
  });

  it("is let go of, and its target with it, when the answer stops", () => {
    const client = stage.client();
    client.arrive(get);
    endSide(client);
    stage.upstream().arrive("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    stage.pass(29_000);
    expect(stage.inFlight).toBe(1);
    stage.pass(2_500);
    expect(client.isOver).toBe(true);
    expect(stage.inFlight).toBe(0);
  });

  it("gets the rest of an answer that ends with the connection", () => {
    const client = stage.client();
    client.arrive("GET / HTTP/1.0\r\n\r\n");
    const target = stage.upstream();
    target.arrive("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n");
    endSide(client);
    target.arrive("2\r\ncd\r\n0\r\n\r\n");
    expect(client.text).toMatch(/\r\n\r\nabcd$/);
    expect(client.isOver).toBe(true);
  });
});

describe("a client that sends on after its answer", () => {
  it("may do so for a while, so that it comes to read it, and not for ever", () => {
    stage.switchTo([stage.target], { maxBodyBytes: 10 });
    const client = stage.client();
    client.arrive("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 30000000\r\n\r\n");
    expect(client.text).toMatch(/^HTTP\/1\.1 413 /);
    let seconds = 0;
    for (; seconds < 100 && !client.closed; seconds += 1) {
      client.arrive("x".repeat(1_000));
      stage.pass(1_000);
    }
    expect(seconds).toBeGreaterThan(20);
    expect(seconds).toBeLessThan(40);
  });
});
