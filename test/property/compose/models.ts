import fc from "fast-check";
import type { ComposeModel, ComposeService } from "../../../src/compose/compose-model.ts";

const serviceNames = ["web", "api", "worker", "db", "cache", "web-blue", "a.b_c"] as const;
const networkNames = ["default", "back", "shared"] as const;
const networks = fc.subarray([...networkNames], { minLength: 1 });
const someNames = fc.subarray(["alias", "web", "api-green", "shop"]);

const port = fc.record(
  {
    target: fc.constantFrom(80, 3000),
    published: fc.integer({ min: 8000, max: 8003 }).map(String),
    host_ip: fc.constantFrom("127.0.0.1", "0.0.0.0"),
    protocol: fc.constantFrom("tcp", "tcp", "tcp", "udp"),
  },
  { requiredKeys: ["target", "published", "protocol"] },
);

const mount = fc.oneof(
  fc.record({
    type: fc.constant("volume"),
    source: fc.constantFrom("data", "files"),
    target: fc.constant("/d"),
    read_only: fc.boolean(),
  }),
  fc.record({
    type: fc.constant("bind"),
    source: fc.constant("/srv"),
    target: fc.constant("/s"),
    read_only: fc.boolean(),
  }),
  fc.record({ type: fc.constant("volume"), target: fc.constant("/anonymous") }),
);

const service = fc
  .record(
    {
      image: fc.constantFrom("registry.example.com/app:1", "postgres:16", "redis"),
      ports: fc.array(port, { minLength: 1, maxLength: 2 }),
      volumes: fc.array(mount, { maxLength: 2 }),
      container_name: fc.constantFrom("one", "two"),
      hostname: fc.constantFrom("shop", "web", "api-blue"),
      restart: fc.constantFrom("always", "no", "on-failure", "unless-stopped"),
      labels: fc.constantFrom({ "cutover.port": "80" }, { "traefik.enable": "true" }, { team: "a$$b" }),
      deploy: fc.record({ replicas: fc.integer({ min: 1, max: 3 }) }),
      "x-cutover": fc.constantFrom({ role: "worker" }, { role: "backing" }, { role: "web", port: 80 }),
      networks: networks.chain((keys) =>
        fc
          .tuple(...keys.map(() => someNames))
          .map((aliases) =>
            Object.fromEntries(
              keys.map((key, index) => [key, aliases[index]?.length ? { aliases: aliases[index] } : null]),
            ),
          ),
      ),
    },
    { requiredKeys: ["image", "networks"] },
  )
  .map((made): ComposeService => ({ ...made }) as ComposeService);

/** Models as `docker compose config` could give them. */
export const models: fc.Arbitrary<ComposeModel> = fc
  .uniqueArray(fc.constantFrom(...serviceNames), { minLength: 1, maxLength: 5 })
  .chain((names) =>
    fc.record({
      services: fc
        .tuple(...names.map(() => service))
        .map((all) => Object.fromEntries(names.map((name, i) => [name, all[i]]))),
      needs: fc.array(fc.tuple(fc.constantFrom(...names), fc.constantFrom(...names)), { maxLength: 4 }),
    }),
  )
  .map(({ services, needs }) => {
    const model: ComposeModel = {
      name: "shop",
      services: services as Record<string, ComposeService>,
      networks: {
        default: { name: "shop_default" },
        back: { name: "shop_back" },
        shared: { name: "shared", external: true },
      },
      volumes: { data: { name: "shop_data" }, files: { name: "shop_files" } },
    };
    const order = Object.keys(model.services);
    for (const [from, to] of needs) {
      const one = model.services[from];
      if (one && order.indexOf(from) < order.indexOf(to)) {
        one.depends_on = { ...one.depends_on, [to]: { condition: "service_started", required: true } };
      }
    }
    return model;
  });
