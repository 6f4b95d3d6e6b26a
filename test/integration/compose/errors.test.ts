import { expect, test } from "vitest";
import { resolveModel } from "../../../src/compose/resolve.ts";
import { composeIn, env, fixtures } from "./run-compose.ts";

const run = composeIn(fixtures);

interface Wrong {
  what: string;
  yaml: string;
  message: RegExp;
  at: [line: number, column: number | null] | null;
}

const service = (rest: string): string => `services:\n  web:\n    image: x\n${rest}`;

const wrong: Wrong[] = [
  { what: "an unknown key", yaml: service("    foo: 1\n"), message: /foo/, at: [4, 5] },
  { what: "an unknown key at the top", yaml: "foo: 1\nservices: {}\n", message: /foo/, at: [1, 1] },
  { what: "an unclosed list", yaml: "services:\n  web:\n    image: [\n", message: /yaml/, at: [4, 1] },
  { what: "a tab", yaml: "services:\n  web:\n\timage: x\n", message: /yaml: line 3/, at: [3, 1] },
  {
    what: "a service twice",
    yaml: "services:\n  web:\n    image: x\n  web:\n    image: y\n",
    message: /already defined/,
    at: [4, null],
  },
  {
    what: "a dependency on no service",
    yaml: service("    depends_on: [wep]\n  web2:\n    image: x\n"),
    message: /undefined service "wep".* Did you mean "web"\?/,
    at: [4, 18],
  },
  {
    what: "no such network",
    yaml: service("    networks:\n      back:\n"),
    message: /undefined network/,
    at: [5, 7],
  },
  {
    what: "no such volume",
    yaml: service("    volumes:\n      - data:/x\n"),
    message: /undefined volume/,
    at: [5, 9],
  },
  {
    what: "a variable that must be set",
    yaml: `services:\n  web:\n    image: \${CUTOVER_TEST_UNSET:?say which}\n`,
    message: /say which/,
    at: [3, 5],
  },
  {
    what: "a wrong interpolation",
    yaml: "services:\n  web:\n    image: ${\n",
    message: /interpolation/,
    at: [3, 5],
  },
  { what: "a wrong size", yaml: service("    mem_limit: big\n"), message: /invalid size/, at: [4, 5] },
  { what: "a wrong type", yaml: service("    environment: 5\n"), message: /environment/, at: [4, 5] },
  {
    what: "a port without a target",
    yaml: service("    ports:\n      - mode: host\n"),
    message: /target/,
    at: [5, 9],
  },
  {
    what: "a port that is no number",
    yaml: service('    ports:\n      - "abc:1"\n'),
    message: /abc/,
    at: [5, 9],
  },
  {
    what: "a missing env file",
    yaml: service("    env_file: nope.env\n"),
    message: /nope\.env/,
    at: [4, 15],
  },
  {
    what: "neither image nor build",
    yaml: "services:\n  web: {}\n",
    message: /neither an image/,
    at: [2, 3],
  },
  {
    what: "an extension of no service",
    yaml: "services:\n  web:\n    extends: { service: base }\n",
    message: /extend service "web"/,
    at: [3, 5],
  },
  {
    what: "a missing include",
    yaml: "include:\n  - nope.yaml\nservices: {}\n",
    message: /nope\.yaml/,
    at: [2, 5],
  },
  {
    what: "a circle",
    yaml: "services:\n  a: { image: x, depends_on: [b] }\n  b: { image: x, depends_on: [a] }\n",
    message: /cycle/,
    at: null,
  },
];

test.each(wrong)("$what is told with compose's message and its place", async ({ yaml, message, at }) => {
  const options = {
    files: ["-"],
    projectName: "wrong",
    envFiles: [],
    profiles: [],
    env,
    cwd: fixtures,
    stdin: yaml,
  };
  const error = await resolveModel(options, run).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({
    code: "COMPOSE_FILE_INVALID",
    message: expect.stringMatching(message),
    where: at && { file: "<stdin>", line: at[0], column: at[1] },
  });
});

test("a directory without a compose file", async () => {
  const cwd = "/";
  const options = { files: [], envFiles: [], profiles: [], env, cwd };
  await expect(resolveModel(options, composeIn(cwd))).rejects.toMatchObject({ code: "COMPOSE_FILE_MISSING" });
});

test("a file named with -f that is not there", async () => {
  const options = { files: ["nope.yaml"], envFiles: [], profiles: [], env, cwd: fixtures };
  await expect(resolveModel(options, run)).rejects.toMatchObject({
    code: "COMPOSE_FILE_MISSING",
    message: expect.stringContaining("nope.yaml"),
  });
});

test("a variable that is not set is a warning of compose's", async () => {
  const stdin = service("    command: echo $CUTOVER_TEST_UNSET\n");
  const options = {
    files: ["-"],
    projectName: "warned",
    envFiles: [],
    profiles: [],
    env,
    cwd: fixtures,
    stdin,
  };
  const project = await resolveModel(options, run);
  expect(project.warnings).toEqual([expect.stringContaining('The "CUTOVER_TEST_UNSET" variable is not set')]);
});
