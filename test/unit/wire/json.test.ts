import { mkdtempSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CutoverError } from "../../../src/model/error.ts";
import { requestJson, requestStream } from "../../../src/wire/json-client.ts";
import { createJsonServer, type Routes } from "../../../src/wire/json-server.ts";
import { readNdjson } from "../../../src/wire/ndjson.ts";

let directory: string;
let server: Server;
const socketPath = (): string => join(directory, "s");

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "cutover-wire-"));
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(directory, { recursive: true, force: true });
});

async function serve(routes: Routes, onError: (error: unknown) => void = () => undefined): Promise<void> {
  server = createJsonServer(routes, onError);
  await new Promise<void>((resolve) => server.listen(socketPath(), resolve));
}

describe("client and server", () => {
  it("carries parameters, query and body both ways", async () => {
    await serve({
      "PUT /v1/things/:name": async ({ params, query, body }) => ({
        ...params,
        q: query.get("q"),
        body: await body(),
      }),
    });
    const answer = await requestJson({ socketPath: socketPath() }, "PUT", "/v1/things/a%2Fb?q=1", {
      deep: [1, null],
    });
    expect(answer).toEqual({ name: "a/b", q: "1", body: { deep: [1, null] } });
  });

  it("gives a CutoverError as it was thrown, with its place", async () => {
    const where = { file: "compose.yaml", line: 3, column: 5 };
    await serve({
      "GET /x": () => {
        throw new CutoverError("EXTENSION_INVALID", "no key hots", { where, details: ["a"] });
      },
    });
    const failed = requestJson({ socketPath: socketPath() }, "GET", "/x");
    await expect(failed).rejects.toMatchObject({ code: "EXTENSION_INVALID", where, details: ["a"] });
  });

  it("reports what is no CutoverError to the server's own log", async () => {
    const seen: unknown[] = [];
    await serve({ "GET /x": () => Promise.reject(new TypeError("broken")) }, (error) => seen.push(error));
    await expect(requestJson({ socketPath: socketPath() }, "GET", "/x")).rejects.toMatchObject({
      code: "INTERNAL",
    });
    expect(seen).toHaveLength(1);
  });

  it("streams lines and notices when the reader goes", async () => {
    const gone = Promise.withResolvers<void>();
    await serve({
      "POST /s": (call) => {
        const stream = call.stream();
        stream.gone.addEventListener("abort", () => gone.resolve());
        stream.write({ n: 1 });
        stream.write({ n: 2 });
      },
    });
    for await (const value of requestStream({ socketPath: socketPath() }, "POST", "/s", {})) {
      if ((value as { n: number }).n === 2) break;
    }
    await gone.promise;
  });
});

describe("a server started again", () => {
  it("answers the first request", async () => {
    await serve({ "GET /x": () => "before" });
    expect(await requestJson({ socketPath: socketPath() }, "GET", "/x")).toBe("before");
    server.closeAllConnections();
    server.close();
    await serve({ "GET /x": () => "after" });
    expect(await requestJson({ socketPath: socketPath() }, "GET", "/x")).toBe("after");
  });
});

describe("closing", () => {
  it("a stream in the instant of its last line ends it, and nothing else", async () => {
    const goOn = Promise.withResolvers<void>();
    await serve({
      "GET /s": async (call) => {
        const stream = call.stream();
        stream.write(1);
        await goOn.promise;
        stream.write(2);
        stream.end();
      },
    });
    const closing = new AbortController();
    const read: unknown[] = [];
    const reading = async (): Promise<void> => {
      for await (const value of requestStream(
        { socketPath: socketPath() },
        "GET",
        "/s",
        undefined,
        closing.signal,
      )) {
        read.push(value);
        if (value === 1) goOn.resolve();
        else closing.abort();
      }
    };
    await reading().catch(() => undefined);
    expect(read).toEqual([1, 2]);
    const answered = requestJson({ socketPath: socketPath() }, "GET", "/none");
    await expect(answered).rejects.toMatchObject({ code: "USAGE" });
  });

  it("a request that is not answered fails with the signal's reason", async () => {
    await serve({ "GET /never": () => new Promise(() => undefined) });
    const address = { socketPath: socketPath() };
    const limit = AbortSignal.timeout(20);
    await expect(requestJson(address, "GET", "/never", undefined, limit)).rejects.toMatchObject({
      name: "TimeoutError",
    });
    const passed = AbortSignal.abort(new Error("too late"));
    await expect(requestJson(address, "GET", "/never", undefined, passed)).rejects.toThrow("too late");
  });
});

describe("readNdjson", () => {
  it("reads the same values however the bytes are split", async () => {
    await serve({});
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue()), fc.integer({ min: 1, max: 7 }), async (values, size) => {
        const bytes = Buffer.from(values.map((value) => `${JSON.stringify(value)}\n`).join(""));
        const chunks: Buffer[] = [];
        for (let i = 0; i < bytes.length; i += size) chunks.push(bytes.subarray(i, i + size));
        const read: unknown[] = [];
        for await (const value of readNdjson(Readable.from(chunks, { objectMode: false }))) read.push(value);
        expect(JSON.stringify(read)).toEqual(JSON.stringify(values));
      }),
      { numRuns: 50 },
    );
  });
});
