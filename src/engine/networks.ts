import { z } from "zod";
import type { EngineConnection } from "./connection.ts";
import { type LabelFilter, labelFilter } from "./containers.ts";

const networksSchema = z.array(
  z.object({
    Id: z.string(),
    Name: z.string(),
    Driver: z.string(),
    Labels: z.record(z.string(), z.string()).nullish(),
  }),
);

export interface NetworkSummary {
  id: string;
  name: string;
  driver: string;
  labels: Record<string, string>;
}

/** Networks with all of the labels; all of the engine's when none is given. */
export async function listNetworks(
  connection: EngineConnection,
  labels: LabelFilter = {},
): Promise<NetworkSummary[]> {
  const { body } = await connection.json({
    method: "GET",
    path: "/networks",
    query: { filters: { label: labelFilter(labels) } },
  });
  return networksSchema.parse(body).map((network) => ({
    id: network.Id,
    name: network.Name,
    driver: network.Driver,
    labels: network.Labels ?? {},
  }));
}

/** The id of the bridge network of that name, which is made when it is missing. @throws NO_ADDRESS_POOL. */
export async function ensureNetwork(
  connection: EngineConnection,
  name: string,
  labels: Record<string, string>,
): Promise<string> {
  const found = (await listNetworks(connection)).find((network) => network.name === name);
  if (found) return found.id;
  const { body } = await connection.json({
    method: "POST",
    path: "/networks/create",
    body: { Name: name, Driver: "bridge", CheckDuplicate: true, Labels: labels },
  });
  return z.object({ Id: z.string() }).parse(body).Id;
}

/** False when it was gone already. @throws ENGINE_ERROR while a container is connected to it. */
export async function removeNetwork(connection: EngineConnection, id: string): Promise<boolean> {
  const { status } = await connection.json({
    method: "DELETE",
    path: `/networks/${encodeURIComponent(id)}`,
    allow: [404],
  });
  return status !== 404;
}
