/**
 * Exit codes, documented in docs/reference/exit-codes.md and stable:
 * 0 live or up to date, 1 internal, 2 bad input, 3 refused, 4 aborted, 5 busy, 6 engine, 7 environment.
 */
export const exitCode = {
  ok: 0,
  internal: 1,
  badInput: 2,
  refused: 3,
  aborted: 4,
  busy: 5,
  engine: 6,
  environment: 7,
} as const;

interface CatalogueEntry {
  exit: number;
  /** What it means, one sentence; stands in docs/reference/errors.md. */
  meaning: string;
  /** What to do next. */
  hint: string;
}

function entry(exit: number, meaning: string, hint: string): CatalogueEntry {
  return { exit, meaning, hint };
}

const e = exitCode;

/** Every error that a user can see. Each entry is documented in docs/reference/errors.md; a test holds the two together. */
export const errorCatalogue = {
  INTERNAL: entry(
    e.internal,
    "Something failed in Cutover that should not.",
    "Report it with the lines above; the app's running release was left as it is.",
  ),
  USAGE: entry(e.badInput, "The command line is wrong.", "See `cutover help`."),
  ENGINE_UNREACHABLE: entry(
    e.engine,
    "No Docker Engine answers at the address in use.",
    "Start the engine, or set DOCKER_HOST or DOCKER_CONTEXT to one that runs.",
  ),
  ENGINE_DENIED: entry(
    e.engine,
    "The engine's socket exists, but this user may not use it.",
    "Run as a user in the `docker` group, or with sudo.",
  ),
  ENGINE_TOO_OLD: entry(e.engine, "The engine is older than 20.10.", "Upgrade the engine to 20.10 or later."),
  ENGINE_ERROR: entry(
    e.engine,
    "The engine refused a request.",
    "Read the engine's message above; `journalctl -u docker` has more.",
  ),
  DISK_FULL: entry(
    e.engine,
    "The engine's disk is full.",
    "Free space, e.g. with `docker system df` and `docker image prune`, then try again.",
  ),
  NO_ADDRESS_POOL: entry(
    e.engine,
    "The engine has no free address range for another network.",
    "Remove unused networks with `docker network prune`, or widen `default-address-pools` in daemon.json.",
  ),
  COMPOSE_MISSING: entry(
    e.environment,
    "Docker Compose v2 is not installed.",
    "Install the compose plugin, so that `docker compose version` answers.",
  ),
  COMPOSE_FAILED: entry(e.engine, "A docker compose command failed.", "Read compose's message above."),
  COMPOSE_FILE_MISSING: entry(
    e.badInput,
    "There is no compose file.",
    "Run in the directory of your compose.yaml, or name it with -f.",
  ),
  COMPOSE_FILE_INVALID: entry(
    e.badInput,
    "Compose does not accept the file.",
    "Mend the file at the place shown; `docker compose config` checks it.",
  ),
  EXTENSION_INVALID: entry(
    e.badInput,
    "A key or value under `x-cutover` is wrong.",
    "See docs/reference/x-cutover.md for the keys.",
  ),
  LABEL_INVALID: entry(
    e.badInput,
    "The value of a `cutover.` label is wrong.",
    "See docs/reference/labels.md.",
  ),
  SERVICE_UNKNOWN: entry(
    e.badInput,
    "The compose file has no service of that name.",
    "`docker compose config --services` lists them.",
  ),
  NOTHING_TO_DEPLOY: entry(
    e.badInput,
    "No service in the file can be replaced beside the running one.",
    "Give a web service a published port, a `cutover.port` label or `x-cutover: {role: web}`.",
  ),
  NEEDS_DOWNTIME: entry(
    e.badInput,
    "What was asked can't be done without taking the service away.",
    "Use `docker compose up -d SERVICE` for it at a quiet time; Cutover changes nothing that it would have to stop first.",
  ),
  UNSUPPORTED: entry(
    e.badInput,
    "The file asks for something that two colours can't share.",
    "Change the lines shown, or keep the service with `x-cutover: {role: backing}`.",
  ),
  ROUTE_TAKEN: entry(
    e.badInput,
    "Another app is already served under this host, path and port.",
    "Give one of the two another host name, path or port.",
  ),
  APP_FOREIGN: entry(
    e.badInput,
    "A compose project of that name exists that Cutover did not make.",
    "Choose another name with -p or `name:`, or remove the other project.",
  ),
  APP_UNKNOWN: entry(e.badInput, "No app of that name was deployed.", "`cutover status` lists the apps."),
  RELEASE_UNKNOWN: entry(e.badInput, "The app has no such release.", "`cutover history` lists the releases."),
  NOTHING_TO_ROLL_BACK: entry(
    e.badInput,
    "There is no earlier release to go back to.",
    "`cutover history` lists the releases.",
  ),
  RELEASE_GONE: entry(
    e.badInput,
    "The images of that release were removed.",
    "Deploy it again from its source; `keep-releases` says how many stay.",
  ),
  BUILD_FAILED: entry(e.badInput, "An image could not be built.", "Mend what the build's last lines show."),
  PULL_FAILED: entry(
    e.engine,
    "An image could not be pulled.",
    "Check the image's name, your `docker login` and the network.",
  ),
  IMAGE_MISSING: entry(
    e.badInput,
    "An image is not in the engine.",
    "Leave out --no-build, or pull the image first.",
  ),
  PORT_TAKEN: entry(
    e.environment,
    "A port that the gateway needs is in use.",
    "Stop what uses it, or choose another with `cutover up --http-port`.",
  ),
  NOT_HEALTHY: entry(
    e.refused,
    "The new release did not become ready in time.",
    "The running release still serves. Read the container's last lines above, mend, deploy again.",
  ),
  CONTAINER_EXITED: entry(
    e.refused,
    "A container of the new release ended.",
    "The running release still serves. Read the container's last lines above, mend, deploy again.",
  ),
  HOOK_FAILED: entry(
    e.aborted,
    "A hook ended with an error.",
    "Nothing was switched. Read its output above, mend, deploy again.",
  ),
  ABORTED: entry(
    e.aborted,
    "The deployment was given up.",
    "The running release still serves. Deploy again when you are ready.",
  ),
  CLIENT_GONE: entry(
    e.aborted,
    "The CLI went away before control had taken over.",
    "The running release still serves. Deploy again.",
  ),
  BUSY: entry(
    e.busy,
    "Another deployment of this app is under way.",
    "Wait for it, or let this command wait with --wait-lock.",
  ),
  CONTROL_UNREACHABLE: entry(
    e.environment,
    "Cutover's control does not answer.",
    "`cutover up` starts or repairs it; `docker logs cutover-control` has its log.",
  ),
  CONTROL_VERSION: entry(
    e.environment,
    "Control is of another version than this command.",
    "`cutover up` brings control and gateway to this version.",
  ),
  GATEWAY_UNREACHABLE: entry(
    e.environment,
    "The gateway does not answer control.",
    "`cutover up` starts or repairs it; `docker logs cutover-gateway` has its log.",
  ),
  GATEWAY_REFUSED: entry(
    e.environment,
    "The gateway refused a routing table.",
    "Report it with the lines above; the routes are as they were.",
  ),
  DAEMON_IMAGE: entry(
    e.environment,
    "The image of control and gateway could not be made.",
    "Read the cause above; docs/design/daemon-image.md says how it is made.",
  ),
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof errorCatalogue;
