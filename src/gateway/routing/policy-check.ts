import { isHostPattern } from "../host.ts";
import { isPath } from "./condition-check.ts";
import { type Fields, type Say, isRecord, isToken, isWhole, show } from "./fields.ts";

const hour = 3_600_000;
const day = 24 * hour;
const million = 1_000_000;

/** Says all that is wrong with a backend's policy. Never throws. */
export function checkPolicy(policy: Fields, place: string, say: Say): void {
  whole(policy, "connectMs", 1, hour, place, say);
  whole(policy, "responseMs", 0, day, place, say);
  whole(policy, "keepAliveMs", 0, hour, place, say);
  whole(policy, "maxInFlight", 1, million, place, say);
  whole(policy, "maxQueued", 0, million, place, say);
  whole(policy, "queueMs", 0, hour, place, say);
  whole(policy, "slowStartMs", 0, hour, place, say);
  whole(policy, "proxyProtocol", 0, 2, place, say);
  whole(policy, "maxBodyBytes", 0, Number.MAX_SAFE_INTEGER, place, say);
  part(policy, "sticky", place, say, checkSticky);
  if (policy.ejection !== null) part(policy, "ejection", place, say, checkEjection);
  part(policy, "probe", place, say, checkProbe);
  part(policy, "retry", place, say, checkRetry);
  part(policy, "bufferRequests", place, say, checkBuffer);
  checkHost(policy.host, `${place}.host`, say);
}

function whole(fields: Fields, key: string, from: number, to: number, place: string, say: Say): void {
  if (fields[key] === undefined || isWhole(fields[key], from, to)) return;
  say(`${place}.${key} is no whole number from ${from} to ${to}`);
}

/** A whole number that has to be there. */
function needed(fields: Fields, key: string, from: number, to: number, place: string, say: Say): void {
  if (!isWhole(fields[key], from, to)) say(`${place}.${key} is no whole number from ${from} to ${to}`);
}

type CheckPart = (fields: Fields, place: string, say: Say) => void;

function part(policy: Fields, key: string, place: string, say: Say, check: CheckPart): void {
  const value = policy[key];
  if (value === undefined) return;
  if (isRecord(value)) check(value, `${place}.${key}`, say);
  else say(`${place}.${key} is no object`);
}

function checkSticky(sticky: Fields, place: string, say: Say): void {
  if (!isToken(sticky.cookie)) say(`${place}.cookie ${show(sticky.cookie)} is no name of a cookie`);
  whole(sticky, "maxAgeSeconds", 0, (400 * day) / 1_000, place, say);
  if (sticky.secure !== undefined && typeof sticky.secure !== "boolean") {
    say(`${place}.secure is neither true nor false`);
  }
  // A semicolon would end the attribute (RFC 6265 section 4.1.1).
  if (sticky.path !== undefined && !(isPath(sticky.path) && /^[\x21-\x3a\x3c-\x7e]+$/.test(sticky.path))) {
    say(`${place}.path ${show(sticky.path)} is no path of a cookie`);
  }
}

function checkEjection(ejection: Fields, place: string, say: Say): void {
  needed(ejection, "failures", 1, million, place, say);
  needed(ejection, "baseMs", 1, hour, place, say);
  needed(ejection, "maxMs", 1, day, place, say);
  if (Number(ejection.maxMs) < Number(ejection.baseMs)) say(`${place}.maxMs is less than baseMs`);
}

function checkProbe(probe: Fields, place: string, say: Say): void {
  needed(probe, "everyMs", 10, hour, place, say);
  needed(probe, "failures", 1, 1_000, place, say);
  part(probe, "check", place, say, checkCheck);
  if (probe.check === undefined) say(`${place}.check is not there`);
}

function checkCheck(check: Fields, place: string, say: Say): void {
  // A probe asks for a path with its query.
  const path = typeof check.path === "string" ? check.path.replace("?", "") : check.path;
  if (path !== null && !isPath(path)) say(`${place}.path ${show(check.path)} is no path`);
  if (check.host !== null && !isAuthority(check.host))
    say(`${place}.host ${show(check.host)} is no host name`);
  needed(check, "successes", 1, 1_000, place, say);
  needed(check, "intervalMs", 1, hour, place, say);
  needed(check, "timeoutMs", 1, hour, place, say);
  const status = isRecord(check.status) ? check.status : {};
  needed(status, "from", 100, 599, `${place}.status`, say);
  needed(status, "to", 100, 599, `${place}.status`, say);
  if (Number(status.to) < Number(status.from)) say(`${place}.status.to is less than from`);
}

function checkRetry(retry: Fields, place: string, say: Say): void {
  needed(retry, "attempts", 0, 100, place, say);
  const { budget } = retry;
  if (typeof budget !== "number" || !(budget >= 0 && budget <= 1)) {
    say(`${place}.budget is no share from 0 to 1`);
  }
}

function checkBuffer(buffer: Fields, place: string, say: Say): void {
  needed(buffer, "memoryBytes", 0, 2 ** 30, place, say);
  needed(buffer, "diskBytes", 0, Number.MAX_SAFE_INTEGER, place, say);
}

function checkHost(host: unknown, place: string, say: Say): void {
  if (host === undefined || host === "pass" || host === "target") return;
  if (!isRecord(host)) say(`${place} is neither pass, target nor a name`);
  else if (!isAuthority(host.name)) say(`${place}.name ${show(host.name)} is no host name`);
}

/** A host name, with or without a port. */
function isAuthority(value: unknown): boolean {
  if (typeof value !== "string") return false;
  const name = value.toLowerCase().replace(/:\d{1,5}$/, "");
  return isHostPattern(name) && !name.startsWith("*");
}
