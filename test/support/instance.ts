import { randomBytes } from "node:crypto";
import { freePorts } from "../../tools/instance/ports.ts";
import { removeInstance, thingsOf } from "../../tools/instance/removal.ts";

/** A Cutover installation of a test's own on the shared engine, and its apps. */
export interface TestInstance extends AsyncDisposable {
  /** Value of CUTOVER_INSTANCE. */
  name: string;
  httpPort: number;
  httpsPort: number;
  /** Environment for `cutover` and for the code under test. */
  env: Record<string, string>;
  /** What `cutover` is started through, where the engine is on a network of its own. */
  enter?: string[];
  /** A compose project name of this instance's own; it and its colours are removed with the instance. */
  project(name: string): string;
  /** What is in the engine of the instance and its apps, as `container shop-web-1`. */
  leftovers(): Promise<string[]>;
}

/**
 * Makes up an instance with free ports; starts nothing. When it is disposed of, everything in the engine that
 * carries its label or belongs to one of its projects is removed: containers, networks, volumes and images.
 */
export async function testInstance(): Promise<TestInstance> {
  const name = `cutover-t${randomBytes(4).toString("hex")}`;
  const [httpPort = 0, httpsPort = 0] = await freePorts(2);
  const projects: string[] = [];
  return {
    name,
    httpPort,
    httpsPort,
    env: { CUTOVER_INSTANCE: name },
    project: (project) => {
      const unique = `${name}-${project}`;
      projects.push(unique);
      return unique;
    },
    leftovers: () => thingsOf(name, projects),
    [Symbol.asyncDispose]: async () => {
      const left = await removeInstance(name, projects);
      if (left.length > 0) throw new Error(`could not be removed: ${left.join(", ")}`);
    },
  };
}
