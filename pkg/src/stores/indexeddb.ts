/**
 * A store in the browser: intents that survive the tab.
 *
 * Invariant: a commit is one `readwrite` transaction, which compares every version before it writes anything, and which
 * resolves at `complete`. The browser runs such transactions one after the other, over all tabs and workers of a site, so
 * two tabs never both see their expected versions.
 *
 * Transactions ask for `durability: "strict"`, so that what was committed outlives a crash of the browser and of the
 * machine; a browser that does not know the word decides itself (docs/stores.md). A private window forgets everything
 * when it is closed, and a browser that runs out of room may drop a site that did not ask for
 * `navigator.storage.persist()`.
 */

import { count, object, onlyKnown, text } from "../shell/guard.js";
import { utf8 } from "../shell/wire.js";
import { blocked, refusalOf, unavailable } from "./indexeddb/refusals.js";
import { answered, completed, walked } from "./indexeddb/requests.js";
import { afterPrefix, byKey, checkDue, checkPurge, checkSearch, checkWrites } from "./rules.js";
import type { Store, StoredRecord, Write } from "./store.js";

/** How the store uses the browser. */
export interface IndexedDbOptions {
  /** Name of the database; `tillproof` when left out. */
  readonly name?: string;
  /** How long an upgrade waits for another tab to let go of the older form, in milliseconds; 5,000 when left out. */
  readonly busyTimeoutMs?: number;
  /** Stands in for the global `indexedDB`. */
  readonly indexedDB?: IDBFactory;
}

/** A store in the browser. */
export interface IndexedDbStore extends Store {
  /**
   * Opens the database now, which otherwise the first call does: for a page that wants to know before it takes an order.
   * Rejects with `indexeddb_unavailable`, `indexeddb_blocked` or `indexeddb_of_later_version`.
   */
  open(): Promise<void>;
  /** Lets go of the database. A later call opens it again. */
  close(): Promise<void>;
}

const RECORDS = "records";
const BY_WAKE_TIME = "by_wake_time";
const BY_EXPIRY = "by_expiry";

/** The form of the database; one more at each change of {@link upgrade}. */
const FORM = 1;

/**
 * A record as it is kept. Its key is kept as bytes: those are compared as the contract wants it, while texts are compared
 * by UTF-16 units here. Times are absent where there are none, which keeps the record out of the index.
 */
interface Row {
  readonly id: Uint8Array<ArrayBuffer>;
  readonly key: string;
  readonly version: number;
  readonly value: string;
  readonly wakeAt?: number;
  readonly expiresAt?: number;
}

/** A store in an IndexedDB database, made when it is absent. Throws what names an option of the wrong type. */
export function indexedDbStore(options: IndexedDbOptions = {}): IndexedDbStore {
  onlyKnown("options", options, ["name", "busyTimeoutMs", "indexedDB"]);
  const name = text("name", options.name ?? "tillproof");
  const patienceMs = count("busyTimeoutMs", options.busyTimeoutMs ?? 5_000);
  if (options.indexedDB !== undefined) object("indexedDB", options.indexedDB);
  let opened: Promise<IDBDatabase> | undefined;

  const forget = (): void => {
    opened = undefined;
  };
  const connection = (): Promise<IDBDatabase> => {
    if (opened === undefined) {
      const opening = connect(options.indexedDB, name, patienceMs, forget);
      // A page that could not open it may be able to later.
      opening.catch(() => opened === opening && forget());
      opened = opening;
    }
    return opened;
  };

  /** Runs `body` inside a transaction and resolves once what it wrote is kept. */
  const inTransaction = async <T>(mode: IDBTransactionMode, body: (records: IDBObjectStore) => Promise<T>): Promise<T> => {
    try {
      const transaction = await begun(connection, forget, mode);
      const end = completed(transaction);
      // The body reports the same failure first, and more precisely.
      end.catch(() => undefined);
      const result = await body(transaction.objectStore(RECORDS));
      await end;
      return result;
    } catch (error) {
      throw refusalOf(error, name);
    }
  };

  return {
    async open(): Promise<void> {
      try {
        await connection();
      } catch (error) {
        throw refusalOf(error, name);
      }
    },

    async close(): Promise<void> {
      const closing = opened;
      forget();
      (await closing?.catch(() => undefined))?.close();
    },

    get(key: string): Promise<StoredRecord | null> {
      text("key", key);
      return inTransaction("readonly", async (records) => {
        const row = await answered(records.get(utf8(key)) as IDBRequest<Row | undefined>);
        return row === undefined ? null : recordOf(row);
      });
    },

    async commit(writes: readonly Write[]): Promise<boolean> {
      checkWrites(writes);
      if (writes.length === 0) return true;
      return inTransaction("readwrite", async (records) => {
        const rows = await Promise.all(
          writes.map((write) => answered(records.get(utf8(write.key)) as IDBRequest<Row | undefined>)),
        );
        if (!writes.every((write, index) => (rows[index]?.version ?? 0) === write.expected)) return false;
        // From here on the commit succeeds, or the browser takes all of it back.
        for (const write of writes) records.put(rowOf(write));
        return true;
      });
    },

    async due(prefix: string, now: number, limit: number): Promise<StoredRecord[]> {
      checkDue(prefix, now, limit);
      const found: StoredRecord[] = [];
      if (limit === 0) return found;
      await inTransaction("readonly", (records) =>
        walked(records.index(BY_WAKE_TIME).openCursor(until(now)), ({ value }) => {
          const record = recordOf(value as Row);
          if (record.key.startsWith(prefix)) found.push(record);
          return found.length < limit;
        }),
      );
      return found;
    },

    async scan(prefix: string, after: string | null, limit: number): Promise<StoredRecord[]> {
      checkSearch(prefix, after, limit);
      const range = keysOf(prefix, after);
      // To getAll a limit of 0 means all.
      if (range === null || limit === 0) return [];
      return inTransaction("readonly", async (records) =>
        (await answered(records.getAll(range, limit) as IDBRequest<Row[]>)).map(recordOf),
      );
    },

    async purge(now: number, limit: number): Promise<number> {
      checkPurge(now, limit);
      if (limit === 0) return 0;
      let dropped = 0;
      await inTransaction("readwrite", (records) =>
        walked(records.index(BY_EXPIRY).openCursor(until(now)), (cursor) => {
          cursor.delete();
          dropped += 1;
          return dropped < limit;
        }),
      );
      return dropped;
    },
  };
}

/** Opens the database. `lost` is called when the connection is of no more use, whoever ended it. */
function connect(factory: IDBFactory | undefined, name: string, patienceMs: number, lost: () => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    // Reading the global alone throws in a frame that may not store anything.
    const database = factory ?? (globalThis as { indexedDB?: IDBFactory | null }).indexedDB;
    if (database === undefined || database === null) return reject(unavailable());
    const request = database.open(name, FORM);
    let timer: ReturnType<typeof setTimeout> | undefined;
    let tooLate = false;
    request.onupgradeneeded = () => upgrade(request.result);
    request.onblocked = () => {
      timer = setTimeout(() => {
        tooLate = true;
        reject(blocked(patienceMs));
      }, patienceMs);
    };
    request.onerror = () => {
      clearTimeout(timer);
      reject(request.error ?? unavailable());
    };
    request.onsuccess = () => {
      clearTimeout(timer);
      const connected = request.result;
      // Nobody waits for it any more, and left open it would be the next to be in the way.
      if (tooLate) return connected.close();
      // A tab with a later version wants to change the form: it must not wait for this one.
      connected.onversionchange = () => {
        lost();
        connected.close();
      };
      // The browser itself ends it when the user clears the data of the site.
      connected.onclose = lost;
      resolve(connected);
    };
  });
}

function upgrade(database: IDBDatabase): void {
  const records = database.createObjectStore(RECORDS, { keyPath: "id" });
  records.createIndex(BY_WAKE_TIME, ["wakeAt", "id"]);
  records.createIndex(BY_EXPIRY, ["expiresAt", "id"]);
}

/** A transaction, over a new connection where the old one was just closed for the sake of another tab. */
async function begun(
  connection: () => Promise<IDBDatabase>,
  forget: () => void,
  mode: IDBTransactionMode,
): Promise<IDBTransaction> {
  const durability = { durability: "strict" } as const;
  try {
    return (await connection()).transaction(RECORDS, mode, durability);
  } catch (error) {
    if ((error as { name?: unknown } | null)?.name !== "InvalidStateError") throw error;
    forget();
    return (await connection()).transaction(RECORDS, mode, durability);
  }
}

/** Everything up to a time, whatever its key: in the order of IndexedDB a list comes after all bytes. */
function until(now: number): IDBKeyRange {
  return IDBKeyRange.upperBound([now, []]);
}

/** The keys with a prefix and after another key; `null` when there can be none. */
function keysOf(prefix: string, after: string | null): IDBKeyRange | null {
  const isFurther = after !== null && byKey({ key: after }, { key: prefix }) >= 0;
  const from = isFurther ? after : prefix;
  const end = prefix === "" ? null : afterPrefix(prefix);
  if (end === null) return IDBKeyRange.lowerBound(utf8(from), isFurther);
  if (byKey({ key: from }, { key: end }) >= 0) return null;
  return IDBKeyRange.bound(utf8(from), utf8(end), isFurther, true);
}

function rowOf({ key, expected, value, wakeAt, expiresAt }: Write): Row {
  return {
    id: utf8(key),
    key,
    version: expected + 1,
    value,
    ...(wakeAt === undefined || wakeAt === null ? {} : { wakeAt }),
    ...(expiresAt === undefined || expiresAt === null ? {} : { expiresAt }),
  };
}

function recordOf({ key, version, value, wakeAt }: Row): StoredRecord {
  return { key, version, value, wakeAt: wakeAt ?? null };
}
