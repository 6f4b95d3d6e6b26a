/** An app is a compose project. Its two colours are compose projects of their own beside it. */
export type Colour = "blue" | "green";

export const colours: readonly Colour[] = ["blue", "green"];

/** The colour a release does not run in while it runs in `colour`. */
export function otherColour(colour: Colour): Colour {
  return colour === "blue" ? "green" : "blue";
}

/** Compose project name of one colour of an app: `shop` and `green` give `shop-green`. */
export function colourProject(app: string, colour: Colour): string {
  return `${app}-${colour}`;
}

/** Name of a service inside a colour's project: `api` and `green` give `api-green`. */
export function colourService(service: string, colour: Colour): string {
  return `${service}-${colour}`;
}

/**
 * What a deployment does with a service.
 * - `web`: replaced blue/green behind the gateway
 * - `worker`: replaced blue/green, takes no request
 * - `backing`: stays in the base project, untouched
 */
export type Role = "web" | "worker" | "backing";
