/**
 * Labels on everything that Cutover makes in an engine: containers, networks, volumes and images.
 * What does not carry `instance` was not made by Cutover and is never removed by it.
 */
export const label = {
  /** Name of the Cutover installation on this engine; `cutover` unless CUTOVER_INSTANCE says otherwise. */
  instance: "dev.cutover.instance",
  /** `control`, `gateway` or `relay` on Cutover's own containers; `daemon` on its image. */
  component: "dev.cutover.component",
  app: "dev.cutover.app",
  colour: "dev.cutover.colour",
  /** Release number, decimal. */
  release: "dev.cutover.release",
  /** Id of the deployment that made it. */
  deployment: "dev.cutover.deployment",
  /** Service name as in the user's compose file. */
  service: "dev.cutover.service",
  /** `web`, `worker` or `hook`. */
  role: "dev.cutover.role",
  /** On a hook's container: `<phase>.<index>`, e.g. `pre-deploy.0`. */
  hook: "dev.cutover.hook",
} as const;

/** Labels a user writes on a service to have it routed; the long form is `x-cutover`. */
export const userLabel = {
  host: "cutover.host",
  path: "cutover.path",
  port: "cutover.port",
} as const;
