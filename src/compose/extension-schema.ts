import { z } from "zod";
import { policyKeys } from "./policy-schema.ts";
import {
  authority,
  duration,
  durationWithin,
  hostName,
  path,
  text,
  truth,
  wholeNumber,
} from "./schema-parts.ts";

// The shape of `x-cutover`, at the top of a compose file and in a service. It only checks: `extension.ts` and
// `policy.ts` turn what was checked into settings. `schema/x-cutover.json` is made from it.

const command = z
  .union([z.string().min(1), z.array(z.string()).min(1)])
  .meta({ expected: "a command: a text, run by `sh -c`, or a list of its words" });

const hook = z
  .union([
    z.string().min(1),
    z.strictObject({
      command: command.describe("A text is run by `sh -c`; a list is given to the image's entrypoint."),
      service: text
        .optional()
        .describe(
          "Service whose image, environment and networks it runs with. Needed when more than one could be meant.",
        ),
      timeout: duration.optional().describe("How long it may take; 10m unless given."),
    }),
  ])
  .meta({ expected: "a command, or a mapping with `command`" });

const hooksOfPhase = z
  .union([z.string().min(1), z.array(hook)])
  .meta({ expected: "a command or a list of hooks" });

/** `x-cutover` at the top of the file. */
export const appExtension = z
  .strictObject({
    hooks: z
      .strictObject({
        "pre-deploy": hooksOfPhase.optional().describe("Before the new colour starts."),
        "pre-switch": hooksOfPhase
          .optional()
          .describe("When the new colour is ready and has no traffic yet."),
        "post-deploy": hooksOfPhase.optional().describe("After the switch."),
      })
      .meta({ expected: "a mapping of phases to hooks" })
      .optional()
      .describe("Commands that run once in a deployment, from the new image."),
    "ready-timeout": duration
      .optional()
      .describe("How long a release may take to become ready; 2m unless given."),
    drain: z
      .strictObject({
        requests: duration
          .optional()
          .describe("How long requests in flight may take after the switch; 30s unless given."),
        connections: duration
          .optional()
          .describe("How long WebSocket, SSE and other long-lived connections may stay; 1m unless given."),
        spread: duration
          .optional()
          .describe("Over how long they are closed at their deadline; 3s unless given."),
      })
      .meta({ expected: "a mapping of `requests`, `connections` and `spread`" })
      .optional()
      .describe("What happens to what was already going to the old release."),
    "rollback-window": duration
      .optional()
      .describe("How long the old release's containers stay, stopped, for a rollback; 1h unless given."),
    "keep-releases": wholeNumber(1, 100)
      .optional()
      .describe("Number of releases whose images stay; 5 unless given."),
  })
  .meta({ expected: "a mapping" });

const check = z
  .strictObject({
    path: z
      .string()
      .regex(/^\/[^?#\s]*(?:\?[^?#\s]*)?$/)
      .max(2_048)
      .meta({ expected: 'a path that begins with "/", without spaces' })
      .optional()
      .describe("HTTP path to GET. Without it the port is probed by a TCP connection."),
    host: authority
      .optional()
      .describe("Host header to send; the first of the service's `host` unless given."),
    successes: wholeNumber(1, 100)
      .optional()
      .describe("Successes in a row that make a container ready; 3 unless given."),
    interval: durationWithin(1, 100)
      .optional()
      .describe("From the end of one probe to the next, at most 100ms; 50ms unless given."),
    timeout: durationWithin(1, 60_000).optional().describe("How long one probe may take; 2s unless given."),
    status: z
      .union([
        z.int().min(100).max(599),
        z
          .string()
          .regex(/^[1-5]\d\d(?:-[1-5]\d\d)?$/)
          .refine(isAscending),
      ])
      .meta({ expected: 'an HTTP status, or a range of them such as "200-399"' })
      .optional()
      .describe("HTTP status that counts as success; 200-399 unless given."),
  })
  .meta({ expected: "a mapping" });

function isAscending(range: string): boolean {
  const [from = "", to = from] = range.split("-");
  return from <= to;
}

/** `x-cutover` in a service. */
export const serviceExtension = z
  .strictObject({
    role: z
      .enum(["web", "worker", "backing"])
      .meta({ expected: '"web", "worker" or "backing"' })
      .optional()
      .describe("What a deployment does with the service; told from the file unless given."),
    keep: truth.optional().describe("true: the service stays as it is, the same as `role: backing`."),
    host: z
      .union([hostName, z.array(hostName).min(1)])
      .meta({ expected: "a host name or a list of host names" })
      .optional()
      .describe("Host names that the gateway serves it under."),
    path: path.optional().describe("Path prefix that the gateway serves it under."),
    port: wholeNumber(1, 65_535).optional().describe("Container port that requests go to."),
    network: text.optional().describe("Network of the service by which the gateway reaches it."),
    check: check
      .optional()
      .describe(
        "The gateway's own probe, which decides together with Docker's health when a container is ready.",
      ),
    ...policyKeys,
  })
  .meta({ expected: "a mapping" });

export type AppExtension = z.infer<typeof appExtension>;
export type ServiceExtension = z.infer<typeof serviceExtension>;
export type HookEntry = z.infer<typeof hook>;

/** The JSON schema of a compose file's `x-cutover` keys, for editors and for `schema/x-cutover.json`. */
export function extensionJsonSchema(): object {
  const app = jsonSchema(appExtension);
  const service = jsonSchema(serviceExtension);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "x-cutover in a compose file",
    description: "What can be said to Cutover in a compose file. Everything else in the file is compose's.",
    type: "object",
    properties: {
      "x-cutover": { $ref: "#/$defs/app" },
      services: {
        type: "object",
        additionalProperties: {
          type: ["object", "null"],
          properties: { "x-cutover": { $ref: "#/$defs/service" } },
        },
      },
    },
    $defs: { app, service },
  };
}

function jsonSchema(schema: z.ZodType): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io: "input",
    override: ({ jsonSchema: node }) => {
      delete node.expected;
    },
  });
  return rest;
}
