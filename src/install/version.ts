declare const CUTOVER_VERSION: string | undefined;

/** The version that the bundle was made with. */
export const version: string = typeof CUTOVER_VERSION === "string" ? CUTOVER_VERSION : "0.0.0-dev";
