/**
 * A queue in PostgreSQL, for several processes and machines.
 *
 * Invariant: a job is taken under a row lock that others skip (`FOR UPDATE SKIP LOCKED`), and every later change names
 * the fence of its taking. All times are the server's. That no two jobs of one key are taken at once is a unique index.
 *
 * Durability is the server's: `fsync = on` and `synchronous_commit = on` (or `local`, or stricter), both the default,
 * keep what was acknowledged over a crash of the server.
 */

import { onlyKnown, text } from "../shell/guard.js";
import { queueName } from "../worker/identity.js";
import type {
  Ending,
  NewJob,
  QuarantinedJob,
  QueueCounts,
  RawDelivery,
  ReplayOptions,
  TakenJob,
  Transacted,
  TransactionalQueue,
} from "../worker/queue.js";
import { Listeners } from "./added.js";
import { postgresOf, type PgClient, type PgPool, type Postgres, type PostgresJs } from "./postgres-handle.js";
import { PURGE_MAX, quarantinedJob, replayRange, retentionOf, storedType, takeBounds, takenJob, type Retention, type Row } from "./record.js";

export type { PgClient, PgPool, PostgresJs } from "./postgres-handle.js";

/** How the queue uses the database. */
export interface PostgresQueueOptions {
  /** Keeps several queues in one database apart; `default` when left out. */
  readonly name?: string;
  /** How long what is done is kept. */
  readonly retention?: Retention;
}

/** The tables, as a user may read them and run them himself. Running it again changes nothing. */
export const postgresQueueSchema = `
CREATE TABLE IF NOT EXISTS tillproof_deliveries (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  queue text NOT NULL,
  scheme text NOT NULL,
  received_at bigint NOT NULL,          -- milliseconds since the epoch, as all times here
  signed_at bigint,
  headers text,                         -- a JSON object; NULL, like the body, once the retention of payloads is over
  body bytea                            -- the bytes that were authenticated
);
CREATE TABLE IF NOT EXISTS tillproof_jobs (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  queue text NOT NULL,
  delivery_id bigint NOT NULL,
  identity text NOT NULL,               -- scheme and event id
  content text,                         -- what is signed, where the id is not
  event text NOT NULL,                  -- id, type and what else is known of the event, as JSON
  type text NOT NULL,
  order_key text,
  received_at bigint NOT NULL,
  state text NOT NULL CHECK (state IN ('ready', 'taken', 'done', 'quarantined')),
  due_at bigint,                        -- when it may be taken: now, after a wait, or when a lease ends
  attempt integer NOT NULL DEFAULT 0,
  fence bigint NOT NULL DEFAULT 0,      -- one more at each taking
  error text,                           -- of the last failed attempt
  settled_at bigint,
  CHECK ((due_at IS NOT NULL) = (state IN ('ready', 'taken')))
);
CREATE UNIQUE INDEX IF NOT EXISTS tillproof_jobs_once ON tillproof_jobs (queue, identity);
CREATE UNIQUE INDEX IF NOT EXISTS tillproof_jobs_once_by_content ON tillproof_jobs (queue, content) WHERE content IS NOT NULL;
CREATE UNIQUE INDEX IF NOT EXISTS tillproof_jobs_one_by_key ON tillproof_jobs (queue, order_key)
  WHERE state = 'taken' AND order_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS tillproof_jobs_due ON tillproof_jobs (queue, due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS tillproof_jobs_in_order ON tillproof_jobs (queue, order_key, id)
  WHERE due_at IS NOT NULL AND order_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS tillproof_jobs_received ON tillproof_jobs (queue, received_at);
CREATE INDEX IF NOT EXISTS tillproof_jobs_quarantined ON tillproof_jobs (queue, settled_at) WHERE state = 'quarantined';
CREATE INDEX IF NOT EXISTS tillproof_jobs_of_delivery ON tillproof_jobs (delivery_id);
CREATE INDEX IF NOT EXISTS tillproof_deliveries_received ON tillproof_deliveries (queue, received_at);
`;

/** Two processes that make the tables at the same moment would trip over each other. Any number will do: "till" in ASCII. */
const SCHEMA_LOCK = 0x74696c6c;

const NOW = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/** The jobs go in as one JSON text: both drivers send text alike, and arrays each in their own way. */
const ADD = `
  WITH input AS MATERIALIZED (
    SELECT * FROM json_to_recordset($7::text::json)
      AS job(n integer, identity text, content text, event text, type text, order_key text)
  ), fresh AS MATERIALIZED (
    SELECT * FROM input WHERE NOT EXISTS (
      SELECT 1 FROM tillproof_jobs AS known
      WHERE known.queue = $1 AND (known.identity = input.identity OR known.content = input.content))
  ), delivery AS (
    INSERT INTO tillproof_deliveries (queue, scheme, received_at, signed_at, headers, body)
    SELECT $1, $2, $3::bigint, $4::bigint, $5, $6::bytea WHERE EXISTS (SELECT 1 FROM fresh)
    RETURNING id
  ), added AS (
    INSERT INTO tillproof_jobs (queue, delivery_id, identity, content, event, type, order_key, received_at, state, due_at)
    SELECT $1, delivery.id, identity, content, event, type, order_key, $3::bigint, 'ready', ${NOW}
    FROM fresh CROSS JOIN delivery ORDER BY n
    ON CONFLICT DO NOTHING
    RETURNING identity
  )
  SELECT (SELECT id FROM delivery) AS delivery_id, (SELECT json_agg(identity) FROM added)::text AS added`;

const TAKE = `
  WITH picked AS MATERIALIZED (
    SELECT id FROM tillproof_jobs AS job
    WHERE queue = $1 AND due_at <= ${NOW}
      AND (order_key IS NULL OR NOT EXISTS (
        SELECT 1 FROM tillproof_jobs AS other
        WHERE other.queue = job.queue AND other.order_key = job.order_key AND other.due_at IS NOT NULL
          AND (other.id < job.id OR (other.state = 'taken' AND other.id <> job.id))))
    ORDER BY due_at, id LIMIT $2
    FOR UPDATE OF job SKIP LOCKED
  ), taken AS (
    UPDATE tillproof_jobs AS job
    SET state = 'taken', fence = fence + 1, attempt = attempt + 1, due_at = ${NOW} + $3::bigint
    FROM picked WHERE job.id = picked.id
    RETURNING job.*
  )
  SELECT taken.id, taken.fence, taken.attempt, taken.event, taken.order_key,
    delivery.scheme, delivery.received_at, delivery.signed_at, delivery.headers, delivery.body
  FROM taken JOIN tillproof_deliveries AS delivery ON delivery.id = taken.delivery_id ORDER BY taken.id`;

const STILL_TAKEN = "WHERE id = $1::bigint AND fence = $2::bigint AND state = 'taken' RETURNING id";
const DONE = `UPDATE tillproof_jobs SET state = 'done', due_at = NULL, settled_at = ${NOW}, error = NULL ${STILL_TAKEN}`;

/** PostgreSQL's code for a unique index that was hit. */
const UNIQUE_VIOLATION = "23505";

/**
 * A queue in the tables of a PostgreSQL database; makes them at first use where they are absent. A transactional handler
 * gets the client of `pg`, or the `tx` of postgres.js, on which its transaction runs.
 *
 * Throws `postgres_handle_unknown`, `queue_name_invalid`, `retention_invalid` or what names a wrong option.
 */
export function postgresQueue<Tx = PgClient>(database: PgPool | PostgresJs, options: PostgresQueueOptions = {}): TransactionalQueue<Tx> {
  onlyKnown("options", options, ["name", "retention"]);
  return new PostgresQueue<Tx>(postgresOf(database), options);
}

class PostgresQueue<Tx> implements TransactionalQueue<Tx> {
  readonly name: string;
  readonly keepsOrder = true;
  readonly #database: Postgres;
  readonly #retention: Required<Retention>;
  readonly #listeners = new Listeners();
  readonly onAdded = this.#listeners.listen;
  #ready: Promise<void> | undefined;

  constructor(database: Postgres, options: PostgresQueueOptions) {
    this.name = queueName(options.name);
    this.#retention = retentionOf(options.retention);
    this.#database = database;
  }

  async add(delivery: RawDelivery, jobs: readonly NewJob[]): Promise<boolean[]> {
    const { scheme, receivedAt, signedAt, headers, body } = delivery;
    const rows = jobs.map(({ event, identities: [identity, content], orderKey }, n) => {
      return { n, identity, content, event: JSON.stringify(event), type: storedType(event.type), order_key: orderKey };
    });
    const [answer = {}] = await this.#ask(ADD, [
      this.name, scheme, receivedAt, signedAt ?? null, JSON.stringify(headers), bufferOf(body), JSON.stringify(rows),
    ]);
    const added = new Set(JSON.parse(String(answer["added"] ?? "[]")) as string[]);
    if (added.size > 0) this.#listeners.tell();
    else if (answer["delivery_id"] !== null) {
      // Another process added the same events between the look and the insertion; nobody needs this copy.
      await this.#ask("DELETE FROM tillproof_deliveries WHERE id = $1::bigint", [answer["delivery_id"]]);
    }
    // An event that stands twice in one delivery is new once.
    return jobs.map(({ identities: [identity = ""] }) => added.delete(identity));
  }

  async take(request: { readonly limit: number; readonly leaseMs: number }): Promise<TakenJob[]> {
    const { limit, leaseMs } = takeBounds(request);
    try {
      return (await this.#ask(TAKE, [this.name, limit, leaseMs])).map(takenJob);
    } catch (error) {
      // Another process took a job of the same key meanwhile, which it could not know either: the next look will.
      if ((error as { code?: unknown }).code === UNIQUE_VIOLATION) return [];
      throw error;
    }
  }

  async renew({ id, fence }: TakenJob, leaseMs: number): Promise<boolean> {
    return this.#changed(`UPDATE tillproof_jobs SET due_at = ${NOW} + $3::bigint ${STILL_TAKEN}`, [id, fence, leaseMs]);
  }

  async settle({ id, fence }: TakenJob, ending: Ending): Promise<boolean> {
    switch (ending.as) {
      case "done":
        return this.#changed(DONE, [id, fence]);
      case "quarantined":
        return this.#changed(
          `UPDATE tillproof_jobs SET state = 'quarantined', due_at = NULL, settled_at = ${NOW}, error = $3 ${STILL_TAKEN}`,
          [id, fence, ending.error],
        );
      case "retry":
        return this.#changed(
          `UPDATE tillproof_jobs SET state = 'ready', due_at = ${NOW} + $3::bigint, error = $4 ${STILL_TAKEN}`,
          [id, fence, ending.delayMs, ending.error],
        );
      case "returned":
        return this.#changed(
          `UPDATE tillproof_jobs SET state = 'ready', due_at = ${NOW}, attempt = attempt - 1 ${STILL_TAKEN}`,
          [id, fence],
        );
    }
  }

  async transact({ id, fence }: TakenJob, work: (tx: Tx) => unknown, signal: AbortSignal): Promise<Transacted> {
    signal.throwIfAborted();
    return this.#database.transaction<Transacted>(async (tx) => {
      // First, so that the row is locked for as long as the work takes: nobody can take the job meanwhile.
      if ((await tx.query(DONE, [id, fence])).length === 0) return "lost";
      await work(tx.handle as Tx);
      return "done";
    }, signal);
  }

  async counts(): Promise<QueueCounts> {
    const [row = {}] = await this.#ask(
      `WITH clock AS (SELECT ${NOW} AS now), open AS (
         SELECT state, due_at, received_at, attempt, now FROM tillproof_jobs CROSS JOIN clock
         WHERE queue = $1 AND due_at IS NOT NULL)
       SELECT
         count(*) FILTER (WHERE due_at <= now) AS ready,
         count(*) FILTER (WHERE state = 'ready' AND due_at > now) AS delayed,
         count(*) FILTER (WHERE state = 'taken' AND due_at > now) AS taken,
         coalesce(greatest(0, max(now - due_at)), 0) AS lag,
         coalesce(greatest(0, max(now - received_at)), 0) AS age,
         coalesce(max(attempt), 0) AS attempts,
         (SELECT count(*) FROM tillproof_jobs WHERE queue = $1 AND state = 'quarantined') AS quarantined
       FROM open`,
      [this.name],
    );
    return {
      ready: Number(row["ready"]),
      delayed: Number(row["delayed"]),
      taken: Number(row["taken"]),
      quarantined: Number(row["quarantined"]),
      lagMs: Number(row["lag"]),
      oldestAgeMs: Number(row["age"]),
      attemptsMost: Number(row["attempts"]),
    };
  }

  async quarantined(limit: number): Promise<QuarantinedJob[]> {
    const rows = await this.#ask(
      `SELECT job.id, job.attempt, job.event, job.error, job.settled_at,
         delivery.scheme, delivery.received_at, delivery.signed_at, delivery.headers, delivery.body
       FROM tillproof_jobs AS job JOIN tillproof_deliveries AS delivery ON delivery.id = job.delivery_id
       WHERE job.queue = $1 AND job.state = 'quarantined' ORDER BY job.settled_at, job.id LIMIT $2`,
      [this.name, limit],
    );
    return rows.map(quarantinedJob);
  }

  async release(id: string): Promise<boolean> {
    if (!/^\d{1,18}$/.test(text("id", id))) return false;
    const released = await this.#changed(
      `UPDATE tillproof_jobs SET state = 'ready', due_at = ${NOW}, attempt = 0, settled_at = NULL
       WHERE queue = $1 AND id = $2::bigint AND state = 'quarantined' RETURNING id`,
      [this.name, id],
    );
    if (released) this.#listeners.tell();
    return released;
  }

  async replay(options: ReplayOptions): Promise<number> {
    const { from, to, type } = replayRange(options);
    const replayed = await this.#count(
      `UPDATE tillproof_jobs SET state = 'ready', due_at = ${NOW}, attempt = 0, settled_at = NULL
       WHERE queue = $1 AND state = 'done' AND received_at >= $2::bigint AND received_at < $3::bigint
         AND ($4::text IS NULL OR type = $4::text)
         AND EXISTS (SELECT 1 FROM tillproof_deliveries WHERE id = delivery_id AND body IS NOT NULL)`,
      [this.name, from, to, type ?? null],
    );
    if (replayed > 0) this.#listeners.tell();
    return replayed;
  }

  async purge(): Promise<number> {
    const { payloadMs, eventMs } = this.#retention;
    const emptied = await this.#count(
      `UPDATE tillproof_deliveries SET body = NULL, headers = NULL WHERE id IN (
         SELECT id FROM tillproof_deliveries AS delivery
         WHERE queue = $1 AND received_at < ${NOW} - $2::bigint AND body IS NOT NULL AND NOT EXISTS (
           SELECT 1 FROM tillproof_jobs WHERE delivery_id = delivery.id AND state <> 'done') LIMIT ${PURGE_MAX})`,
      [this.name, payloadMs],
    );
    const forgotten = await this.#count(
      `DELETE FROM tillproof_jobs WHERE id IN (
         SELECT id FROM tillproof_jobs
         WHERE queue = $1 AND received_at < ${NOW} - $2::bigint AND state = 'done' LIMIT ${PURGE_MAX})`,
      [this.name, eventMs],
    );
    const left = await this.#count(
      `DELETE FROM tillproof_deliveries WHERE id IN (
         SELECT id FROM tillproof_deliveries AS delivery
         WHERE queue = $1 AND received_at < ${NOW} - $2::bigint
           AND NOT EXISTS (SELECT 1 FROM tillproof_jobs WHERE delivery_id = delivery.id) LIMIT ${PURGE_MAX})`,
      [this.name, eventMs],
    );
    return emptied + forgotten + left;
  }

  async close(): Promise<void> {
    // The pool is the caller's.
  }

  async #changed(sql: string, values: unknown[]): Promise<boolean> {
    return (await this.#ask(sql, values)).length > 0;
  }

  async #count(change: string, values: unknown[]): Promise<number> {
    const [row] = await this.#ask(`WITH changed AS (${change} RETURNING 1) SELECT count(*) AS changed FROM changed`, values);
    return Number(row?.["changed"]);
  }

  async #ask(sql: string, values: unknown[]): Promise<Row[]> {
    this.#ready ??= this.#migrate();
    try {
      await this.#ready;
    } catch (error) {
      // The server was not there yet: the next call tries again.
      this.#ready = undefined;
      throw error;
    }
    return this.#database.query(sql, values);
  }

  /** Only where something is missing: the role of a careful merchant may not create tables. */
  async #migrate(): Promise<void> {
    const [row] = await this.#database.query("SELECT to_regclass('tillproof_jobs')::text AS jobs");
    if (row?.["jobs"] !== null) return;
    await this.#database.query(`BEGIN; SELECT pg_advisory_xact_lock(${SCHEMA_LOCK}); ${postgresQueueSchema} COMMIT`);
  }
}

/** `pg` sends a Buffer as bytes, and a plain Uint8Array only in its newer versions. */
function bufferOf(bytes: Uint8Array): Uint8Array {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
