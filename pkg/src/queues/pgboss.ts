/**
 * A queue in pg-boss, for those who already run it on PostgreSQL.
 *
 * Invariant: a job's id in pg-boss is made of the queue's name and the identity of its event, so the database refuses the second
 * one; every change locks the job's row, looks whether it is still this taking's, and becomes true in one transaction with it.
 *
 * The name is part of it because `update` of pg-boss 12 moves every waiting job of an id, in whatever queue: an event that two
 * queues wait with would be put off in both.
 *
 * Jobs are changed through pg-boss's own functions; its table is only read. What is put aside stands in a second queue,
 * `<name>.quarantine`, and the ids of events whose id is not signed in a third, `<name>.seen`, which nobody works. Durability is PostgreSQL's: `fsync` and `synchronous_commit` as they are by
 * default. A worker that died is found by pg-boss's supervision: at least one instance must run with `supervise`.
 */

import { count, flag, fn, onlyKnown, refusal, text } from "../shell/guard.js";
import { transactionOver } from "../stores/rules.js";
import { queueName, uuidOf } from "../worker/identity.js";
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
import { checkedJob, deliveryOf, encodedJob, unreadJob } from "./encoded.js";
import { countsOf, damage, orElse, replayRange, retentionOf, storedType, takeBounds, type Retention, type Row } from "./record.js";

/** How a transaction of pg-boss takes statements; what a transactional handler gets. */
export interface PgBossTransaction {
  executeSql(text: string, values?: unknown[]): Promise<{ rows: Row[] }>;
}

interface Within {
  readonly db: PgBossTransaction;
}

/** What is used of a `PgBoss` that was started. */
export interface PgBossInstance {
  createQueue(name: string, options: object): Promise<void>;
  insert(name: string, jobs: object[], options: object): Promise<string[] | null>;
  fetch(name: string, options: never): Promise<object[]>;
  complete(name: string, id: string, data: null, options: Within): Promise<unknown>;
  cancel(name: string, id: string, options: Within): Promise<unknown>;
  fail(name: string, id: string, data: object, options: Within): Promise<unknown>;
  update(name: string, data: undefined, options: Within & { readonly id: string; readonly startAfter: number }): Promise<unknown>;
  touch(name: string, id: string, options: Within): Promise<unknown>;
  deleteJob(name: string, id: string, options: Within): Promise<unknown>;
  getDb(): PgBossTransaction & {
    beginTransaction?(): Promise<{ db: PgBossTransaction; commit(): Promise<void>; rollback(): Promise<void> }>;
  };
}

/** How the queue uses pg-boss. */
export interface PgBossQueueOptions {
  /** The name of the queue, also in pg-boss; `default` when left out. */
  readonly name?: string;
  /** The schema pg-boss was given; `pgboss` when left out. */
  readonly schema?: string;
  /**
   * How long a job stays taken when its worker dies, in seconds; 30 when left out, at least 10. This is pg-boss's
   * heartbeat and counts instead of the worker's `leaseMs`, which may not be longer.
   */
  readonly heartbeatSeconds?: number;
  /** Keeps jobs of one order key in order (policy `key_strict_fifo`); decided when the queue is made. */
  readonly keepsOrder?: boolean;
  /** How long what is done is kept. A job is one record here, so the body lives as long as its event: `eventMs`. */
  readonly retention?: Pick<Retention, "eventMs">;
}

/** What is stored. The document is text, since `jsonb` refuses a NUL that JSON allows. */
interface Data {
  readonly id: string;
  readonly type: string;
  readonly receivedAt: number;
  readonly orderKey?: string;
  readonly document: string;
}

/** A job that may be new, with the identity its own id has no room for. */
interface NewRow {
  readonly id: string;
  readonly seen: string | undefined;
  readonly row: { readonly id: string };
}

/** A job in quarantine: the same, with what went wrong. */
interface DataAside extends Data {
  readonly error: string;
  readonly attempts: number;
  readonly quarantinedAt: number;
}

/** Attempts are counted by the worker; pg-boss shall never be the one to give up. */
const RETRIES = 1_000_000;

/** pg-boss removes jobs that nobody took within this time, in seconds: ten years, since nothing may be lost. */
const KEPT_SECONDS = 315_360_000;

/** The longest pg-boss lets a job run, in seconds, whatever its heartbeat says: a day is its own limit. */
const EXPIRE_SECONDS = 86_400;

/** Jobs replayed at a time. */
const PAGE = 100;

const NOW = "(extract(epoch FROM clock_timestamp()) * 1000)";

/**
 * A queue in pg-boss 12.34 or newer, in the instance the caller started and stops.
 *
 * Throws `pgboss_invalid`, `queue_name_invalid`, `retention_invalid` or what names a wrong option.
 */
export function pgBossQueue(boss: PgBossInstance, options: PgBossQueueOptions = {}): TransactionalQueue<PgBossTransaction> {
  onlyKnown("options", options, ["name", "schema", "heartbeatSeconds", "keepsOrder", "retention"]);
  return new PgBossEngine(boss, options);
}

class PgBossEngine implements TransactionalQueue<PgBossTransaction> {
  readonly name: string;
  readonly keepsOrder: boolean;
  readonly serial = false;
  readonly #boss: PgBossInstance;
  readonly #jobs: string;
  readonly #aside: string;
  readonly #seen: string;
  readonly leaseMs: number;
  readonly #heartbeatSeconds: number;
  readonly #eventSeconds: number;
  readonly #listeners = new Listeners();
  readonly onAdded = this.#listeners.listen;
  #made: Promise<void> | undefined;

  constructor(boss: PgBossInstance, options: PgBossQueueOptions) {
    const usable = typeof boss?.getDb === "function" && typeof boss.fetch === "function";
    if (!usable || typeof fn("boss.getDb", boss.getDb).call(boss)?.beginTransaction !== "function") {
      throw refusal(
        "pgboss_invalid",
        "boss",
        boss,
        "is no PgBoss of version 12.34 or newer with a pool of its own: pass the instance after `await boss.start()`",
      );
    }
    this.#boss = boss;
    this.name = queueName(options.name);
    this.#aside = `${this.name}.quarantine`;
    this.#seen = `${this.name}.seen`;
    this.keepsOrder = flag("keepsOrder", options.keepsOrder) === true;
    this.#jobs = `${schemaName(options.schema)}.job`;
    this.#heartbeatSeconds = count("heartbeatSeconds", options.heartbeatSeconds ?? 30, 10);
    this.leaseMs = this.#heartbeatSeconds * 1_000;
    const { eventMs } = onlyKnown("retention", options.retention ?? {}, ["eventMs"]);
    this.#eventSeconds = Math.ceil(retentionOf(eventMs === undefined ? {} : { eventMs, payloadMs: eventMs }).eventMs / 1_000);
  }

  async add(delivery: RawDelivery, jobs: readonly NewJob[]): Promise<boolean[]> {
    const rows = await Promise.all(
      jobs.map(async (job): Promise<NewRow> => {
        const [byId = "", byContent] = job.identities;
        // One id has room for one identity: where the event's id is not signed, what is signed decides, and the id beside.
        const id = await uuidOf(byContent ?? byId);
        const own = await uuidOf(`${this.name}/${id}`);
        const seen = byContent === undefined ? undefined : await uuidOf(byId);
        const document = JSON.stringify(encodedJob(id, job, delivery));
        const data = { id, type: storedType(job.event.type), receivedAt: delivery.receivedAt, orderKey: job.orderKey, document };
        return { id: own, seen, row: this.#row(own, data) };
      }),
    );
    await this.#ready();
    const unlike = rows.filter(({ id, seen }, index) => {
      return rows.findIndex((row) => row.id === id || (seen !== undefined && row.seen === seen)) === index;
    });
    const added = new Set(await this.#insertNew(unlike));
    if (added.size > 0) this.#listeners.tell();
    return rows.map(({ id }) => added.delete(id));
  }

  /** Inserts jobs that are new by both of their identities; tells the ids of those. */
  async #insertNew(rows: readonly NewRow[]): Promise<string[]> {
    const jobs = rows.map(({ row }) => row);
    if (rows.every(({ seen }) => seen === undefined)) {
      return (await this.#boss.insert(this.name, jobs, { returnId: true })) ?? [];
    }
    return this.#transaction(async (within) => {
      // In one order, jobs before ids, so that two deliveries of the same events never wait for each other in a circle.
      jobs.sort((a, b) => (a.id < b.id ? -1 : 1));
      const added = new Set(await this.#boss.insert(this.name, jobs, { returnId: true, ...within }));
      const ids = rows.flatMap(({ id, seen }) => (seen !== undefined && added.has(id) ? [{ job: id, seen }] : []));
      ids.sort((a, b) => (a.seen < b.seen ? -1 : 1));
      if (ids.length === 0) return [...added];
      const markers = ids.map(({ seen }) => ({ id: seen }));
      const fresh = new Set(await this.#boss.insert(this.#seen, markers, { returnId: true, ...within }));
      for (const { job, seen } of ids) {
        if (fresh.has(seen)) continue;
        // The id is known with other content. Of a job that is no new one, nothing stays.
        await this.#boss.deleteJob(this.name, job, within);
        added.delete(job);
      }
      return [...added];
    });
  }

  async take(request: { readonly limit: number; readonly leaseMs: number }): Promise<TakenJob[]> {
    const { limit } = takeBounds(request);
    await this.#ready();
    const jobs = await this.#boss.fetch(this.name, { batchSize: limit, includeMetadata: true } as never);
    const taken: TakenJob[] = [];
    for (const job of jobs) {
      const { id: row, data, retryCount } = job as { id: string; data: Data | null; retryCount: number };
      const [fence, attempt] = [`${row}/${retryCount}`, retryCount + 1];
      try {
        const document = checkedJob(JSON.parse(String(data?.document)));
        const { event, orderKey } = document;
        const order = orderKey === undefined ? {} : { orderKey };
        taken.push({ id: document.id, fence, attempt, event, delivery: deliveryOf(document), ...order });
      } catch (error) {
        // Where that fails, its lease ends and it is met again; the jobs taken with it shall not wait for that.
        const aside = this.#holding({ fence }, (within) => this.#putAside({ attempt }, damage(error), row, within));
        await aside.catch(() => false);
      }
    }
    return taken;
  }

  async renew(job: TakenJob): Promise<boolean> {
    return this.#holding(job, async (within, row) => {
      await this.#boss.touch(this.name, row, within);
    });
  }

  async settle(job: TakenJob, ending: Ending): Promise<boolean> {
    return this.#holding(job, async (within, row) => {
      switch (ending.as) {
        case "done":
          return this.#boss.complete(this.name, row, null, within);
        case "quarantined":
          return this.#putAside(job, ending.error, row, within);
        case "retry":
          return this.#postpone(row, ending.delayMs, ending.error, within);
        case "returned":
          return this.#postpone(row, 0, "the job was given back", within);
      }
    });
  }

  async transact(job: TakenJob, work: (tx: PgBossTransaction) => unknown, signal: AbortSignal): Promise<Transacted> {
    signal.throwIfAborted();
    const done = await this.#holding(job, async (within, row) => {
      await this.#boss.complete(this.name, row, null, within);
      // It may have been aborted while this waited for the row; the event is past then, and would be missed.
      signal.throwIfAborted();
      await Promise.race([
        work(within.db),
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true })),
      ]);
    });
    return done ? "done" : "lost";
  }

  async counts(): Promise<QueueCounts> {
    const [row = {}] = await this.#read(
      `SELECT
         count(*) FILTER (WHERE state IN ('created', 'retry') AND start_after <= now()) AS ready,
         count(*) FILTER (WHERE state IN ('created', 'retry') AND start_after > now()) AS delayed,
         count(*) FILTER (WHERE state = 'active') AS taken,
         coalesce(max(extract(epoch FROM now() - start_after) * 1000) FILTER (WHERE state IN ('created', 'retry')), 0) AS lag,
         coalesce(max(${NOW} - (data->>'receivedAt')::bigint), 0) AS age,
         coalesce(max(retry_count + (state = 'active')::int), 0) AS attempts,
         (SELECT count(*) FROM ${this.#jobs} WHERE name = $2) AS quarantined
       FROM ${this.#jobs} WHERE name = $1 AND state IN ('created', 'retry', 'active')`,
      [this.name, this.#aside],
    );
    return countsOf(row);
  }

  async quarantined(limit: number): Promise<QuarantinedJob[]> {
    const rows = await this.#read(`SELECT data FROM ${this.#jobs} WHERE name = $1 ORDER BY created_on, id LIMIT $2`, [
      this.#aside,
      limit,
    ]);
    return rows.map((row) => {
      const { id, document, error, attempts, quarantinedAt } = row["data"] as DataAside;
      const encoded = orElse(() => checkedJob(JSON.parse(document)), unreadJob(id));
      return { id, event: encoded.event, delivery: deliveryOf(encoded), error, attempts, quarantinedAt };
    });
  }

  async release(id: string): Promise<boolean> {
    text("id", id);
    await this.#ready();
    const released = await this.#transaction(async (within) => {
      const { rows } = await within.db.executeSql(
        `SELECT id, data FROM ${this.#jobs} WHERE name = $1 AND data->>'id' = $2 LIMIT 1 FOR UPDATE`,
        [this.#aside, id],
      );
      const [row] = rows;
      if (row === undefined) return false;
      await this.#boss.deleteJob(this.#aside, String(row["id"]), within);
      await this.#insertAgain([row["data"] as Data], within);
      return true;
    });
    if (released) this.#listeners.tell();
    return released;
  }

  async replay(options: ReplayOptions): Promise<number> {
    const { from, to, type } = replayRange(options);
    await this.#ready();
    // A job that ran twice left two records; which one is copied makes no difference.
    const found = await this.#read(
      `SELECT DISTINCT ON (data->>'id') id FROM ${this.#jobs}
       WHERE name = $1 AND state = 'completed' AND (data->>'receivedAt')::bigint >= $2::bigint
         AND (data->>'receivedAt')::bigint < $3::bigint AND ($4::text IS NULL OR data->>'type' = $4::text)`,
      [this.name, from, to, type ?? null],
    );
    for (let start = 0; start < found.length; start += PAGE) {
      const ids = found.slice(start, start + PAGE).map(({ id }) => id);
      await this.#transaction(async (within) => {
        const { rows } = await within.db.executeSql(
          `SELECT data FROM ${this.#jobs} WHERE name = $1 AND id = ANY($2::uuid[])`,
          [this.name, ids],
        );
        await this.#insertAgain(rows.map(({ data }) => data as Data), within);
      });
    }
    if (found.length > 0) this.#listeners.tell();
    return found.length;
  }

  async purge(): Promise<number> {
    // pg-boss deletes by itself what is older than `deleteAfterSeconds` says.
    return 0;
  }

  async close(): Promise<void> {
    // The instance is the caller's.
  }

  /** The same event once more, under a fresh id: the old record stays, and with it the memory of the event. */
  async #insertAgain(jobs: readonly Data[], within: Within): Promise<void> {
    const rows = jobs.map(({ id, type, receivedAt, orderKey, document }) =>
      this.#row(crypto.randomUUID(), { id, type, receivedAt, orderKey, document }),
    );
    await this.#boss.insert(this.name, rows, within);
  }

  #row(id: string, { orderKey, ...data }: Omit<Data, "orderKey"> & { orderKey: string | undefined }) {
    // In a queue that keeps order every job has a key; one that needs no order is alone under its own.
    const singletonKey = orderKey === undefined ? `job/${id}` : `key/${orderKey}`;
    return { id, data: { ...data, ...(orderKey === undefined ? {} : { orderKey }) }, ...(this.keepsOrder ? { singletonKey } : {}) };
  }

  async #putAside({ attempt }: Pick<TakenJob, "attempt">, error: string, row: string, within: Within): Promise<void> {
    const { rows } = await within.db.executeSql(
      `SELECT data, floor(${NOW})::bigint AS now FROM ${this.#jobs} WHERE name = $1 AND id = $2::uuid`,
      [this.name, row],
    );
    // Cancelled and not completed: a replay of what is done must not run it.
    await this.#boss.cancel(this.name, row, within);
    const kept = { id: row, type: "", receivedAt: 0, document: "", ...(rows[0]?.["data"] as Data | null) };
    const data = { ...kept, error, attempts: attempt, quarantinedAt: Number(rows[0]?.["now"]) };
    await this.#boss.insert(this.#aside, [{ data }], within);
  }

  async #postpone(row: string, delayMs: number, error: string, within: Within): Promise<void> {
    await this.#boss.fail(this.name, row, { message: error }, within);
    await this.#boss.update(this.name, undefined, { id: row, startAfter: Math.ceil(delayMs / 1_000), ...within });
  }

  /** Runs `change` in a transaction if the job is still this taking's, which the lock on its row keeps true. */
  async #holding({ fence }: Pick<TakenJob, "fence">, change: (within: Within, row: string) => Promise<unknown>): Promise<boolean> {
    const [row = "", retryCount] = fence.split("/");
    await this.#ready();
    return this.#transaction(async (within) => {
      const { rows } = await within.db.executeSql(
        `SELECT 1 FROM ${this.#jobs} WHERE name = $1 AND id = $2::uuid AND state = 'active' AND retry_count = $3 FOR UPDATE`,
        [this.name, row, Number(retryCount)],
      );
      if (rows.length === 0) return false;
      await change(within, row);
      return true;
    });
  }

  async #transaction<T>(body: (within: Within) => Promise<T>): Promise<T> {
    // The constructor saw that it is there.
    const transaction = await this.#boss.getDb().beginTransaction!();
    let over = false;
    // What a body that was given up sends after the ROLLBACK would be committed at once.
    const executeSql: PgBossTransaction["executeSql"] = async (statement, values) => {
      if (over) throw transactionOver();
      return transaction.db.executeSql(statement, values);
    };
    try {
      const result = await body({ db: { executeSql } });
      // A transaction in which a statement failed would be rolled back by its COMMIT without an error; this one fails.
      await transaction.db.executeSql("SELECT 1");
      await transaction.commit();
      return result;
    } catch (error) {
      over = true;
      await transaction.rollback();
      throw error;
    }
  }

  async #read(sql: string, values: unknown[]): Promise<Row[]> {
    await this.#ready();
    return (await this.#boss.getDb().executeSql(sql, values)).rows;
  }

  async #ready(): Promise<void> {
    this.#made ??= this.#make();
    try {
      await this.#made;
    } catch (error) {
      // The server was not there yet: the next call tries again.
      this.#made = undefined;
      throw error;
    }
  }

  async #make(): Promise<void> {
    await this.#boss.createQueue(this.name, {
      policy: this.keepsOrder ? "key_strict_fifo" : "standard",
      retryLimit: RETRIES,
      retryDelay: 0,
      retryBackoff: false,
      expireInSeconds: EXPIRE_SECONDS,
      heartbeatSeconds: this.#heartbeatSeconds,
      retentionSeconds: KEPT_SECONDS,
      deleteAfterSeconds: this.#eventSeconds,
    });
    await this.#boss.createQueue(this.#aside, { policy: "standard", retentionSeconds: KEPT_SECONDS });
    await this.#boss.createQueue(this.#seen, { policy: "standard", retentionSeconds: this.#eventSeconds });
  }
}

/** A name that needs no quotes, as pg-boss itself wants it. */
function schemaName(value: string | undefined): string {
  const schema = text("schema", value ?? "pgboss");
  if (/^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(schema)) return schema;
  throw refusal("option_invalid", "schema", schema, "is no schema of pg-boss: expected letters, digits and underscores");
}
