/**
 * What survives a crash.
 *
 * A store keeps small text records under string keys. Each record has a version, 1 when it is created and one more
 * at each change, may have a time at which somebody should look at it again, and may have one after which it is no
 * longer needed. All of Tillproof stands on the one promise of {@link Store.commit}: all writes or none, and none when
 * a record is not at the version it was read at.
 *
 * Invariant: versions of a key only rise for as long as its record is there, and a record goes away only after the
 * `expiresAt` of its last write. One written without is kept for ever.
 */

import { fn, object } from "../shell/guard.js";
import { storeShape } from "./rules.js";

/** A record as it stands. */
export interface StoredRecord {
  readonly key: string;
  /** 1 for a new record, one more at each change. */
  readonly version: number;
  readonly value: string;
  /** Milliseconds since the epoch at which {@link Store.due} should return it; `null` for never. */
  readonly wakeAt: number | null;
}

/** One change in a commit. */
export interface Write {
  readonly key: string;
  /** The version the record was read at; 0 means that it must not exist. */
  readonly expected: number;
  readonly value: string;
  readonly wakeAt?: number | null;
  /**
   * Milliseconds since the epoch after which the record may be dropped; for ever if left out. Until somebody does, it
   * is read as before; afterwards it is as if it had never been written.
   */
  readonly expiresAt?: number | null;
}

/** The contract between Tillproof and a database. Implementations never throw for a conflict. */
export interface Store {
  /** The record of a key, or `null`. */
  get(key: string): Promise<StoredRecord | null>;
  /**
   * Writes all or nothing. Resolves to `false`, with nothing written, when any record is not at its expected
   * version. When it resolves to `true`, the writes survive the death of this process.
   */
  commit(writes: readonly Write[]): Promise<boolean>;
  /** Records whose key starts with `prefix` and whose `wakeAt` is not after `now`, earliest first, then by key. */
  due(prefix: string, now: number, limit: number): Promise<StoredRecord[]>;
  /** Records whose key starts with `prefix` and is greater than `after`, in key order (UTF-8 bytes). */
  scan(prefix: string, after: string | null, limit: number): Promise<StoredRecord[]>;
  /**
   * Drops records whose `expiresAt` is not after `now`, earliest first, at most `limit`; resolves to how many. A store
   * that has no such function keeps everything.
   */
  purge?(now: number, limit: number): Promise<number>;
}

/** The inside of a transaction. It is over when the function it was handed to has ended. */
export interface StoreTransaction<Client> {
  /** The caller's own database client: what it writes becomes true together with the commits of this transaction. */
  readonly client: Client;
  /** As {@link Store.get}; sees what was committed inside this transaction. */
  get(key: string): Promise<StoredRecord | null>;
  /** As {@link Store.commit}, but nobody else sees the writes before the transaction ends well. */
  commit(writes: readonly Write[]): Promise<boolean>;
}

/** A store in the same database as the caller's own tables. */
export interface TransactionalStore<Client> extends Store {
  /**
   * Runs `body` in one transaction, which is committed when it resolves and rolled back when it rejects. Resolves and
   * rejects as `body` does; rejects with `store_busy` (advice `wait`), and nothing written, where the database gave the
   * way to another transaction.
   */
  transaction<T>(body: (transaction: StoreTransaction<Client>) => Promise<T>): Promise<T>;
}

/** What happens in memory once the fate of a batch is known. */
export interface BatchHooks {
  /** The commit succeeded. */
  committed?: () => void;
  /** The commit found another version: reload before the next try. */
  conflicted?: () => void | Promise<void>;
}

/** Writes of several pillars that become true together. */
export class Batch {
  readonly #writes: Write[] = [];
  readonly #hooks: BatchHooks[] = [];

  /** Adds a write, and what to do in memory once its fate is known. */
  add(write: Write, hooks: BatchHooks = {}): void {
    object("write", write);
    for (const [name, hook] of Object.entries(object("hooks", hooks))) fn(`hooks.${name}`, hook);
    // From here on the write is part of the batch.
    this.#writes.push(write);
    this.#hooks.push(hooks);
  }

  /** The writes so far. */
  get writes(): readonly Write[] {
    return this.#writes;
  }

  /** Commits all writes together; `false` when another process was faster, after every hook has run. */
  async commit(store: Store): Promise<boolean> {
    storeShape("store", store);
    const committed = this.#writes.length === 0 || (await store.commit(this.#writes));
    await this.settle(committed);
    return committed;
  }

  /** Tells every hook what became of the writes, for whoever committed them by other means than {@link commit}. */
  async settle(committed: boolean): Promise<void> {
    for (const hooks of this.#hooks) {
      if (committed) hooks.committed?.();
      else await hooks.conflicted?.();
    }
  }
}
