/**
 * A store in Redis, through the client the caller already has.
 *
 * Three clients are understood by their shape: `ioredis` (also its `Cluster`), `redis` (node-redis, also its cluster) and
 * `@upstash/redis`, which speaks over `fetch` where there are no sockets. Nothing is imported here.
 *
 * Invariant: a commit is one Lua script, which Redis runs alone: it compares every version before it writes anything. All
 * keys carry one hash tag, so they live on one node of a cluster, where a script may touch them together.
 *
 * Redis keeps commits only as well as it is told to. The guarantees need `appendonly yes` with `appendfsync always`
 * (with `everysec` a crash of the server takes back up to a second of claims, and their events are applied again) and
 * `maxmemory-policy noeviction` (an evicted claim is forgotten). A failover to a replica may lose the last commits
 * whatever is set, since replication is asynchronous: where that must not be, keep the claims in PostgreSQL.
 *
 * A record with `expiresAt` is dropped by Redis itself, by its own clock; {@link Store.purge} clears up what the indexes
 * remember of it.
 */

import { count, onlyKnown, refusal, text } from "../shell/guard.js";
import { runnerOf, type RedisClient } from "./redis/clients.js";
import { COMMIT, DUE, PURGE, READ, SCAN } from "./redis/scripts.js";
import { afterPrefix, byKey, checkDue, checkPurge, checkSearch, checkWrites } from "./rules.js";
import type { Store, StoredRecord, Write } from "./store.js";

export type { IoRedis, NodeRedis, RedisClient, UpstashRedis } from "./redis/clients.js";

/** How the store uses the server. */
export interface RedisOptions {
  /** Stands in braces at the beginning of every key, which makes it the hash tag of a cluster; `tillproof` if left out. */
  readonly name?: string;
}

const NAME = /^[A-Za-z0-9_.:-]{1,64}$/;

/** Found records are read in parts of this size, so that no script keeps the server for long. */
const PART = 500;

/** A store in Redis. Throws `redis_client_unknown`, `redis_name_invalid`, `unknown_option`. */
export function redisStore(client: RedisClient, options: RedisOptions = {}): Store {
  onlyKnown("options", options, ["name"]);
  const name = text("name", options.name ?? "tillproof");
  if (!NAME.test(name)) {
    throw refusal("redis_name_invalid", "name", name, "is no name: expected 1 to 64 letters, digits or `_`, `.`, `:`, `-`");
  }
  const run = runnerOf(client);
  const [keys, wake, expiry] = ["keys", "wake", "expiry"].map((index) => `{${name}}:${index}`) as [string, string, string];
  const recordKey = (key: string): string => `{${name}}:record:${key}`;

  /** The records of these keys that are there. */
  const read = async (wanted: readonly string[]): Promise<StoredRecord[]> => {
    if (wanted.length === 0) return [];
    const rows = (await run(READ, wanted.map(recordKey), [])) as readonly (readonly string[])[];
    return rows.flatMap((row, index) => {
      const [version, value, wakeAt] = row;
      if (version === undefined || value === undefined) return [];
      return [{ key: wanted[index] as string, version: Number(version), value, wakeAt: wakeAt ? Number(wakeAt) : null }];
    });
  };

  /** Up to `limit` records of the keys that `next` finds, part by part; a key whose record has expired counts for none. */
  const collect = async (
    limit: number,
    next: (skip: number, last: string | null, part: number) => Promise<readonly string[]>,
  ): Promise<StoredRecord[]> => {
    const found: StoredRecord[] = [];
    let [skip, last]: [number, string | null] = [0, null];
    while (found.length < limit) {
      const part = Math.min(PART, limit);
      const wanted = await next(skip, last, part);
      found.push(...(await read(wanted)));
      if (wanted.length < part) break;
      [skip, last] = [skip + wanted.length, wanted.at(-1) ?? null];
    }
    return found.slice(0, limit);
  };

  return {
    async get(key: string): Promise<StoredRecord | null> {
      return (await read([text("key", key)]))[0] ?? null;
    },

    async commit(writes: readonly Write[]): Promise<boolean> {
      checkWrites(writes);
      if (writes.length === 0) return true;
      const time = (value: number | null | undefined): string => (value === undefined || value === null ? "" : String(value));
      const values = writes.flatMap(({ key, expected, value, wakeAt, expiresAt }) => [
        key,
        String(expected),
        value,
        time(wakeAt),
        time(expiresAt),
      ]);
      return (await run(COMMIT, [keys, wake, expiry, ...writes.map(({ key }) => recordKey(key))], values)) === 1;
    },

    async due(prefix: string, now: number, limit: number): Promise<StoredRecord[]> {
      checkDue(prefix, now, limit);
      return collect(limit, async (skip, _last, part) => {
        return (await run(DUE, [wake], [prefix, String(now), String(skip), String(part)])) as string[];
      });
    },

    async scan(prefix: string, after: string | null, limit: number): Promise<StoredRecord[]> {
      checkSearch(prefix, after, limit);
      const end = afterPrefix(prefix);
      const to = prefix === "" || end === null ? "+" : `(${end}`;
      const first = after === null || byKey({ key: after }, { key: prefix }) < 0 ? `[${prefix}` : `(${after}`;
      return collect(limit, async (_skip, last, part) => {
        const from = last === null ? first : `(${last}`;
        return (await run(SCAN, [keys], [from, to, String(part)])) as string[];
      });
    },

    async purge(now: number, limit: number): Promise<number> {
      checkPurge(now, limit);
      return count("dropped", await run(PURGE, [keys, wake, expiry], [String(now), String(limit), recordKey("")]));
    },
  };
}
