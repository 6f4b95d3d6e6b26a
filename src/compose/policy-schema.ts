import { z } from "zod";
import { isAddressBlock } from "../model/address.ts";
import { isExpression } from "./expression.ts";
import { authority, durationWithin, sizeWithin, truth, wholeNumber } from "./schema-parts.ts";

const hour = 3_600_000;
const day = 24 * hour;
const gigabyte = 2 ** 30;

const expression = z
  .string()
  .min(1)
  .refine(isExpression)
  .meta({ expected: "a regular expression in RE2's syntax, without look-around and back-references" });

const method = z
  .string()
  .regex(/^[A-Z][A-Z0-9_-]*$/)
  .meta({ expected: 'a method such as "GET"' });

const addressBlock = z
  .string()
  .refine(isAddressBlock)
  .meta({ expected: 'an address or CIDR block such as "10.0.0.0/8"' });

/** What a field or parameter must be; a text is compared as it is. */
function wanted(value: z.ZodString) {
  return z
    .union([z.strictObject({ regexp: expression }), value, z.number(), z.boolean(), z.null()])
    .meta({ expected: "a text, a mapping with `regexp`, or nothing for any value" });
}

const longest = 2_048;
/** RFC 9110 section 5.5: printable, without white space at its ends. */
const fieldValue = z
  .string()
  .regex(/^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/)
  .max(longest);

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

const fieldName = z.string().regex(token).meta({ expected: "the name of a field" });

/** Methods, fields, parameters and clients of one `match`; the gateway takes a few conditions more. */
const mostParts = 56;

function partsOf({ methods, clients, headers, query }: Record<string, unknown>): number {
  return [methods, clients].flat().length + [headers, query].flatMap((one) => Object.keys(one ?? {})).length;
}

const match = z
  .strictObject({
    methods: z
      .union([method, z.array(method).min(1)])
      .meta({ expected: 'a method such as "GET" or a list of methods' })
      .optional()
      .describe("Methods, in capitals."),
    headers: z
      .record(fieldName, wanted(fieldValue))
      .meta({ expected: "a mapping of field names to values" })
      .optional()
      .describe("Fields of the request: all of them must be there, with this value or any."),
    query: z
      .record(
        z.string().min(1).max(longest).meta({ expected: "the name of a parameter" }),
        wanted(z.string().max(longest)),
      )
      .meta({ expected: "a mapping of parameters to values" })
      .optional()
      .describe("Parameters of the query: all of them must be there, with this value or any."),
    clients: z
      .union([addressBlock, z.array(addressBlock).min(1)])
      .meta({ expected: 'an address or CIDR block such as "10.0.0.0/8", or a list of them' })
      .optional()
      .describe("Addresses and CIDR blocks of clients."),
    "host-regexp": expression.optional().describe("Found anywhere in the host name, without regard to case."),
    "path-regexp": expression.optional().describe("Found anywhere in the path."),
  })
  .refine((said) => partsOf(said) <= mostParts)
  .meta({ expected: `a mapping that asks for at most ${mostParts} things` });

const timeouts = z
  .strictObject({
    connect: durationWithin(1, hour).optional().describe("For a connection to a container; 2s unless given."),
    response: durationWithin(0, day)
      .optional()
      .describe("From the request's end to the response's head; 0s, for ever, unless given."),
    "keep-alive": durationWithin(0, hour)
      .optional()
      .describe("How long an idle connection to a container is kept; 4s unless given."),
  })
  .meta({ expected: "a mapping of `connect`, `response` and `keep-alive`" });

const queue = z
  .strictObject({
    size: wholeNumber(0, 1_000_000).optional().describe("Requests that wait; 1000 unless given."),
    wait: durationWithin(1, hour).optional().describe("For how long; 10s unless given."),
  })
  .meta({ expected: "a mapping of `size` and `wait`" });

const sticky = z
  .union([
    z.strictObject({
      cookie: z
        .string()
        .regex(token)
        .meta({ expected: "the name of a cookie" })
        .optional()
        .describe("Its name; cutover unless given."),
      "max-age": durationWithin(1_000, 400 * day)
        .optional()
        .describe("How long the client keeps it; until it closes the browser unless given."),
      secure: truth.optional().describe("Sent over https only; false unless given."),
      path: z
        .string()
        .regex(/^\/(?:(?![?#;])[!-~])*$/)
        .max(longest)
        .meta({ expected: 'a path that begins with "/"' })
        .optional()
        .describe("Path that it is sent for; / unless given."),
    }),
    truth,
  ])
  .meta({ expected: "true, false or a mapping of `cookie`, `max-age`, `secure` and `path`" });

const eject = z
  .union([
    z.strictObject({
      failures: wholeNumber(1, 1_000).optional().describe("Failures in a row; 5 unless given."),
      pause: durationWithin(1, hour).optional().describe("First pause; 1s unless given."),
      "max-pause": durationWithin(1, day)
        .optional()
        .describe("Each pause is twice the one before, up to this; 30s unless given."),
    }),
    truth,
  ])
  .meta({ expected: "true, false or a mapping of `failures`, `pause` and `max-pause`" });

const probe = z
  .union([
    z.strictObject({
      every: durationWithin(100, hour).optional().describe("From one probe to the next; 5s unless given."),
      failures: wholeNumber(1, 1_000).optional().describe("Failures in a row; 3 unless given."),
    }),
    truth,
  ])
  .meta({ expected: "true, false or a mapping of `every` and `failures`" });

const retry = z
  .union([
    z.strictObject({
      attempts: wholeNumber(0, 10).optional().describe("Tries beside the first; 2 unless given."),
      budget: z
        .string()
        .regex(/^(?:100|\d{1,2}(?:\.\d+)?)%$/)
        .meta({ expected: 'a share such as "20%"' })
        .optional()
        .describe("Share of requests that may be sent again; 20% unless given."),
    }),
    truth,
  ])
  .meta({ expected: "true, false or a mapping of `attempts` and `budget`" });

const bufferRequests = z
  .union([
    z.strictObject({
      memory: sizeWithin(0, 16 * 2 ** 20)
        .optional()
        .describe("Bytes of a body in memory; 64k unless given."),
      disk: sizeWithin(0, 1_024 * gigabyte)
        .optional()
        .describe("Bytes beyond them on disk; 100m unless given."),
    }),
    truth,
  ])
  .meta({ expected: "true, false or a mapping of `memory` and `disk`" });

/** Keys of `x-cutover` in a service that say how the gateway treats what goes to it. */
export const policyKeys = {
  protocol: z
    .enum(["http", "tcp", "tls"])
    .meta({ expected: '"http", "tcp" or "tls"' })
    .optional()
    .describe(
      "tcp: connections to the published ports are passed on as they are. tls: the same, by server name; not terminated.",
    ),
  kernel: truth
    .optional()
    .describe("With `protocol: tcp`: the kernel passes connections on, where the gateway may have it do so."),
  match: match.optional().describe("What else a request must be, beside host and path."),
  priority: wholeNumber(0, 1_000)
    .optional()
    .describe(
      "Among services under one host the higher comes first, before the longer path; 0 unless given.",
    ),
  weight: wholeNumber(0, 1_000)
    .optional()
    .describe(
      "Services under the same host and path that all say it share the requests; each container gets so large a part.",
    ),
  timeouts: timeouts.optional().describe("Time limits towards the service's containers."),
  "max-in-flight": wholeNumber(1, 1_000_000)
    .optional()
    .describe("Requests in one container at once; none unless given. Those above wait."),
  queue: queue.optional().describe("Requests that wait for a container."),
  sticky: sticky.optional().describe("Keeps a client on one container by a cookie; false unless given."),
  eject: eject
    .optional()
    .describe("Takes a container that fails again and again out for a while; true unless given."),
  probe: probe
    .optional()
    .describe(
      "Asks containers by `check` all the time; those that fail get no new requests. false unless given.",
    ),
  "slow-start": durationWithin(0, hour)
    .optional()
    .describe("Time over which a new container gets its full share; 0s unless given."),
  retry: retry.optional().describe("Requests that are sent again; true unless given."),
  "host-header": authority
    .meta({ expected: '"pass", "target" or a host name' })
    .optional()
    .describe("Host field: the client's, the container's address, or this name; pass unless given."),
  "proxy-protocol": z
    .enum(["v1", "v2"])
    .meta({ expected: '"v1" or "v2"' })
    .optional()
    .describe("Connections to containers begin with a PROXY header; none unless given."),
  "buffer-requests": bufferRequests
    .optional()
    .describe("Reads a request's body before it is sent to a container; false unless given."),
  "max-body": sizeWithin(0, 1_024 * gigabyte)
    .optional()
    .describe("Largest body of a request; none unless given."),
};
