import type { AppService } from "./app-definition.ts";
import { invalid } from "./extension-error.ts";
import type { SourceFile } from "./source-file.ts";

/**
 * Services under the same names that all say `weight` share what goes there: the one with the most rules keeps its
 * routes and streams, the others have none and name it in `sharesWith`.
 * @throws CutoverError EXTENSION_INVALID when two of them say different policies
 */
export function shareRoutes(services: readonly AppService[], sources: readonly SourceFile[]): AppService[] {
  const owners: AppService[] = [];
  const ownerOf = new Map<string, string>();
  const weighted = services.filter((service) => service.weight !== undefined && rulesOf(service).length > 0);
  for (const service of weighted.toSorted((a, b) => rulesOf(b).length - rulesOf(a).length)) {
    const at = owners.findIndex((owner) => rulesOf(service).every((rule) => rulesOf(owner).includes(rule)));
    const owner = owners[at];
    if (!owner) owners.push(service);
    else {
      owners[at] = withPolicy(owner, service, sources);
      ownerOf.set(service.name, owner.name);
    }
  }
  return services.map((service) => {
    const sharesWith = ownerOf.get(service.name);
    if (sharesWith === undefined) return owners.find((owner) => owner.name === service.name) ?? service;
    const { streams: _, policy: __, ...rest } = service;
    return { ...rest, routes: [], sharesWith };
  });
}

function rulesOf({ routes, streams = [] }: AppService): string[] {
  return [...routes, ...streams].map((rule) => JSON.stringify(rule));
}

/** The owner with the policy that either of them says. */
function withPolicy(owner: AppService, service: AppService, sources: readonly SourceFile[]): AppService {
  if (!service.policy) return owner;
  if (owner.policy && JSON.stringify(owner.policy) !== JSON.stringify(service.policy)) {
    throw invalid(
      `Services "${owner.name}" and "${service.name}" share requests by \`weight\`, and say different things about them. Say it in one of them.`,
      ["services", service.name, "x-cutover"],
      "key",
      sources,
    );
  }
  return { ...owner, policy: service.policy };
}
