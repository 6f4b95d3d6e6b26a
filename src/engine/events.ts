import { z } from "zod";
import type { ContainerEvent } from "../deploy/ports.ts";
import type { EngineConnection } from "./connection.ts";
import { type LabelFilter, labelFilter } from "./containers.ts";
import { transportFailure } from "./failure.ts";
import { streamJson } from "./lines.ts";

const eventSchema = z.object({
  Action: z.string(),
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()).nullish() }),
  timeNano: z.number(),
});

/**
 * Container events with all of the labels. Yields null once nothing that happens from then on can be missed; may
 * begin with events of the second before. Ends with the signal.
 *
 * The engine sends the answer's head before it subscribes, so a subscription without a past can miss an event.
 * `since` closes the gap: the engine takes its buffer and subscribes in one step. The time is the engine's own, as
 * this machine's clock may be another.
 * @throws ENGINE_UNREACHABLE when the engine goes away.
 */
export async function* containerEvents(
  connection: EngineConnection,
  labels: LabelFilter,
  signal: AbortSignal,
): AsyncGenerator<ContainerEvent | null> {
  try {
    const since = await engineSeconds(connection, signal);
    const answer = await connection.stream({
      method: "GET",
      path: "/events",
      query: { since, filters: { type: ["container"], label: labelFilter(labels) } },
      signal,
    });
    yield null;
    for await (const value of streamJson(answer)) {
      const event = eventSchema.parse(value);
      yield {
        action: event.Action,
        id: event.Actor.ID,
        labels: event.Actor.Attributes ?? {},
        timeNano: event.timeNano,
      };
    }
  } catch (cause) {
    if (signal.aborted) return;
    throw transportFailure(connection.endpoint.name, cause);
  }
  if (!signal.aborted) {
    throw transportFailure(connection.endpoint.name, new Error("the stream of events ended"));
  }
}

/** The engine's clock in whole seconds since the epoch; undefined when it does not tell. */
async function engineSeconds(connection: EngineConnection, signal: AbortSignal): Promise<number | undefined> {
  const headers = await connection.headers({ method: "GET", path: "/_ping", signal });
  const at = Date.parse(headers.date ?? "");
  return Number.isNaN(at) ? undefined : Math.floor(at / 1000);
}
