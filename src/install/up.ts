import type { EngineConnection } from "../engine/connection.ts";
import { type EngineHost, engineHost } from "../engine/host.ts";
import { ensureVolume } from "../engine/volumes.ts";
import type { ControlStatus } from "../model/control-api.ts";
import { CutoverError } from "../model/error.ts";
import { connectControl } from "./connect.ts";
import { ensureDaemonImage, removeOldImages } from "./daemon-image.ts";
import {
  chooseSettings,
  checkDirectories,
  type SaidSettings,
  type SettingChanges,
} from "./gateway-settings.ts";
import { controlSpec, type DaemonSpec, engineSocketPath, gatewaySpec, type Ports } from "./daemon-spec.ts";
import { hasKernelRules, imageOf, takeKernelRulesAway } from "./kernel-rules.ts";
import { kernelSetting } from "./kernel-tools.ts";
import {
  type Component,
  components,
  installationLabels,
  installLabel,
  volumeKeys,
  volumeName,
} from "./names.ts";
import { portHolder } from "./port-holder.ts";
import { applyChange, type Daemon, type DaemonChange, findDaemon, neededChange } from "./replacement.ts";
import { version as ownVersion } from "./version.ts";

export interface UpOptions {
  connection: EngineConnection;
  instance: string;
  /** What is given changes the gateway; what is not stays as it is, 80 on every address at first. */
  httpPort?: number | undefined;
  httpsPort?: number | undefined;
  bind?: string | undefined;
  settings?: SettingChanges | undefined;
  /** True, as `cutover up`: a daemon that is not as it should be is replaced. False, as `deploy`: one that runs is left alone. */
  replace: boolean;
  onProgress?: ((message: string) => void) | undefined;
  /** Directory of the daemons' bundles. */
  dist?: string | undefined;
  /** The version that control must report; this program's own when left out. */
  version?: string | undefined;
  /** The engine's socket on its machine, where it is not at the usual place. */
  engineSocket?: string | undefined;
  base?: "local" | "official" | undefined;
}

export interface UpResult extends Ports {
  /** The gateway's settings that were said, now or before. */
  settings: SaidSettings;
  changes: Record<Component, DaemonChange>;
  /** What control says once both answer. */
  status: ControlStatus;
  warnings: string[];
}

const attempts = 5;

type Daemons = Record<Component, Daemon | null>;

/**
 * Starts or repairs control and gateway. Idempotent: what is as it should be is not touched, and one daemon is not
 * when only the other has changed.
 * @throws PORT_TAKEN, DAEMON_IMAGE, CONTROL_UNREACHABLE, GATEWAY_UNREACHABLE, CONTROL_VERSION and the engine's errors.
 */
export async function ensureUp(options: UpOptions): Promise<UpResult> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await reconcile(options);
    } catch (error) {
      if (attempt === attempts || !(isNameConflict(error) || error instanceof StartedMeanwhile)) throw error;
    }
  }
}

/** Another command has started the gateway since this one looked: the port is the gateway's own. */
class StartedMeanwhile extends Error {}

/** Another command made the same container at the same time: what it made is taken up by looking again. */
function isNameConflict(error: unknown): boolean {
  return (
    error instanceof CutoverError &&
    error.code === "ENGINE_ERROR" &&
    /name .* is already in use/.test(error.message)
  );
}

async function reconcile(options: UpOptions): Promise<UpResult> {
  const { connection, instance } = options;
  const found = await Promise.all(components.map((component) => findDaemon(connection, instance, component)));
  const daemons: Daemons = { gateway: found[0] ?? null, control: found[1] ?? null };
  const ports = choosePorts(options, daemons.gateway);
  const chosen = chooseSettings(daemons.gateway?.labels ?? {}, options.settings ?? {});
  const { settings } = chosen;
  const complete = components.every((component) => daemons[component]?.running);
  const changes: Record<Component, DaemonChange> =
    complete && !options.replace
      ? { gateway: "unchanged", control: "unchanged" }
      : await bringUp(options, daemons, { ...ports, settings });
  const version = options.version ?? ownVersion;
  const control = await connectControl(connection, instance, { version });
  const status = (await control.request("GET", "/v1/status")) as ControlStatus;
  if (!status.gateway) {
    throw new CutoverError("GATEWAY_UNREACHABLE", "Control runs, but the gateway does not answer it.");
  }
  return { ...ports, settings, changes, status, warnings: [...warnings(options), ...chosen.warnings] };
}

async function bringUp(
  options: UpOptions,
  daemons: Daemons,
  gateway: Ports & { settings: SaidSettings },
): Promise<Record<Component, DaemonChange>> {
  const { connection, instance, onProgress } = options;
  const host = await engineHost(connection);
  await checkDirectories(gateway.settings, host);
  const image = await ensureDaemonImage({
    connection,
    host,
    instance,
    version: options.version ?? ownVersion,
    dist: options.dist,
    base: options.base,
    kernel: gateway.settings[kernelSetting] === "true",
    ...(onProgress ? { onProgress } : {}),
  });
  const engineSocket = options.engineSocket ?? engineSocketPath(connection, host);
  const input = { instance, image, engineSocket, ...gateway };
  const specs: Record<Component, DaemonSpec> = { gateway: gatewaySpec(input), control: controlSpec(input) };
  const change = (component: Component) =>
    neededChange(daemons[component], specs[component], options.replace);
  const changes = { gateway: change("gateway"), control: change("control") };
  if (changes.gateway !== "unchanged") await checkPort(connection, instance, host, gateway, daemons.gateway);
  for (const key of volumeKeys) {
    await ensureVolume(connection, volumeName(instance, key), installationLabels(instance, key));
  }
  // Its image is there until the old ones are removed, its container is not.
  const ruling =
    daemons.gateway !== null && hasKernelRules(daemons.gateway.labels) ? daemons.gateway.id : null;
  const rulingImage = ruling === null ? null : await imageOf(connection, ruling);
  const outcomes = await Promise.allSettled(
    components.map(async (component) => {
      if (changes[component] !== "unchanged") onProgress?.(`starting ${component}`);
      await applyChange(connection, instance, specs[component], daemons[component], changes[component]);
    }),
  );
  const failure = outcomes.find((outcome) => outcome.status === "rejected");
  if (failure) throw await explain(failure.reason, connection, host, gateway);
  if (rulingImage !== null && gateway.settings[kernelSetting] !== "true")
    await takeKernelRulesAway(connection, instance, rulingImage);
  await removeOldImages(connection, instance, image.ref);
  return changes;
}

function choosePorts(options: UpOptions, gateway: Daemon | null): Ports {
  const recorded = Number(gateway?.labels[installLabel.httpPort] ?? 80);
  return {
    httpPort: options.httpPort ?? recorded,
    bind: (options.bind ?? gateway?.labels[installLabel.bind]) || null,
  };
}

/** A gateway that runs holds its port itself; the check is for another port, and for one that does not run. */
async function checkPort(
  connection: EngineConnection,
  instance: string,
  host: EngineHost,
  ports: Ports,
  gateway: Daemon | null,
): Promise<void> {
  if (gateway?.running && gateway.labels[installLabel.httpPort] === String(ports.httpPort)) return;
  const holder = await portHolder(connection, { port: ports.httpPort, bind: ports.bind }, host.local);
  if (!holder) return;
  const now = await findDaemon(connection, instance, "gateway");
  if (now !== null && now.id !== gateway?.id) throw new StartedMeanwhile();
  throw portTaken(ports, holder);
}

/** A gateway that could not bind says so in its log; who holds the port is looked up once more. */
async function explain(
  error: unknown,
  connection: EngineConnection,
  host: EngineHost,
  ports: Ports,
): Promise<unknown> {
  if (!(error instanceof CutoverError) || error.code !== "GATEWAY_UNREACHABLE") return error;
  if (!error.details.some((line) => /PORT_TAKEN|EADDRINUSE/.test(line))) return error;
  const holder = await portHolder(connection, { port: ports.httpPort, bind: ports.bind }, host.local);
  return portTaken(ports, holder ?? "another process");
}

function portTaken({ httpPort, bind }: Ports, holder: string): CutoverError {
  const place = bind === null ? `Port ${httpPort}` : `Port ${httpPort} on ${bind}`;
  return new CutoverError("PORT_TAKEN", `${place} is in use by ${holder}.`);
}

function warnings({ httpsPort }: UpOptions): string[] {
  if (httpsPort === undefined) return [];
  return [
    `--https-port ${httpsPort} has no effect in this version: the gateway does not serve TLS yet, so the port is neither opened nor kept free.`,
  ];
}
