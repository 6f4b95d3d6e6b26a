import { CutoverError, type Position } from "../model/error.ts";
import type { ErrorCode } from "../model/error-catalogue.ts";

/** Something a person should know before a deployment; it does not stop it. Documented in docs/reference/compose-file.md. */
export const warningCodes = {
  TRAEFIK_LABELS: "Traefik's labels are not read, and not passed on to the containers of a colour.",
  VOLUME_KEEPS:
    "A service stays as it is because it writes a named volume, though it has a port as a web service does.",
  PORT_KEEPS: "A service that publishes a port stays as it is.",
  SHARED_VOLUME: "Two colours write the same volume while both run.",
  SHARED_BIND: "Two colours write the same directory of the machine while both run.",
  PORT_NOT_SERVED: "A published port is not served.",
  PORT_UNNAMED: "A port is published without a number: the gateway serves it on its own HTTP port.",
  ALIAS_NOT_KEPT:
    "A name on a network of other projects is not answered, because two colours would answer to it.",
  BACKING_NEEDS_COLOUR: "A service that stays depends on one that is replaced.",
  NO_REPLICAS: "A service has no replicas and is left out.",
} as const;

export type WarningCode = keyof typeof warningCodes;

export interface Warning {
  code: WarningCode;
  message: string;
  where: Position | null;
}

/** A reason why the app can't be deployed as the file stands. */
export interface Refusal {
  code: ErrorCode;
  message: string;
  where: Position | null;
}

/** Throws the first refusal, with the others in its details; does nothing when there is none. */
export function refuse(refusals: readonly Refusal[]): void {
  const [first, ...others] = refusals;
  if (!first) return;
  throw new CutoverError(first.code, first.message, {
    ...(first.where ? { where: first.where } : {}),
    details: others.map((other) => `${positionText(other.where)}${other.message}`),
  });
}

function positionText(where: Position | null): string {
  if (!where) return "";
  return `${[where.file, where.line, where.column].filter((part) => part !== null).join(":")}: `;
}
