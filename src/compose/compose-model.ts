/**
 * The compose model as `docker compose config` resolved it, as far as Cutover reads it. Whatever else stands in it
 * is passed on as it is. String values carry compose's escape of `$` as `$$`, so that the model can be given back to
 * compose; see `dollar.ts`.
 */
export interface ComposeModel {
  name: string;
  services: Record<string, ComposeService>;
  networks?: Record<string, ComposeResource | null>;
  volumes?: Record<string, ComposeResource | null>;
  secrets?: Record<string, ComposeResource | null>;
  configs?: Record<string, ComposeResource | null>;
  "x-cutover"?: unknown;
  [key: string]: unknown;
}

/** A network, volume, secret or config at the top of the model. */
export interface ComposeResource {
  name?: string;
  external?: boolean;
  driver?: string;
  labels?: Record<string, string>;
  [key: string]: unknown;
}

export interface ComposeService {
  image?: string;
  build?: unknown;
  pull_policy?: string;
  ports?: ComposePort[];
  expose?: (string | number)[];
  volumes?: ComposeMount[];
  tmpfs?: unknown;
  networks?: Record<string, ComposeServiceNetwork | null>;
  network_mode?: string;
  pid?: string;
  ipc?: string;
  links?: string[];
  external_links?: string[];
  volumes_from?: string[];
  labels?: Record<string, string>;
  depends_on?: Record<string, ComposeDependency>;
  deploy?: ComposeDeploy;
  scale?: number;
  restart?: string;
  container_name?: string;
  hostname?: string;
  mac_address?: string;
  healthcheck?: { test?: string[] | string; disable?: boolean; [key: string]: unknown };
  command?: unknown;
  entrypoint?: unknown;
  "x-cutover"?: unknown;
  [key: string]: unknown;
}

export interface ComposePort {
  mode?: string;
  host_ip?: string;
  target: number;
  /** A port, a range `8000-8010`, or absent: the engine picks one. */
  published?: string;
  protocol?: string;
  [key: string]: unknown;
}

export interface ComposeMount {
  type: string;
  source?: string;
  target: string;
  read_only?: boolean;
  [key: string]: unknown;
}

export interface ComposeServiceNetwork {
  aliases?: string[];
  ipv4_address?: string;
  ipv6_address?: string;
  link_local_ips?: string[];
  mac_address?: string;
  [key: string]: unknown;
}

export interface ComposeDependency {
  condition?: string;
  required?: boolean;
  restart?: boolean;
  [key: string]: unknown;
}

export interface ComposeDeploy {
  mode?: string;
  replicas?: number;
  restart_policy?: { condition?: string; [key: string]: unknown };
  [key: string]: unknown;
}

/** Name in the engine of a network or volume of the model: `default` in `shop` gives `shop_default`. */
export function resourceName(
  model: ComposeModel,
  kind: "networks" | "volumes" | "secrets" | "configs",
  key: string,
): string {
  return model[kind]?.[key]?.name ?? `${model.name}_${key}`;
}
