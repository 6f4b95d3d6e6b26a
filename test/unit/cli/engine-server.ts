import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EngineConnection } from "../../../src/engine/connection.ts";

/** An HTTP server that answers GET requests as the engine does, by path; what is not there is 404. */
export async function serveEngine(
  answers: Record<string, (query: URLSearchParams) => unknown>,
): Promise<{ connection: EngineConnection } & AsyncDisposable> {
  const directory = await mkdtemp(join(tmpdir(), "cutover-engine-"));
  const path = join(directory, "docker.sock");
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://docker");
    const answer = answers[url.pathname.replace(/^\/v\d+\.\d+/, "")]?.(url.searchParams) ?? null;
    response.setHeader("api-version", "1.45");
    if (url.pathname !== "/_ping" && answer === null) response.statusCode = 404;
    response.end(JSON.stringify(answer ?? { message: "no such object" }));
  });
  await once(server.listen(path), "listening");
  const connection = await EngineConnection.open({ kind: "socket", path, name: `unix://${path}` });
  return {
    connection,
    async [Symbol.asyncDispose]() {
      await connection[Symbol.asyncDispose]();
      server.closeAllConnections();
      server.close();
      await rm(directory, { recursive: true });
    },
  };
}
