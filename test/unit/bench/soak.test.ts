import { describe, expect, it } from "vitest";
import { complains } from "../../../bench/soak/gateway-process.ts";
import { leaks, type Quiet } from "../../../bench/soak/leaks.ts";
import { parseAnswer, wrongIn } from "../../../bench/soak/pipeline.ts";

const mebibyte = 2 ** 20;

function quiet(role: string, more: Partial<Quiet> = {}): Quiet {
  const handles = { TCPSocketWrap: 1, PipeWrap: 2, Timeout: 2 };
  return {
    role,
    sockets: 3,
    heap: 10 * mebibyte,
    external: 10 * mebibyte,
    resident: 60 * mebibyte,
    handles,
    ...more,
  };
}

describe("leaks", () => {
  const start = [quiet("primary"), quiet("worker 1")];
  const warm = [quiet("primary"), quiet("worker 1", { heap: 14 * mebibyte, resident: 90 * mebibyte })];

  it("are none where all is as it was, whatever the first phase took", () => {
    expect(leaks(start, [warm, warm], 5)).toEqual([]);
  });

  it("are sockets, handles and timers beyond those that switches leave for a while", () => {
    const handles = { TCPSocketWrap: 2, PipeWrap: 2, Timeout: 2 + 15 };
    expect(leaks(start, [warm, [quiet("primary"), quiet("worker 1", { handles, sockets: 4 })]], 5)).toEqual([
      "worker 1: 2 handles of the kind TCPSocketWrap, 1 at the start",
      "worker 1: 4 sockets, 3 at the start",
    ]);
    const timers = { TCPSocketWrap: 1, PipeWrap: 2, Timeout: 2 + 16 };
    expect(leaks(start, [warm, [quiet("primary"), quiet("worker 1", { handles: timers })]], 5)).toEqual([
      "worker 1: 18 handles of the kind Timeout, 2 at the start",
    ]);
  });

  it("are memory that grew after the first phase", () => {
    const grown = quiet("worker 1", {
      heap: 18 * mebibyte,
      external: 17 * mebibyte,
      resident: 130 * mebibyte,
    });
    expect(leaks(start, [warm, [quiet("primary"), grown]], 5)).toEqual([
      "worker 1: heap grew from 14.0 to 18.0 MiB",
      "worker 1: memory outside the heap grew from 10.0 to 17.0 MiB",
      "worker 1: resident memory grew from 90.0 to 130.0 MiB",
    ]);
  });
});

describe("pipelined answers", () => {
  const body = '{"version":"3","n":"7"}';
  const text = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;

  it("are taken one by one, when they are whole", () => {
    const answer = { status: 200, version: 3, n: "7", closes: true };
    expect(parseAnswer(`${text}HTTP/1.1`)).toEqual({ answer, end: text.length });
    for (let length = 0; length < text.length; length += 1)
      expect(parseAnswer(text.slice(0, length))).toBeNull();
  });

  it("are wrong out of order, of an older version, or with another status", () => {
    const answer = { status: 200, version: 3, n: "7", closes: false };
    expect(wrongIn(answer, "7", 3)).toBeNull();
    expect(wrongIn(answer, "6", 3)).toContain("in the place of that to 6");
    expect(wrongIn(answer, "7", 4)).toBe("version 3 after 4");
    expect(wrongIn({ ...answer, status: 502 }, "7", 3)).toBe("status 502");
  });
});

describe("the gateway's log", () => {
  it("complains from warnings on", () => {
    expect(complains('{"level":"warn","time":"x","msg":"y"}')).toBe(true);
    expect(complains('{"level":"info","msg":"level error"}')).toBe(false);
    expect(complains("127.0.0.1 GET /error 200")).toBe(false);
  });
});
