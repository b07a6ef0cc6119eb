/**
 * Every statement the PostgreSQL store runs.
 *
 * Invariant: each statement is complete in itself and takes its values as parameters; only the name of the table, which
 * was checked, is part of the text.
 */

import { afterPrefix } from "../rules.js";

/** A statement and its parameters. */
export interface Query {
  readonly text: string;
  readonly values: readonly (string | number)[];
}

/** The statements for one table. */
export interface Statements {
  readonly get: string;
  /** `key, value, wake_at, expires_at`; one row when it was absent. */
  readonly insert: string;
  /** The same and `expected`; one row when it was at that version. */
  readonly update: string;
  /** A JSON list of writes; `written` says how many fitted. */
  readonly many: string;
  /** `now, limit`; one row for each record that is dropped. */
  readonly purge: string;
  due(prefix: string, now: number, limit: number): Query;
  scan(prefix: string, after: string | null, limit: number): Query;
}

/** What makes the table. The collation compares bytes, as the contract of stores wants it. */
export function migrationsOf(table: string): readonly string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${table} (
  key text COLLATE "C" PRIMARY KEY,
  version bigint NOT NULL CHECK (version > 0),
  value text NOT NULL,
  wake_at bigint,
  expires_at bigint
)`,
    `CREATE INDEX IF NOT EXISTS ${table}_by_wake_at ON ${table} (wake_at, key) WHERE wake_at IS NOT NULL`,
    `CREATE INDEX IF NOT EXISTS ${table}_by_expires_at ON ${table} (expires_at) WHERE expires_at IS NOT NULL`,
  ];
}

/** The statements for a table. */
export function statementsFor(table: string): Statements {
  const columns = `SELECT key, version, value, wake_at FROM ${table}`;
  return {
    get: `${columns} WHERE key = $1`,
    insert: `INSERT INTO ${table} (key, version, value, wake_at, expires_at)
      VALUES ($1, 1, $2, $3::bigint, $4::bigint) ON CONFLICT (key) DO NOTHING RETURNING 1`,
    update: `UPDATE ${table} SET version = version + 1, value = $2, wake_at = $3::bigint, expires_at = $4::bigint
      WHERE key = $1 AND version = $5::bigint RETURNING 1`,
    // Locked first and by key, so that two commits with records in common never each hold what the other waits for.
    many: `WITH input AS (
        SELECT * FROM json_to_recordset($1::text::json)
          AS input (key text, expected bigint, value text, wake_at bigint, expires_at bigint)
      ), locked AS (
        SELECT known.key, known.version FROM ${table} AS known JOIN input ON known.key = input.key
        WHERE input.expected > 0 ORDER BY known.key FOR UPDATE OF known
      ), updated AS (
        UPDATE ${table} AS known
        SET version = known.version + 1, value = input.value, wake_at = input.wake_at, expires_at = input.expires_at
        FROM input, locked
        WHERE known.key = input.key AND locked.key = input.key
          AND locked.version = input.expected AND known.version = input.expected
        RETURNING 1
      ), inserted AS (
        INSERT INTO ${table} (key, version, value, wake_at, expires_at)
        SELECT key, 1, value, wake_at, expires_at FROM input WHERE expected = 0 ORDER BY key COLLATE "C"
        ON CONFLICT (key) DO NOTHING
        RETURNING 1
      )
      SELECT (SELECT count(*) FROM updated) + (SELECT count(*) FROM inserted) AS written`,
    // What another purge or commit holds is left to the next time.
    purge: `DELETE FROM ${table} WHERE key IN (
        SELECT key FROM ${table} WHERE expires_at <= $1::bigint ORDER BY expires_at, key
        LIMIT $2::bigint FOR UPDATE SKIP LOCKED
      ) RETURNING 1`,
    due: (prefix, now, limit) => {
      const { text, values } = range(prefix, null, [now, limit]);
      return { text: `${columns} WHERE wake_at <= $1::bigint AND ${text} ORDER BY wake_at, key LIMIT $2::bigint`, values };
    },
    scan: (prefix, after, limit) => {
      const { text, values } = range(prefix, after, [limit]);
      return { text: `${columns} WHERE ${text} ORDER BY key LIMIT $1::bigint`, values };
    },
  };
}

/** A range instead of LIKE: a prefix may contain `%`, and the primary key serves it. */
function range(prefix: string, after: string | null, before: readonly (string | number)[]): Query {
  const values = [...before];
  const parts: string[] = [];
  const compare = (operator: string, value: string): void => {
    values.push(value);
    parts.push(`key ${operator} $${values.length}`);
  };
  compare(">=", prefix);
  const end = afterPrefix(prefix);
  if (prefix !== "" && end !== null) compare("<", end);
  if (after !== null) compare(">", after);
  return { text: parts.join(" AND "), values };
}
