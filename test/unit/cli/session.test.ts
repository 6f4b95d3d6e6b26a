import { describe, expect, test } from "vitest";
import { DeploymentSession } from "../../../src/cli/deployment/session.ts";
import type { BeginRequest } from "../../../src/model/control-api.ts";
import { CutoverError } from "../../../src/model/error.ts";
import type { DeploymentEvent, DeploymentEventBody } from "../../../src/model/events.ts";
import type { LineStream } from "../../../src/wire/json-server.ts";
import { serveControl } from "./control-server.ts";

const request: BeginRequest = {
  kind: "deploy",
  release: null,
  waitLockMs: 0,
  who: "ann@ci",
  readyTimeoutMs: null,
};
const begun: DeploymentEventBody = {
  type: "begun",
  app: "shop",
  deployment: "d1",
  kind: "deploy",
  colour: "green",
  previous: 4,
};
const live: DeploymentEventBody = {
  type: "outcome",
  outcome: "live",
  release: 5,
  error: null,
  receipt: null,
};
const at = (body: DeploymentEventBody): DeploymentEvent => ({ at: 1, ...body });

/** A control whose deployment stream is in the test's hand. */
async function scripted() {
  const opened = Promise.withResolvers<LineStream>();
  const bodies: unknown[] = [];
  const again = Promise.withResolvers<LineStream>();
  const server = await serveControl({
    "POST /v1/apps/:app/deployments": async ({ body, stream }) => {
      bodies.push(await body());
      opened.resolve(stream());
    },
    "GET /v1/deployments/:id/events": ({ stream }) => {
      again.resolve(stream());
      return undefined;
    },
    "POST /v1/deployments/:id/started": () => ({}),
    "POST /v1/deployments/:id/abort": async ({ body }) => {
      bodies.push(await body());
      return {};
    },
  });
  const events: string[] = [];
  const seen = (event: DeploymentEvent) => void events.push(event.type);
  return { server, opened: opened.promise, again: again.promise, bodies, events, seen };
}

const never = new AbortController().signal;

describe("a deployment's session", () => {
  test("begins when control says so, after having waited, and ends with the outcome", async () => {
    const { server, opened, events, seen, bodies } = await scripted();
    await using _ = server;
    const beginning = DeploymentSession.begin(server.control, "shop", request, seen, never);
    const stream = await opened;
    const holder = { deployment: "d0", who: "bob@ci", since: 0, step: "drain" as const };
    stream.write(at({ type: "waiting", app: "shop", holder }));
    stream.write(at(begun));
    using session = await beginning;
    expect(session.begun).toEqual({ id: "d1", app: "shop", colour: "green", previous: 4 });
    expect(bodies).toEqual([request]);
    stream.write(at(live));
    stream.end();
    expect(await session.outcome).toMatchObject({ outcome: "live", release: 5 });
    expect(events).toEqual(["waiting", "begun", "outcome"]);
    expect(session.failing.aborted).toBe(true);
  });

  test("is refused while another holds the app", async () => {
    await using server = await serveControl({
      "POST /v1/apps/:app/deployments": () => {
        throw new CutoverError("BUSY", "shop is being deployed: d0 of bob@ci");
      },
    });
    const beginning = DeploymentSession.begin(server.control, "shop", request, () => {}, never);
    await expect(beginning).rejects.toMatchObject({
      code: "BUSY",
      message: "shop is being deployed: d0 of bob@ci",
    });
  });

  test("that waited too long fails with the outcome's error", async () => {
    const { server, opened, seen } = await scripted();
    await using _ = server;
    const beginning = DeploymentSession.begin(server.control, "shop", request, seen, never);
    const error = {
      code: "BUSY" as const,
      message: "still",
      where: null,
      hint: "",
      details: [],
      cause: null,
    };
    (await opened).write(at({ type: "outcome", outcome: "aborted", release: null, error, receipt: null }));
    await expect(beginning).rejects.toMatchObject({ code: "BUSY", message: "still" });
  });

  test("given up while it waits lets go of the lock's queue", async () => {
    const { server, opened, seen } = await scripted();
    await using _ = server;
    const interrupted = new AbortController();
    const beginning = DeploymentSession.begin(server.control, "shop", request, seen, interrupted.signal);
    const stream = await opened;
    const gone = new Promise((resolve) => stream.gone.addEventListener("abort", resolve));
    interrupted.abort(new CutoverError("ABORTED", "Interrupted."));
    await expect(beginning).rejects.toMatchObject({ code: "ABORTED", message: "Interrupted." });
    await gone;
  });

  test("stops the command's work when a step fails, before the outcome is there", async () => {
    const { server, opened, seen } = await scripted();
    await using _ = server;
    const beginning = DeploymentSession.begin(server.control, "shop", request, seen, never);
    const stream = await opened;
    stream.write(at(begun));
    using session = await beginning;
    const failing = new Promise((resolve) => session.failing.addEventListener("abort", resolve));
    stream.write(at({ type: "step", step: "start", status: "failed", ms: 3, detail: null }));
    await failing;
    await session.abort("the build failed", new CutoverError("BUILD_FAILED", "the build failed"));
  });

  test("closing it closes the stream: control sees that the lease is gone", async () => {
    const { server, opened, seen } = await scripted();
    await using _ = server;
    const beginning = DeploymentSession.begin(server.control, "shop", request, seen, never);
    const stream = await opened;
    stream.write(at(begun));
    const session = await beginning;
    const gone = new Promise((resolve) => stream.gone.addEventListener("abort", resolve));
    session[Symbol.dispose]();
    await gone;
  });

  test("aborts with the error's body", async () => {
    const { server, opened, seen, bodies } = await scripted();
    await using _ = server;
    const beginning = DeploymentSession.begin(server.control, "shop", request, seen, never);
    (await opened).write(at(begun));
    using session = await beginning;
    await session.abort("The build failed.", new CutoverError("BUILD_FAILED", "The build failed."));
    expect(bodies[1]).toMatchObject({ reason: "The build failed.", error: { code: "BUILD_FAILED" } });
  });
});

describe("when the stream breaks", () => {
  test("before the hand-over, the deployment is lost", async () => {
    const { server, opened, seen } = await scripted();
    await using _ = server;
    const beginning = DeploymentSession.begin(server.control, "shop", request, seen, never);
    (await opened).write(at(begun));
    using session = await beginning;
    server.dropConnections();
    await expect(session.outcome).rejects.toMatchObject({ code: "CONTROL_UNREACHABLE" });
    expect(session.failing.aborted).toBe(true);
  });

  test("after it, the stream is taken up where it broke", async () => {
    const { server, opened, again, events, seen } = await scripted();
    await using _ = server;
    const beginning = DeploymentSession.begin(server.control, "shop", request, seen, never);
    const first = await opened;
    const start = at(begun);
    const ready = at({ type: "step", step: "ready", status: "started", ms: null, detail: null });
    first.write(start);
    using session = await beginning;
    await session.started();
    first.write(at({ type: "log", source: "web", line: "not in the journal" }));
    first.write(ready);
    await expect.poll(() => events).toEqual(["begun", "log", "step"]);
    server.dropConnections();
    const second = await again;
    second.write(start);
    second.write(ready);
    second.write(at({ type: "switched", generation: 2, workers: 2, ms: 1 }));
    second.write(at(live));
    second.end();
    expect(await session.outcome).toMatchObject({ outcome: "live" });
    expect(events).toEqual(["begun", "log", "step", "switched", "outcome"]);
  });
});
