/** Whether a PostgreSQL server is there, has the table, takes writes, and keeps commits. Nothing is written. */

import { driver, DURABLE, migrated, noDriver, PATIENCE_MS, TABLE } from "./driver.js";
import { broken, doubtful, fine, type Finding } from "./finding.js";

const MIGRATE = {
  absent: "run `await store.migrate()` once, or sql/postgres-records.sql",
  old: `ALTER TABLE ${TABLE} ADD COLUMN expires_at bigint, and then \`await store.migrate()\``,
};

/** One statement, whatever the driver. */
type Query = (sql: string) => Promise<readonly Record<string, unknown>[]>;

/** Asks the server. Rejects with what the driver says. */
export async function checkPostgres(address: string): Promise<Finding[]> {
  const pg = await driver("pg");
  if (pg !== undefined) {
    const Client = pg["Client"] as new (options: object) => {
      connect(): Promise<void>;
      query(sql: string): Promise<{ rows: Record<string, unknown>[] }>;
      end(): Promise<void>;
      on(event: "error", listener: () => void): void;
    };
    const client = new Client({ connectionString: address, connectionTimeoutMillis: PATIENCE_MS, query_timeout: PATIENCE_MS });
    // A connection that breaks while it is closed has told all it had to.
    client.on("error", () => undefined);
    await client.connect();
    try {
      return await judgePostgres(async (sql) => (await client.query(sql)).rows);
    } finally {
      await client.end();
    }
  }
  const other = await driver("postgres");
  if (other === undefined) return noDriver("PostgreSQL", "pg");
  const connect = other["default"] as (address: string, options: object) => { unsafe(sql: string): Promise<Record<string, unknown>[]>; end(): Promise<void> };
  const sql = connect(address, { max: 1, connect_timeout: PATIENCE_MS / 1000, onnotice: () => undefined });
  try {
    return await judgePostgres(async (statement) => sql.unsafe(statement));
  } finally {
    await sql.end();
  }
}

async function judgePostgres(query: Query): Promise<Finding[]> {
  // As unqualified names are looked up, which is how the store finds it.
  const columns = await query(`SELECT attname AS name FROM pg_attribute WHERE attrelid = to_regclass('${TABLE}') AND attnum > 0 AND NOT attisdropped`);
  const found = migrated("PostgreSQL", columns.map(({ name }) => String(name)), MIGRATE);
  const [row = {}] = await query(
    "SELECT current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes, " +
      "current_setting('synchronous_commit') AS synchronous_commit, pg_is_in_recovery()::text AS standby",
  );
  const { fsync, full_page_writes: pages, synchronous_commit: commit, standby } = row;
  if (standby === "true") return [found, broken(DURABLE, "this server is a standby: it takes no writes", "give the shop the address of the primary")];
  if (fsync !== "on" || pages !== "on") {
    return [found, broken(DURABLE, `fsync is ${String(fsync)} and full_page_writes ${String(pages)}: a power cut damages the database`, "turn both on")];
  }
  if (commit === "off" || commit === "local") {
    return [found, doubtful(DURABLE, `synchronous_commit is ${String(commit)}: a crash takes back the last commits`, "set it to on: docs/stores.md")];
  }
  return [found, fine(DURABLE, `fsync and full_page_writes are on, synchronous_commit is ${String(commit)}`)];
}
