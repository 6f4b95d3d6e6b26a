import { type Colour, colourService } from "../model/app.ts";
import { label } from "../model/labels.ts";
import type { Hook } from "../model/settings.ts";
import type { OwnNetwork } from "./colour-networks.ts";
import type { ComposeService } from "./compose-model.ts";
import { escapeDollar } from "./dollar.ts";

/** Name of a hook's service in a colour's file: `pre-deploy-0-green`. */
export function hookServiceName(hook: Pick<Hook, "phase" | "index">, colour: Colour): string {
  return colourService(`${hook.phase}-${hook.index}`, colour);
}

/**
 * A hook's container: the service's definition with the hook's command. It answers to no name, has no health check,
 * is never started again and needs no other service to run. As with `docker compose run`, the image's entrypoint gets
 * the words of a command; a shell command (`sh -c TEXT`) takes the entrypoint's place.
 */
export function hookService(
  hook: Hook,
  source: ComposeService,
  services: Readonly<Record<string, ComposeService>>,
  own: readonly OwnNetwork[],
): ComposeService {
  const { depends_on: _d, links: _l, hostname: _h, healthcheck: _c, expose: _e, pid, ipc, ...rest } = source;
  const shared = source.network_mode?.startsWith("service:")
    ? services[source.network_mode.slice("service:".length)]
    : undefined;
  const { network_mode: mode, networks, ...definition } = rest;
  const command = hook.command.map(escapeDollar);
  const shell = command.length === 3 && command[0] === "sh" && command[1] === "-c";
  const base = shared ?? source;
  return {
    ...definition,
    ...(pid !== undefined && !pid.startsWith("service:") ? { pid } : {}),
    ...(ipc !== undefined && !ipc.startsWith("service:") ? { ipc } : {}),
    ...(base.networks ? { networks: withoutAliases(base.networks, own) } : {}),
    ...(shared === undefined && mode !== undefined ? { network_mode: mode } : {}),
    ...(shell ? { entrypoint: command, command: [] } : { command }),
    healthcheck: { disable: true },
    restart: "no",
    deploy: { ...withoutRestart(source.deploy), replicas: 1 },
    labels: { ...source.labels, [label.role]: "hook", [label.hook]: `${hook.phase}.${hook.index}` },
  };
}

function withoutAliases(
  networks: NonNullable<ComposeService["networks"]>,
  own: readonly OwnNetwork[],
): NonNullable<ComposeService["networks"]> {
  return Object.fromEntries(
    Object.entries(networks).map(([key, network]) => [
      key,
      own.some((one) => one.key === key) ? {} : network,
    ]),
  );
}

function withoutRestart(deploy: ComposeService["deploy"]): ComposeService["deploy"] {
  const { restart_policy: _, ...rest } = deploy ?? {};
  return rest;
}
