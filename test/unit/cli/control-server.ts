import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Control, controlRequests } from "../../../src/cli/control-requests.ts";
import { requestJson, requestStream } from "../../../src/wire/json-client.ts";
import { createJsonServer, type Routes } from "../../../src/wire/json-server.ts";

/** A server on a unix socket that answers as `routes` say, and the client's side of it. */
export interface ControlServer extends AsyncDisposable {
  control: Control;
  /** Closes every connection at once, as when control is killed; it goes on listening. */
  dropConnections(): void;
}

export async function serveControl(routes: Routes): Promise<ControlServer> {
  const directory = await mkdtemp(join(tmpdir(), "cutover-cli-"));
  const socketPath = join(directory, "control.sock");
  const server = createJsonServer(routes, () => {});
  await once(server.listen(socketPath), "listening");
  return {
    control: controlRequests({
      request: (method, path, body) => requestJson({ socketPath }, method, path, body),
      stream: (method, path, body, signal) => requestStream({ socketPath }, method, path, body, signal),
    }),
    dropConnections: () => server.closeAllConnections(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await rm(directory, { recursive: true });
    },
  };
}
