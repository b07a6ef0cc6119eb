/**
 * The torture on one store, and what is found in its database afterwards.
 *
 * Invariant: effects are counted in the database itself, by means that know nothing of the inbox.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Redis } from "ioredis";
import pg from "pg";

import { postgresMigrations } from "../../../pkg/src/stores/postgres.js";
import { server } from "../servers.js";
import { eventId, type Tally, type Torture, torture } from "./provider.js";

/** What became of the events. */
export interface Proof extends Tally {
  readonly store: string;
  readonly events: number;
  /** Effects of handlers in the merchant's own table (SQLite, PostgreSQL) or outside of the store (Redis). */
  readonly effects: number;
  /** Events whose effect is missing. */
  readonly lost: number;
  /** Events whose effect happened more than once. */
  readonly repeated: number;
  /** Records of batches, and those of them that were not written exactly once. */
  readonly records: number;
  readonly recordsNotOnce: number;
}

interface Counts {
  /** How often each effect happened, by the id of its event. */
  readonly effects: ReadonlyMap<string, number>;
  /** How often each record was written. */
  readonly records: ReadonlyMap<string, number>;
}

/** Where a store lives: prepared, handed to receivers, counted, removed. */
interface Place {
  readonly env: Readonly<Record<string, string>>;
  count(): Promise<Counts>;
  close(): Promise<void>;
}

export const STORES = ["sqlite", "postgres", "redis"] as const;

const PLACES: Record<string, (programs: string) => Promise<Place>> = {
  async sqlite(programs) {
    const folder = mkdtempSync(join(tmpdir(), "tillproof-torture-"));
    const file = join(folder, "shop.db");
    /** In a process of its own: Node 20, which may run this one, has no SQLite. */
    const ask = <T>(question: string): T => {
      const { status, stdout, stderr } = spawnSync(server("MODERN_NODE"), [join(programs, "sqlite.mjs"), file, question], {
        encoding: "utf8",
        maxBuffer: 1 << 28,
      });
      if (status !== 0) throw new Error(stderr);
      return JSON.parse(stdout) as T;
    };
    ask("prepare");
    return {
      env: { TORTURE_FILE: file },
      async count() {
        const { effects, records } = ask<{ effects: [string, number][]; records: [string, number][] }>("count");
        return { effects: new Map(effects), records: new Map(records) };
      },
      async close() {
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },

  async postgres() {
    const pool = new pg.Pool({ connectionString: server("POSTGRES_URL"), max: 2 });
    await pool.query("DROP TABLE IF EXISTS torture_records, torture_effects");
    for (const statement of postgresMigrations("torture_records")) await pool.query(statement);
    await pool.query("CREATE TABLE torture_effects (id text NOT NULL)");
    const counted = async (sql: string): Promise<Map<string, number>> =>
      new Map((await pool.query<{ id: string; n: string }>(sql)).rows.map(({ id, n }) => [id, Number(n)]));
    return {
      env: {},
      async count() {
        return {
          effects: await counted("SELECT id, count(*) AS n FROM torture_effects GROUP BY id"),
          records: await counted("SELECT substr(key, 8) AS id, version AS n FROM torture_records WHERE key LIKE 'effect/%'"),
        };
      },
      close: () => pool.end(),
    };
  },

  async redis() {
    const client = new Redis(server("REDIS_URL"));
    // Only what an earlier torture left: other tests have their records on this server, at this moment.
    for await (const keys of client.scanStream({ match: "{torture}:*", count: 1_000 }) as AsyncIterable<string[]>) {
      if (keys.length > 0) await client.del(...keys);
    }
    await client.del("torture-effects");
    return {
      env: {},
      async count() {
        const effects = Object.entries(await client.hgetall("torture-effects"));
        const records = new Map<string, number>();
        const prefix = "{torture}:record:effect/";
        for await (const keys of client.scanStream({ match: `${prefix}*`, count: 1_000 }) as AsyncIterable<string[]>) {
          const versions = await Promise.all(keys.map((key) => client.hget(key, "version")));
          keys.forEach((key, index) => records.set(key.slice(prefix.length), Number(versions[index])));
        }
        return { effects: new Map(effects.map(([id, n]) => [id.replace("stripe-v1/", ""), Number(n)])), records };
      },
      async close() {
        await client.quit();
      },
    };
  },
};

/** Runs the torture on a store. `programs` is the folder with the bundled receiver. */
export async function prove(
  store: string,
  programs: string,
  measure: Pick<Torture, "events" | "seed" | "killEvery">,
): Promise<Proof> {
  const open = PLACES[store];
  if (open === undefined) throw new Error(`there is no store ${store}: take one of ${STORES.join(", ")}`);
  const place = await open(programs);
  try {
    const tally = await torture({
      ...measure,
      receiver: join(programs, "receiver.mjs"),
      node: server("MODERN_NODE"),
      env: { ...place.env, TORTURE_STORE: store },
    });
    const { events } = measure;
    const { effects, records } = await place.count();
    const ids = Array.from({ length: events }, (_, event) => eventId(event));
    return {
      ...tally,
      store,
      events,
      effects: [...effects.values()].reduce((sum, n) => sum + n, 0),
      lost: ids.filter((id) => !effects.has(id)).length,
      repeated: ids.filter((id) => (effects.get(id) ?? 0) > 1).length,
      records: records.size,
      recordsNotOnce: ids.filter((id) => records.get(id) !== 1).length,
    };
  } finally {
    await place.close();
  }
}

/** What does not hold; nothing when the proof stands. */
export function flaws(proof: Proof): string[] {
  const { store, events, effects, lost, repeated, records, recordsNotOnce, kills } = proof;
  const expected: [boolean, string][] = [
    [lost === 0, `${lost} events had no effect`],
    // Redis shares no transaction with the effect, so one may happen again: at least once, by a stable id.
    [store === "redis" || (repeated === 0 && effects === events), `${repeated} events had their effect more than once`],
    [recordsNotOnce === 0 && records === events, `${recordsNotOnce} batches were not written exactly once`],
    [kills > 0, "nobody was killed, so nothing was shown"],
  ];
  return expected.filter(([holds]) => !holds).map(([, flaw]) => `${store}: ${flaw}`);
}

/** The numbers in one line. */
export function line(proof: Proof): string {
  const { store, events, planned, again, kills, answers, effects, repeated, lost, recordsNotOnce, seconds } = proof;
  const rate = Math.round(planned / seconds);
  return (
    `${store.padEnd(8)} ${events} events, ${planned} deliveries and ${again} again, ${kills} kills: ` +
    `${answers["applied"] ?? 0} applied, ${answers["duplicate"] ?? 0} duplicates; ${effects} effects, ` +
    `${lost} lost, ${repeated} repeated, ${recordsNotOnce} batches not once; ${seconds.toFixed(1)} s, ${rate} deliveries/s`
  );
}
