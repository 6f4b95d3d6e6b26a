import { DatabaseSync } from "node:sqlite";
import type { AppRoutes } from "../deploy/ports.ts";
import type { DeploymentRecord, DeploymentStore, ReleaseRecord } from "../deploy/record.ts";
import type { Colour } from "../model/app.ts";
import type { DeploymentEvent } from "../model/events.ts";
import type { Release, ReleaseState } from "../model/release.ts";

export interface AppRow {
  app: string;
  /** Number of the release that serves. */
  live: number | null;
  colour: Colour | null;
}

const schema = `
  CREATE TABLE IF NOT EXISTS app (app TEXT PRIMARY KEY, live INTEGER, colour TEXT, routes TEXT);
  CREATE TABLE IF NOT EXISTS release (
    app TEXT NOT NULL, number INTEGER NOT NULL, state TEXT NOT NULL, colour TEXT NOT NULL,
    live_at INTEGER, retired_at INTEGER, body TEXT NOT NULL, PRIMARY KEY (app, number));
  CREATE TABLE IF NOT EXISTS deployment (
    id TEXT PRIMARY KEY, app TEXT NOT NULL, started_at INTEGER NOT NULL, ended INTEGER NOT NULL, body TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS deployment_app ON deployment (app, started_at);
  CREATE TABLE IF NOT EXISTS journal (
    deployment TEXT NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (deployment, seq));
  CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
`;

/**
 * Control's memory: SQLite in its state volume. Every write is durable (fsync) when the call returns, so that an
 * intent stands before its effect.
 */
export class State implements DeploymentStore {
  readonly #db: DatabaseSync;

  /** @param file path of the database, or `:memory:` */
  constructor(file: string) {
    this.#db = new DatabaseSync(file);
    this.#db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;");
    this.#db.exec(schema);
  }

  close(): void {
    this.#db.close();
  }

  /** Runs `work` as one transaction: all of its writes or none. */
  transaction(work: () => void): void {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      work();
      this.#db.exec("COMMIT");
    } catch (error) {
      // A full disk has ended the transaction already; its reason is the one that counts.
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  apps(): AppRow[] {
    return this.#db.prepare("SELECT app, live, colour FROM app ORDER BY app").all() as unknown as AppRow[];
  }

  app(app: string): AppRow | null {
    const row = this.#db.prepare("SELECT app, live, colour FROM app WHERE app = ?").get(app);
    return (row as unknown as AppRow | undefined) ?? null;
  }

  setLive(app: string, live: number, colour: Colour): void {
    this.#db
      .prepare(
        "INSERT INTO app (app, live, colour) VALUES (?, ?, ?) ON CONFLICT (app) DO UPDATE SET live = excluded.live, colour = excluded.colour",
      )
      .run(app, live, colour);
  }

  /** The routes last acknowledged by the gateway. */
  routes(app: string): AppRoutes | null {
    const row = this.#db.prepare("SELECT routes FROM app WHERE app = ?").get(app) as
      | { routes: string | null }
      | undefined;
    return row?.routes ? (JSON.parse(row.routes) as AppRoutes) : null;
  }

  setRoutes(app: string, routes: AppRoutes): void {
    this.#db.prepare("UPDATE app SET routes = ? WHERE app = ?").run(JSON.stringify(routes), app);
  }

  removeApp(app: string): void {
    this.transaction(() => {
      this.#db
        .prepare("DELETE FROM journal WHERE deployment IN (SELECT id FROM deployment WHERE app = ?)")
        .run(app);
      for (const table of ["deployment", "release", "app"])
        this.#db.prepare(`DELETE FROM ${table} WHERE app = ?`).run(app);
    });
  }

  commitSwitch(record: DeploymentRecord, live: ReleaseRecord, routes: AppRoutes): void {
    this.transaction(() => {
      this.setLive(record.app, live.release.number, live.colour);
      this.setRoutes(record.app, routes);
      this.saveRelease(live);
      this.save(record);
    });
  }

  liveRelease(app: string): number | null {
    return this.app(app)?.live ?? null;
  }

  /** Forgets ended deployments and releases that did not stay, beyond the newest `keep` of each. */
  prune(app: string, keep: number): void {
    this.transaction(() => {
      const old =
        "SELECT id FROM deployment WHERE app = ? AND ended = 1 ORDER BY started_at DESC LIMIT -1 OFFSET ?";
      this.#db.prepare(`DELETE FROM journal WHERE deployment IN (${old})`).run(app, keep);
      this.#db.prepare(`DELETE FROM deployment WHERE id IN (${old})`).run(app, keep);
      this.#db
        .prepare(
          `DELETE FROM release WHERE app = ?1 AND state IN ('retired', 'refused', 'aborted')
           AND number NOT IN (SELECT number FROM release WHERE app = ?1 ORDER BY number DESC LIMIT ?2)`,
        )
        .run(app, keep);
    });
  }

  nextReleaseNumber(app: string): number {
    const row = this.#db.prepare("SELECT max(number) AS n FROM release WHERE app = ?").get(app) as {
      n: number | null;
    };
    return (row.n ?? 0) + 1;
  }

  /** Newest first. */
  releases(app: string): ReleaseRecord[] {
    return this.#db
      .prepare("SELECT * FROM release WHERE app = ? ORDER BY number DESC")
      .all(app)
      .map(releaseRecord);
  }

  release(app: string, number: number): ReleaseRecord | null {
    const row = this.#db.prepare("SELECT * FROM release WHERE app = ? AND number = ?").get(app, number);
    return row ? releaseRecord(row) : null;
  }

  saveRelease(row: ReleaseRecord): void {
    this.#db
      .prepare(
        "INSERT OR REPLACE INTO release (app, number, state, colour, live_at, retired_at, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
      )
      .run(
        row.release.app,
        row.release.number,
        row.state,
        row.colour,
        row.liveAt,
        row.retiredAt,
        JSON.stringify(row.release),
      );
  }

  unfinished(): DeploymentRecord[] {
    return this.#deployments("WHERE ended = 0 ORDER BY started_at", []);
  }

  /** Newest first. */
  deployments(app: string, limit: number): DeploymentRecord[] {
    return this.#deployments("WHERE app = ? ORDER BY started_at DESC LIMIT ?", [app, limit]);
  }

  deployment(id: string): DeploymentRecord | null {
    return this.#deployments("WHERE id = ?", [id])[0] ?? null;
  }

  save(row: DeploymentRecord): void {
    this.#db
      .prepare("INSERT OR REPLACE INTO deployment (id, app, started_at, ended, body) VALUES (?, ?, ?, ?, ?)")
      .run(row.id, row.app, row.startedAt, row.endedAt === null ? 0 : 1, JSON.stringify(row));
  }

  appendJournal(deployment: string, seq: number, event: DeploymentEvent): void {
    this.#db
      .prepare("INSERT OR REPLACE INTO journal VALUES (?, ?, ?)")
      .run(deployment, seq, JSON.stringify(event));
  }

  journal(deployment: string): DeploymentEvent[] {
    const rows = this.#db
      .prepare("SELECT body FROM journal WHERE deployment = ? ORDER BY seq")
      .all(deployment);
    return rows.map((row) => JSON.parse(String(row.body)) as DeploymentEvent);
  }

  /** Next generation of the routing table; never given twice, also over restarts. */
  nextGeneration(): number {
    const row = this.#db.prepare("SELECT value FROM meta WHERE key = 'generation'").get() as
      | { value: string }
      | undefined;
    const next = Number(row?.value ?? 0) + 1;
    this.#db.prepare("INSERT OR REPLACE INTO meta VALUES ('generation', ?)").run(String(next));
    return next;
  }

  #deployments(where: string, args: (string | number)[]): DeploymentRecord[] {
    const rows = this.#db.prepare(`SELECT body FROM deployment ${where}`).all(...args);
    return rows.map((row) => JSON.parse(String(row.body)) as DeploymentRecord);
  }
}

function releaseRecord(row: Record<string, unknown>): ReleaseRecord {
  return {
    release: JSON.parse(String(row.body)) as Release,
    state: row.state as ReleaseState,
    colour: row.colour as Colour,
    liveAt: row.live_at === null ? null : Number(row.live_at),
    retiredAt: row.retired_at === null ? null : Number(row.retired_at),
  };
}
