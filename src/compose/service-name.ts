import { CutoverError } from "../model/error.ts";
import { didYouMean } from "./nearest.ts";

/** Throws SERVICE_UNKNOWN, with the nearest right name, for the first of `names` that is not among `known`. */
export function requireServices(names: readonly string[], known: readonly string[]): void {
  for (const name of names) {
    if (!known.includes(name)) {
      const list = known.length > 0 ? ` The services are: ${known.join(", ")}.` : "";
      throw new CutoverError(
        "SERVICE_UNKNOWN",
        `There is no service "${name}".${didYouMean(name, known) || list}`,
      );
    }
  }
}
