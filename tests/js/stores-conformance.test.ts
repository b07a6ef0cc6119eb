import assert from "node:assert/strict";
import { test } from "node:test";

import { storeConformance, transactionConformance } from "../../pkg/src/stores/conformance.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";
import type { Store, StoredRecord, StoreTransaction, TransactionalStore, Write } from "../../pkg/src/stores/store.js";

/** A store with one flaw: what differs from a good one. */
type Flaw = (good: Store) => Partial<Store>;

const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Changes every write on its way in. */
const writing = (change: (write: Write) => Write): Flaw => (good) => ({ commit: (writes) => good.commit(writes.map(change)) });

/** Changes every record on its way out. */
const reading = (change: (record: StoredRecord) => StoredRecord): Flaw => (good) => ({
  async get(key) {
    const record = await good.get(key);
    return record === null ? null : change(record);
  },
});

/** Looks at all that is there, as a store without an index for the question would. */
const everything = (good: Store): Promise<StoredRecord[]> => good.scan("", null, 100_000);

const isStale = async (good: Store, { key, expected }: Write): Promise<boolean> => ((await good.get(key))?.version ?? 0) !== expected;

/** For each promise a store that breaks it: the kit is worth something only if it says so. */
const FLAWS: Record<string, Flaw> = {
  "a record that was never written is null": () => ({
    get: async () => undefined as unknown as null,
  }),
  "what is written is read back, with version 1": reading((record) => ({ ...record, version: record.version - 1 })),
  "a write at a stale version is refused and changes nothing": (good) => ({
    // Last write wins.
    commit: async (writes) => good.commit(await Promise.all(writes.map(async (write) => ({ ...write, expected: (await good.get(write.key))?.version ?? 0 })))),
  }),
  "a commit writes all or nothing": (good) => ({
    async commit(writes) {
      for (const write of writes) if (!(await good.commit([write]))) return false;
      return true;
    },
  }),
  "of many commits that race for one record exactly one wins": (good) => ({
    // Reads, and writes a moment later.
    async commit(writes) {
      for (const write of writes) if (await isStale(good, write)) return false;
      await later();
      for (const write of writes) await good.commit([{ ...write, expected: (await good.get(write.key))?.version ?? 0 }]);
      return true;
    },
  }),
  "a batch tells its hooks what became of it": (good) => ({
    // A conflict is no exception.
    async commit(writes) {
      if (await good.commit(writes)) return true;
      throw new Error("conflict");
    },
  }),
  "a commit that no database should see is refused by an error": (good) => ({
    commit: (writes) => good.commit(writes).catch(() => false),
  }),
  "versions rise by one, whatever is written": (good) => ({
    // "No row was changed", says a database that was told to write what is there already.
    async commit(writes) {
      const [write] = writes;
      if (write !== undefined && (await good.get(write.key))?.value === write.value) return !(await isStale(good, write));
      return good.commit(writes);
    },
  }),
  "a commit that is repeated because its answer was lost is refused, and stands once": (good) => ({
    // An "upsert" for whoever writes the same.
    async commit(writes) {
      const records = await Promise.all(writes.map(({ key }) => good.get(key)));
      return records.every((record, index) => record?.value === writes[index]?.value) || good.commit(writes);
    },
  }),
  "a hundred writes are all or nothing, wherever the stale one stands": (good) => ({
    // In parts, each of which is a transaction.
    async commit(writes) {
      for (let from = 0; from === 0 || from < writes.length; from += 25) {
        if (!(await good.commit(writes.slice(from, from + 25)))) return false;
      }
      return true;
    },
  }),
  "a commit of as many writes as are allowed is taken": (good) => ({
    commit: async (writes) => {
      if (writes.length > 500) throw new Error("too many SQL variables");
      return good.commit(writes);
    },
  }),
  "keys differ where their bytes do": (good) => ({
    get: (key) => good.get(key.normalize("NFC").toLowerCase().trimEnd()),
    commit: (writes) => good.commit(writes.map((write) => ({ ...write, key: write.key.normalize("NFC").toLowerCase().trimEnd() }))),
  }),
  "values come back as they were: big ones, empty ones, and of any alphabet": writing((write) => ({ ...write, value: write.value.slice(0, 65_535) })),
  "times are kept to the millisecond, and can be taken away": reading((record) => ({
    ...record,
    wakeAt: record.wakeAt === null ? null : Math.floor(record.wakeAt / 1_000) * 1_000,
  })),
  "of writers that read, add and write again, none loses what another wrote": (good) => ({
    async commit(writes) {
      for (const write of writes) if (await isStale(good, write)) return false;
      await later();
      return good.commit(await Promise.all(writes.map(async (write) => ({ ...write, expected: (await good.get(write.key))?.version ?? 0 }))));
    },
  }),
  "commits that want the same records in opposite order all end": (good) => {
    const locked = new Map<string, Promise<void>>();
    return {
      // Locks in the order in which it was asked, and says who lost a deadlock by an exception.
      async commit(writes) {
        const mine: (() => void)[] = [];
        try {
          for (const { key } of writes) {
            const other = locked.get(key);
            if (other !== undefined && mine.length > 0) throw new Error("deadlock detected");
            await other;
            locked.set(key, new Promise((resolve) => mine.push(() => (locked.delete(key), resolve()))));
            await later();
          }
          return await good.commit(writes);
        } finally {
          for (const unlock of mine) unlock();
        }
      },
    };
  },
  "due returns what is to be woken, earliest first, by prefix and limit": (good) => ({
    due: async (prefix, now, limit) => (await good.due("", now, limit)).filter(({ key }) => key.startsWith(prefix)),
  }),
  "scan walks a prefix in key order, page by page": (good) => ({
    // By UTF-16 units, as JavaScript sorts.
    async scan(prefix, after, limit) {
      const found = (await everything(good)).filter(({ key }) => key.startsWith(prefix) && (after === null || key > after));
      return found.sort((left, right) => (left.key < right.key ? -1 : 1)).slice(0, limit);
    },
  }),
  "a record is dropped when its time is over, earliest first, and not before": (good) => ({
    purge: (now, limit) => good.purge!(now + 3_600_000, limit),
  }),
  "a prefix finds what begins with it, and nothing else": (good) => ({
    // LIKE.
    async scan(prefix, after, limit) {
      const pattern = new RegExp(`^${prefix.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("%", ".*").replaceAll("_", ".")}`, "su");
      return (await everything(good)).filter(({ key }) => pattern.test(key) && (after === null || key > after)).slice(0, limit);
    },
  }),
  "hundreds of records are due in the order of their times, and at one time in the order of their keys": (good) => ({
    due: async (prefix, now, limit) => (await good.due(prefix, now, Math.min(limit, 500))),
  }),
  "a page begins after a key, whether that is there or not": (good) => ({
    async scan(prefix, after, limit) {
      const all = await good.scan(prefix, null, 100_000);
      return all.slice(all.findIndex(({ key }) => key === after) + 1).slice(0, limit);
    },
  }),
  "a limit of nothing finds nothing": (good) => ({
    scan: (prefix, after, limit) => good.scan(prefix, after, limit || 100_000),
  }),
};

/** The same for several clients of one database. */
const FLAWS_OF_CLIENTS: Record<string, () => readonly Store[]> = {
  "what one client committed every other reads at once": () => {
    const shared = memoryStore();
    const cache = new Map<string, StoredRecord | null>();
    return [
      shared,
      {
        ...shared,
        async get(key) {
          if (!cache.has(key)) cache.set(key, await shared.get(key));
          return cache.get(key) ?? null;
        },
      },
    ];
  },
  "of clients that race for one record exactly one wins, and only what he wrote beside is there": () => [memoryStore(), memoryStore()],
  "of clients that read, add and write again, none loses what another wrote": () => [memoryStore(), memoryStore()],
  "clients that want the same records in opposite order all end": () => [memoryStore(), memoryStore()],
};

/** A transaction over memory that keeps its writes to itself; each flaw changes one thing of it. */
function transactional(flaw: { leaks?: boolean; keeps?: boolean; alwaysWins?: boolean; halves?: boolean; immortal?: boolean }): TransactionalStore<unknown> {
  const good = memoryStore();
  let turn: Promise<unknown> = Promise.resolve();
  const transaction = async <T>(body: (transaction: StoreTransaction<unknown>) => Promise<T>): Promise<T> => {
    const pending = new Map<string, Write>();
    const log: Write[] = [];
    let over = false;
    const version = async (key: string): Promise<number> => {
      const write = pending.get(key);
      return write === undefined ? ((await good.get(key))?.version ?? 0) : write.expected + 1;
    };
    const keep = (write: Write): void => {
      pending.set(write.key, write);
      log.push(write);
    };
    const flush = async (): Promise<void> => {
      for (const write of log.splice(0)) await good.commit([{ ...write, expected: (await good.get(write.key))?.version ?? 0 }]);
    };
    const inside: StoreTransaction<unknown> = {
      client: undefined,
      async get(key) {
        const write = pending.get(key);
        return write === undefined ? good.get(key) : { key, version: write.expected + 1, value: write.value, wakeAt: write.wakeAt ?? null };
      },
      async commit(writes) {
        if (over && flaw.immortal !== true) throw new Error("over");
        for (const write of writes) {
          if (flaw.alwaysWins !== true && (await version(write.key)) !== write.expected) return false;
          if (flaw.halves === true) keep(write);
        }
        writes.forEach(keep);
        if (flaw.leaks === true || (over && flaw.immortal === true)) await flush();
        return true;
      },
    };
    try {
      const result = await body(inside);
      await flush();
      return result;
    } catch (error) {
      if (flaw.keeps === true) await flush();
      throw error;
    } finally {
      over = true;
    }
  };
  return {
    ...good,
    transaction: (body) => {
      const mine = turn.then(() => transaction(body));
      turn = mine.catch(() => undefined);
      return mine;
    },
  };
}

const FLAWS_OF_TRANSACTIONS: Record<string, Parameters<typeof transactional>[0]> = {
  "a transaction that resolves is committed, and one that rejects leaves nothing": { keeps: true },
  "a transaction sees its own writes, and nobody else does before its end": { leaks: true },
  "a stale commit inside of a transaction is refused, writes nothing and harms nothing": { halves: true },
  "of transactions that race for one record exactly one wins": { alwaysWins: true },
  "a transaction is of no use once it has ended": { immortal: true },
};

interface Check {
  readonly name: string;
  readonly run: () => Promise<void>;
}

const broken = async (checks: readonly Check[]): Promise<string[]> => {
  const names: string[] = [];
  for (const { name, run } of checks) await run().catch(() => names.push(name));
  return names;
};

const flawed = (flaw: Flaw) => (): Store => {
  const good = memoryStore();
  return { ...good, ...flaw(good) };
};

test("each promise of the kit is broken by a store with the flaw it is for", async () => {
  const promises = storeConformance(() => memoryStore()).map(({ name }) => name);
  assert.deepEqual(Object.keys(FLAWS).sort(), [...promises].sort(), "a flaw for each promise");
  for (const [promise, flaw] of Object.entries(FLAWS)) {
    assert.ok((await broken(storeConformance(flawed(flaw)))).includes(promise), promise);
  }
});

test("each promise between clients is broken by clients with the flaw it is for", async () => {
  const shared = (): readonly Store[] => {
    const store = memoryStore();
    return [store, { ...store }, { ...store }];
  };
  const all = storeConformance(() => memoryStore(), { clients: shared });
  assert.deepEqual(await broken(all), []);
  const alone = storeConformance(() => memoryStore()).length;
  assert.deepEqual(Object.keys(FLAWS_OF_CLIENTS), all.slice(alone).map(({ name }) => name), "a flaw for each promise");
  for (const [promise, clients] of Object.entries(FLAWS_OF_CLIENTS)) {
    assert.ok((await broken(storeConformance(() => memoryStore(), { clients }))).includes(promise), promise);
  }
});

test("each promise of transactions is broken by a store with the flaw it is for", async () => {
  assert.deepEqual(await broken(transactionConformance(() => transactional({}))), [], "without a flaw");
  const promises = transactionConformance(() => transactional({})).map(({ name }) => name);
  assert.deepEqual(Object.keys(FLAWS_OF_TRANSACTIONS), promises, "a flaw for each promise");
  for (const [promise, flaw] of Object.entries(FLAWS_OF_TRANSACTIONS)) {
    assert.ok((await broken(transactionConformance(() => transactional(flaw)))).includes(promise), promise);
  }
});

test("one client alone races with nobody, which is said", async () => {
  const [check] = storeConformance(() => memoryStore(), { clients: () => [memoryStore()] }).slice(-1);
  await assert.rejects(check!.run(), /^Error: clients: found 1, expected two or more over one database$/);
});
