import type { CutoverTimes } from "./timeline.ts";

export type WayName = "compose" | "nginx" | "cutover";

/** One way to bring a new release. */
export interface Way {
  name: WayName;
  /** Origin the app is served on. */
  url: string;
  /** Brings the app up with its first release and waits until it answers. */
  start(): Promise<void>;
  /** Runs the command a person would, to its end. */
  deploy(version: string): Promise<Deployed>;
  /** Milliseconds the engine needs by itself; see `containers.ts`. */
  engineStart?(): Promise<EngineTimes>;
  stop(): Promise<void>;
}

export interface Deployed {
  /** Milliseconds since the epoch: the command's start and end. */
  from: number;
  to: number;
  cutover: CutoverTimes | null;
}

/** Milliseconds of a plain container from the engine's API, up to its first good answer. */
export interface EngineTimes {
  create: number;
  start: number;
  boot: number;
}
