import { type Colour, colourProject } from "../model/app.ts";
import { type ComposeModel, type ComposeServiceNetwork, resourceName } from "./compose-model.ts";

/** A network of a colour's own, beside one of the base project's on which two or more of its services are. */
export interface OwnNetwork {
  /** Key in the colour's file. */
  key: string;
  /** Key of the base project's network that it stands beside. */
  beside: string;
  /** Name in the engine. */
  name: string;
}

/**
 * The networks of its own that a colour needs: one for each of the model's networks on which at least two of the
 * colour's services are, since only those could call each other by name. Beside `default` it is called `shop-green`,
 * beside `back` `shop-green-back`.
 */
export function ownNetworks(model: ComposeModel, services: readonly string[], colour: Colour): OwnNetwork[] {
  const members = new Map<string, number>();
  for (const service of services) {
    for (const key of serviceNetworks(model, service)) members.set(key, (members.get(key) ?? 0) + 1);
  }
  const project = colourProject(model.name, colour);
  return [...members]
    .filter(([, count]) => count >= 2)
    .map(([beside]) => {
      const name = beside === "default" ? project : `${project}-${beside}`;
      let key = name;
      while (model.networks && key in model.networks) key += "_";
      return { key, beside, name };
    });
}

/** Keys of the networks that a service is on; compose's `default` where the file names none. */
export function serviceNetworks(model: ComposeModel, service: string): string[] {
  const definition = model.services[service];
  if (!definition || definition.network_mode !== undefined) return [];
  return Object.keys(definition.networks ?? { default: null });
}

/**
 * The `networks` of one of a colour's services: the base project's without any alias, since both colours are on them,
 * and the colour's own under every name that the file gives the service.
 */
export function colourServiceNetworks(
  model: ComposeModel,
  service: string,
  own: readonly OwnNetwork[],
): Record<string, ComposeServiceNetwork> {
  const definition = model.services[service];
  const result: Record<string, ComposeServiceNetwork> = {};
  for (const key of serviceNetworks(model, service)) {
    const { aliases = [], ...rest } = definition?.networks?.[key] ?? {};
    result[key] = rest;
    const beside = own.find((network) => network.beside === key);
    if (beside) {
      const names = [service, ...aliases, definition?.container_name, definition?.hostname];
      result[beside.key] = { aliases: [...new Set(names.filter((name) => name !== undefined))] };
    }
  }
  return result;
}

/** Top-level `networks` of a colour's file. The own ones are internal: they never become a container's way out. */
export function colourNetworks(
  model: ComposeModel,
  used: readonly string[],
  own: readonly OwnNetwork[],
  labels: Record<string, string>,
): Record<string, object> {
  const result: Record<string, object> = {};
  for (const key of used) {
    const there = own.find((network) => network.key === key);
    result[key] = there
      ? { name: there.name, internal: true, labels }
      : { name: resourceName(model, "networks", key), external: true };
  }
  return result;
}
