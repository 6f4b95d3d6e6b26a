import { execa } from "execa";
import { label } from "../../src/model/labels.ts";

/** A container as a test compares it from one instant to another. */
export interface SeenContainer {
  name: string;
  id: string;
  startedAt: string;
  restarts: number;
  state: string;
  /** Of the app; null for what is not a colour's. */
  release: string | null;
  /** By network. */
  addresses: Record<string, string>;
}

interface Inspected {
  Id: string;
  Name: string;
  RestartCount: number;
  State: { Status: string; StartedAt: string };
  Config: { Labels: Record<string, string> };
  NetworkSettings: { Networks: Record<string, { IPAddress: string }> };
}

/** Looks at an engine; `env` leads docker to it. */
export function observer(env: Record<string, string> = {}) {
  const docker = async (...args: string[]): Promise<string[]> => {
    const { stdout } = await execa("docker", args, { env, lines: true });
    return stdout.filter((line) => line !== "");
  };

  /** Containers that match the filters, stopped ones too, by name. */
  async function containers(...filters: string[]): Promise<SeenContainer[]> {
    const ids = await docker(
      "ps",
      "--all",
      "--quiet",
      "--no-trunc",
      ...filters.flatMap((filter) => ["--filter", filter]),
    );
    if (ids.length === 0) return [];
    const { stdout } = await execa("docker", ["inspect", "--type", "container", ...ids], {
      env,
      reject: false,
    });
    return (JSON.parse(stdout) as Inspected[]).map(seen).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  return {
    docker,
    containers,
    /** Containers of both colours of an app. */
    colours: (app: string) => containers(`label=${label.app}=${app}`),
    /** Containers of its base project. */
    base: (app: string) => containers(`label=com.docker.compose.project=${app}`),
    networks: (...filters: string[]) =>
      docker("network", "ls", "--format", "{{.Name}}", ...filters.flatMap((filter) => ["--filter", filter])),
    /** Tags of the images that Cutover keeps of a service. */
    tags: (app: string, service = "web") =>
      docker("image", "ls", "--format", "{{.Tag}}", `cutover.local/${app}/${service}`),
    /** Everything in the engine: containers with state, networks, volumes, and names of images. */
    async everything(): Promise<string[]> {
      const [boxes, networks, volumes, images] = await Promise.all([
        docker("ps", "--all", "--format", "{{.Names}} {{.State}}"),
        docker("network", "ls", "--format", "{{.Name}}"),
        docker("volume", "ls", "--format", "{{.Name}}"),
        docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}"),
      ]);
      return [...boxes, ...networks, ...volumes, ...images].toSorted();
    },
  };
}

function seen(container: Inspected): SeenContainer {
  return {
    name: container.Name.slice(1),
    id: container.Id,
    startedAt: container.State.StartedAt,
    restarts: container.RestartCount,
    state: container.State.Status,
    release: container.Config.Labels[label.release] ?? null,
    addresses: Object.fromEntries(
      Object.entries(container.NetworkSettings.Networks).map(([name, { IPAddress }]) => [name, IPAddress]),
    ),
  };
}

/**
 * Looks again until the predicate holds, and gives what was seen then. Throws with what was seen last when it does not
 * within `timeoutMs`.
 */
export async function eventually<T>(
  look: () => Promise<T>,
  holds: (value: T) => boolean,
  timeoutMs = 20_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await look();
    if (holds(value)) return value;
    if (performance.now() > deadline)
      throw new Error(`did not come in ${timeoutMs} ms; last seen: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
