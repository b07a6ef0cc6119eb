/**
 * A queue in a SQLite file, through the handle the caller already has: the default for one machine.
 *
 * Invariant: every change is one transaction begun with `BEGIN IMMEDIATE`, and none is left open between two turns of the
 * event loop, so nothing else of the process can slip into it. A handle shared with a store takes turns with it.
 *
 * Durability is the handle's: every mode keeps commits over the death of the process; over a power cut they are kept
 * with `PRAGMA synchronous = FULL`, SQLite's default, which some drivers lower for a write-ahead log.
 */

import { fn, onlyKnown, text } from "../shell/guard.js";
import { TillproofError } from "../shell/errors.js";
import { transactionLost } from "../stores/rules.js";
import { setBusyTimeout, type SqliteDatabase, type Statements, statementsOf } from "../stores/sqlite/drivers.js";
import { type Turns, turnsOf } from "../stores/turns.js";
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
import { type Addition, Additions } from "./additions.js";
import { countsOf, PURGE_MAX, quarantinedJob, replayRange, retentionOf, storedType, takeBounds, takenJobs, type Retention, type Row } from "./record.js";

/** How the queue uses the file. */
export interface SqliteQueueOptions {
  /** Keeps several queues in one file apart; `default` when left out. */
  readonly name?: string;
  /** How long what is done is kept. */
  readonly retention?: Retention;
  /** How long a change waits for another connection's transaction, in milliseconds; the handle's own, or 5,000. */
  readonly busyTimeoutMs?: number;
  /** The clock of this engine, in milliseconds since the epoch; `Date.now` when left out. */
  readonly now?: () => number;
}

/** The tables, as a user may read them and run them himself. Running it again changes nothing. */
export const sqliteQueueSchema = `
CREATE TABLE IF NOT EXISTS tillproof_deliveries (
  id INTEGER PRIMARY KEY,
  queue TEXT NOT NULL,
  scheme TEXT NOT NULL,
  received_at INTEGER NOT NULL,          -- milliseconds since the epoch, as all times here
  signed_at INTEGER,
  headers TEXT,                          -- a JSON object; NULL, like the body, once the retention of payloads is over
  body BLOB                              -- the bytes that were authenticated
);
CREATE TABLE IF NOT EXISTS tillproof_jobs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,  -- in the order in which jobs were added
  queue TEXT NOT NULL,
  delivery_id INTEGER NOT NULL,
  identity TEXT NOT NULL,                -- scheme and event id
  content TEXT,                          -- what is signed, where the id is not
  event TEXT NOT NULL,                   -- id, type and what else is known of the event, as JSON
  type TEXT NOT NULL,
  order_key TEXT,
  received_at INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('ready', 'taken', 'done', 'quarantined')),
  due_at INTEGER,                        -- when it may be taken: now, after a wait, or when a lease ends
  attempt INTEGER NOT NULL DEFAULT 0,
  fence INTEGER NOT NULL DEFAULT 0,      -- one more at each taking
  error TEXT,                            -- of the last failed attempt
  settled_at INTEGER,
  CHECK ((due_at IS NOT NULL) = (state IN ('ready', 'taken')))
);
CREATE UNIQUE INDEX IF NOT EXISTS tillproof_jobs_once ON tillproof_jobs (queue, identity);
CREATE UNIQUE INDEX IF NOT EXISTS tillproof_jobs_once_by_content ON tillproof_jobs (queue, content) WHERE content IS NOT NULL;
CREATE UNIQUE INDEX IF NOT EXISTS tillproof_jobs_one_by_key ON tillproof_jobs (queue, order_key)
  WHERE state = 'taken' AND order_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS tillproof_jobs_due ON tillproof_jobs (queue, due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS tillproof_jobs_in_order ON tillproof_jobs (queue, order_key, id)
  WHERE due_at IS NOT NULL AND order_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS tillproof_jobs_quarantined ON tillproof_jobs (queue, settled_at) WHERE state = 'quarantined';
CREATE INDEX IF NOT EXISTS tillproof_jobs_of_delivery ON tillproof_jobs (delivery_id);
CREATE INDEX IF NOT EXISTS tillproof_deliveries_received ON tillproof_deliveries (queue, received_at);
`;

/** Due, and first of its key: no earlier job of the key is unfinished, and none of it is with a worker. */
const TAKEABLE = `
  SELECT id FROM tillproof_jobs AS job
  WHERE queue = ? AND due_at <= ?
    AND (order_key IS NULL OR NOT EXISTS (
      SELECT 1 FROM tillproof_jobs AS other
      WHERE other.queue = job.queue AND other.order_key = job.order_key AND other.due_at IS NOT NULL
        AND (other.id < job.id OR (other.state = 'taken' AND other.id <> job.id))))
  ORDER BY due_at, id LIMIT ?`;

const JOB_WITH_DELIVERY = `
  SELECT job.id, job.fence, job.attempt, job.identity, job.type, job.event, job.order_key, job.error, job.settled_at,
    delivery.scheme, job.received_at, delivery.signed_at, delivery.headers, delivery.body
  FROM tillproof_jobs AS job LEFT JOIN tillproof_deliveries AS delivery ON delivery.id = job.delivery_id`;

const QUARANTINED = "state = 'quarantined', due_at = NULL, settled_at = ?, error = ?";

/**
 * A queue in the tables of a SQLite database; makes them where they are absent. A transactional handler gets the handle
 * itself and must be synchronous: a transaction of SQLite belongs to the connection, and with it to whoever uses it next.
 *
 * Throws `sqlite_handle_unknown`, `queue_name_invalid`, `retention_invalid` or what names a wrong option.
 */
export function sqliteQueue<D extends SqliteDatabase>(database: D, options: SqliteQueueOptions = {}): TransactionalQueue<D> {
  onlyKnown("options", options, ["name", "retention", "busyTimeoutMs", "now"]);
  return new SqliteQueue(database, options);
}

class SqliteQueue<D extends SqliteDatabase> implements TransactionalQueue<D> {
  readonly name: string;
  readonly keepsOrder = true;
  readonly serial = true;
  readonly #database: D;
  readonly #sql: Statements;
  readonly #turns: Turns;
  readonly #patienceMs: number;
  readonly #now: () => number;
  readonly #retention: Required<Retention>;
  readonly #listeners = new Listeners();
  readonly onAdded = this.#listeners.listen;
  readonly #additions = new Additions(
    (additions) => this.#transaction(() => additions.map((addition) => this.#insert(addition))),
    this.#listeners,
    1,
  );

  constructor(database: D, options: SqliteQueueOptions) {
    this.name = queueName(options.name);
    this.#retention = retentionOf(options.retention);
    this.#now = fn("now", options.now ?? Date.now);
    this.#database = database;
    this.#sql = statementsOf(database);
    this.#patienceMs = setBusyTimeout(this.#sql, options.busyTimeoutMs);
    this.#turns = turnsOf(database);
    this.#sql.exec(sqliteQueueSchema);
  }

  add(delivery: RawDelivery, jobs: readonly NewJob[]): Promise<boolean[]> {
    return this.#additions.add(delivery, jobs);
  }

  #insert({ delivery, jobs }: Addition): boolean[] {
    const fresh = jobs.map((job) => !this.#knows(job));
    if (!fresh.includes(true)) return fresh;
    const { scheme, receivedAt, signedAt, headers, body } = delivery;
    const [row] = this.#sql.all(
      `INSERT INTO tillproof_deliveries (queue, scheme, received_at, signed_at, headers, body)
       VALUES (?, ?, ?, ?, ?, ?) RETURNING id`,
      this.name, scheme, receivedAt, signedAt ?? null, JSON.stringify(headers), body,
    );
    return jobs.map((job) => {
      // Two events of one delivery may be the same one.
      if (this.#knows(job)) return false;
      const [identity = "", content] = job.identities;
      this.#sql.run(
        `INSERT INTO tillproof_jobs
           (queue, delivery_id, identity, content, event, type, order_key, received_at, state, due_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'ready', ?)`,
        this.name, Number(row?.["id"]), identity, content ?? null, JSON.stringify(job.event), storedType(job.event.type),
        job.orderKey ?? null, receivedAt, this.#now(),
      );
      return true;
    });
  }

  #knows({ identities: [identity = "", content] }: NewJob): boolean {
    const seen = this.#sql.all("SELECT 1 FROM tillproof_jobs WHERE queue = ? AND identity = ?", this.name, identity);
    if (seen.length > 0 || content === undefined) return seen.length > 0;
    return this.#sql.all("SELECT 1 FROM tillproof_jobs WHERE queue = ? AND content = ?", this.name, content).length > 0;
  }

  async take(request: { readonly limit: number; readonly leaseMs: number }): Promise<TakenJob[]> {
    const { limit, leaseMs } = takeBounds(request);
    // Everything here is synchronous, and a worker with a long queue would keep its process from all else.
    await new Promise((resolve) => setImmediate(resolve));
    // An idle worker only reads, and so keeps nobody from writing.
    if (this.#takeable(1).length === 0) return [];
    return this.#transaction(() => {
      const rows = this.#takeable(limit).flatMap(({ id }) => {
        this.#sql.run(
          `UPDATE tillproof_jobs SET state = 'taken', fence = fence + 1, attempt = attempt + 1, due_at = ? WHERE id = ?`,
          this.#now() + leaseMs, Number(id),
        );
        return this.#sql.all(`${JOB_WITH_DELIVERY} WHERE job.id = ?`, Number(id));
      });
      const { jobs, damaged } = takenJobs(rows);
      for (const job of damaged) this.#changed(QUARANTINED, [this.#now(), job.error], job);
      return jobs;
    });
  }

  #takeable(limit: number): Row[] {
    return this.#sql.all(TAKEABLE, this.name, this.#now(), limit);
  }

  async renew(job: TakenJob, leaseMs: number): Promise<boolean> {
    return this.#change("due_at = ?", [this.#now() + leaseMs], job);
  }

  async settle(job: TakenJob, ending: Ending): Promise<boolean> {
    const now = this.#now();
    switch (ending.as) {
      case "done":
        return this.#change("state = 'done', due_at = NULL, settled_at = ?, error = NULL", [now], job);
      case "quarantined":
        return this.#change(QUARANTINED, [now, ending.error], job);
      case "retry":
        return this.#change("state = 'ready', due_at = ?, error = ?", [now + ending.delayMs, ending.error], job);
      case "returned":
        return this.#change("state = 'ready', due_at = ?, attempt = attempt - 1", [now], job);
    }
  }

  async transact(job: TakenJob, work: (tx: D) => unknown, signal: AbortSignal): Promise<Transacted> {
    signal.throwIfAborted();
    return this.#transaction(() => {
      // Checked before the work: the transaction is exclusive, so nobody can take the job after this.
      if (!this.#changed("state = 'done', due_at = NULL, settled_at = ?, error = NULL", [this.#now()], job)) return "lost";
      this.#sql.exec("SAVEPOINT tillproof");
      const result = work(this.#database);
      this.#checkStillOpen();
      if (typeof (result as { then?: unknown } | null | undefined)?.then !== "function") return "done";
      // Whatever it does after this turn is outside of the transaction, so nothing of it may count.
      (result as Promise<unknown>).then(undefined, () => undefined);
      throw new TillproofError({
        code: "handler_not_synchronous",
        message:
          "a transactional handler on SQLite returned a promise: expected plain synchronous code, since a transaction " +
          "must not outlive the turn it began in; leave `transaction` out where the handler has to wait",
      });
    });
  }

  async counts(): Promise<QueueCounts> {
    const now = this.#now();
    const [row = {}] = this.#sql.all(
      `SELECT
         COALESCE(SUM(due_at <= ?), 0) AS ready,
         COALESCE(SUM(state = 'ready' AND due_at > ?), 0) AS delayed,
         COALESCE(SUM(state = 'taken' AND due_at > ?), 0) AS taken,
         MIN(due_at) AS due_at, MIN(received_at) AS received_at, COALESCE(MAX(attempt), 0) AS attempts
       FROM tillproof_jobs WHERE queue = ? AND due_at IS NOT NULL`,
      now, now, now, this.name,
    );
    const [aside = {}] = this.#sql.all(
      "SELECT COUNT(*) AS jobs FROM tillproof_jobs WHERE queue = ? AND state = 'quarantined'",
      this.name,
    );
    const since = (time: unknown): number => (time === null ? 0 : now - Number(time));
    return countsOf({ ...row, quarantined: aside["jobs"], lag: since(row["due_at"]), age: since(row["received_at"]) });
  }

  async quarantined(limit: number): Promise<QuarantinedJob[]> {
    return this.#sql
      .all(
        `${JOB_WITH_DELIVERY} WHERE job.queue = ? AND job.state = 'quarantined' ORDER BY job.settled_at, job.id LIMIT ?`,
        this.name, limit,
      )
      .map(quarantinedJob);
  }

  async release(id: string): Promise<boolean> {
    const job = Number(text("id", id));
    const released = await this.#transaction(() => {
      this.#sql.run(
        `UPDATE tillproof_jobs SET state = 'ready', due_at = ?, attempt = 0, settled_at = NULL
         WHERE queue = ? AND id = ? AND state = 'quarantined'`,
        this.#now(), this.name, job,
      );
      return this.#changes() > 0;
    });
    if (released) this.#listeners.tell();
    return released;
  }

  async replay(options: ReplayOptions): Promise<number> {
    const { from, to, type } = replayRange(options);
    const replayed = await this.#transaction(() => {
      this.#sql.run(
        `UPDATE tillproof_jobs SET state = 'ready', due_at = ?, attempt = 0, settled_at = NULL
         WHERE state = 'done' AND (? IS NULL OR type = ?) AND delivery_id IN (
           SELECT id FROM tillproof_deliveries
           WHERE queue = ? AND received_at >= ? AND received_at < ? AND body IS NOT NULL)`,
        this.#now(), type ?? null, type ?? null, this.name, from, to,
      );
      return this.#changes();
    });
    if (replayed > 0) this.#listeners.tell();
    return replayed;
  }

  async purge(): Promise<number> {
    const now = this.#now();
    const { payloadMs, eventMs } = this.#retention;
    return this.#transaction(() => {
      // What was never tried is due at once. It waits only where the clock was set back since it was stored.
      this.#sql.run(
        "UPDATE tillproof_jobs SET due_at = ? WHERE queue = ? AND due_at > ? AND state = 'ready' AND attempt = 0",
        now, this.name, now,
      );
      let changed = 0;
      const run = (sql: string, before: number): void => {
        this.#sql.run(sql, this.name, before, PURGE_MAX);
        changed += this.#changes();
      };
      run(
        `UPDATE tillproof_deliveries SET body = NULL, headers = NULL WHERE id IN (
           SELECT id FROM tillproof_deliveries AS delivery
           WHERE queue = ? AND received_at < ? AND body IS NOT NULL AND NOT EXISTS (
             SELECT 1 FROM tillproof_jobs WHERE delivery_id = delivery.id AND state <> 'done') LIMIT ?)`,
        now - payloadMs,
      );
      run(
        `DELETE FROM tillproof_jobs WHERE id IN (
           SELECT job.id FROM tillproof_jobs AS job JOIN tillproof_deliveries AS delivery ON delivery.id = job.delivery_id
           WHERE delivery.queue = ? AND delivery.received_at < ? AND job.state = 'done' LIMIT ?)`,
        now - eventMs,
      );
      run(
        `DELETE FROM tillproof_deliveries WHERE id IN (
           SELECT id FROM tillproof_deliveries AS delivery
           WHERE queue = ? AND received_at < ?
             AND NOT EXISTS (SELECT 1 FROM tillproof_jobs WHERE delivery_id = delivery.id) LIMIT ?)`,
        now - eventMs,
      );
      return changed;
    });
  }

  async close(): Promise<void> {
    // The handle is the caller's.
  }

  /** Throws when the work ended the transaction: what follows would be committed without what came before. */
  #checkStillOpen(): void {
    try {
      this.#sql.exec("RELEASE tillproof");
    } catch (cause) {
      throw transactionLost(cause);
    }
  }

  /** Changes a job that is still this taking's. */
  #change(set: string, values: (string | number)[], job: TakenJob): Promise<boolean> {
    return this.#transaction(() => this.#changed(set, values, job));
  }

  #changed(set: string, values: (string | number)[], { id, fence }: Pick<TakenJob, "id" | "fence">): boolean {
    this.#sql.run(
      `UPDATE tillproof_jobs SET ${set} WHERE id = ? AND fence = ? AND state = 'taken'`,
      ...values, Number(id), Number(fence),
    );
    return this.#changes() === 1;
  }

  /** Asked within the transaction of the change, since it tells of the connection's last one. */
  #changes(): number {
    return Number(this.#sql.all("SELECT changes() AS changed")[0]?.["changed"]);
  }

  async #transaction<T>(body: () => T): Promise<T> {
    await this.#turns.take(this.#patienceMs);
    try {
      this.#sql.exec("BEGIN IMMEDIATE");
      try {
        const result = body();
        this.#sql.exec("COMMIT");
        return result;
      } catch (error) {
        this.#rollBack();
        throw error;
      }
    } finally {
      this.#turns.give();
    }
  }

  #rollBack(): void {
    try {
      this.#sql.exec("ROLLBACK");
    } catch {
      // The transaction is gone already; the first error says why.
    }
  }
}
