import type { ReleaseRecord } from "../../src/deploy/record.ts";
import { defaultCheck } from "../../src/model/check.ts";
import type { Release, ReleaseService } from "../../src/model/release.ts";
import { defaultSettings } from "../../src/model/settings.ts";

/** A web service as a release stores it. */
export function webService(overrides: Partial<ReleaseService> = {}): ReleaseService {
  return {
    name: "web",
    role: "web",
    replicas: 1,
    image: { ref: "cutover.local/shop/web:1", id: "sha256:1" },
    port: 3000,
    routes: [{ listener: "http", hosts: [], path: "/", priority: 0 }],
    check: { ...defaultCheck },
    hasHealthcheck: false,
    network: null,
    ...overrides,
  };
}

/** A release with one web service. */
export function release(overrides: Partial<Release> = {}): Release {
  return {
    app: "shop",
    number: 1,
    createdAt: 1_000,
    fingerprint: "f1",
    services: [webService()],
    listeners: [],
    backing: [],
    hooks: [],
    settings: { ...defaultSettings },
    model: {},
    projectDirectory: "/srv/shop",
    git: null,
    who: "ann@laptop",
    ...overrides,
  };
}

/** A stored release. */
export function releaseRecord(number: number, overrides: Partial<ReleaseRecord> = {}): ReleaseRecord {
  return {
    release: release({ number }),
    state: "retired",
    colour: "blue",
    liveAt: number * 1_000,
    retiredAt: null,
    ...overrides,
  };
}
