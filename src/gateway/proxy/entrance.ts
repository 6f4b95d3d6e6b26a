import type { Door } from "../gate.ts";
import type { Listener } from "../../model/route.ts";

/** A listening socket as its connections know it: once it is closed, each ends as soon as it has nothing under way. */
export interface Entrance {
  readonly listener: Listener;
  readonly door: Door;
  open: boolean;
}
