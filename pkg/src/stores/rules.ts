/**
 * What every store must refuse and how every store must sort, so that they cannot differ.
 */

import { shown, TillproofError } from "../shell/errors.js";
import { count, refusal, text, timeMs } from "../shell/guard.js";
import { isUnicode, utf8 } from "../shell/wire.js";
import type { Store, StoredRecord, Write } from "./store.js";

/** Longest key, in UTF-8 bytes: 200 bytes of reference, escaped, and its prefix; well within any database's index. */
export const KEY_BYTES_MAX = 1_024;

/** Most writes of one commit. */
export const WRITES_MAX = 1_000;

/** A store, by the functions it has. Throws `store_invalid`. */
export function storeShape<T extends Store>(name: string, value: T): T {
  const functions = (value ?? {}) as unknown as Record<string, unknown>;
  if (["get", "commit", "due", "scan"].every((method) => typeof functions[method] === "function")) return value;
  throw refusal("store_invalid", name, value, "is no store: expected get, commit, due and scan, as memoryStore() has them");
}

/** Throws for a search that databases would each understand in their own way. */
export function checkSearch(prefix: string, after: string | null, limit: number): void {
  text("prefix", prefix);
  if (after !== null) text("after", after);
  count("limit", limit);
}

/** {@link checkSearch} for what is due at a time. */
export function checkDue(prefix: string, now: number, limit: number): void {
  checkSearch(prefix, null, limit);
  timeMs("now", now);
}

/** Throws for a purge that says neither when nor how much. */
export function checkPurge(now: number, limit: number): void {
  timeMs("now", now);
  count("limit", limit);
}

/** Throws for a commit that no database should see: it is a bug of the caller, not a conflict. */
export function checkWrites(writes: readonly Write[]): void {
  if (!Array.isArray(writes) || !writes.every((write) => typeof write === "object" && write !== null)) {
    throw refused("store_writes_invalid", "a commit takes an array of writes: pass [{ key, expected, value }]");
  }
  if (writes.length > WRITES_MAX) {
    throw refused("commit_too_large", `a commit of ${writes.length} writes: at most ${WRITES_MAX} are taken together`);
  }
  const keys = new Set<string>();
  for (const write of writes) {
    if (typeof write.key !== "string" || write.key === "" || utf8(write.key).length > KEY_BYTES_MAX) {
      throw refused("store_key_invalid", `a store key has 1 to ${KEY_BYTES_MAX} bytes of UTF-8: shorten it`);
    }
    if (keys.has(write.key)) {
      throw refused("store_key_twice", `${shown(write.key)} is written twice in one commit: write its last state only`);
    }
    keys.add(write.key);
    if (!isKept(write.key) || !isKept(write.value)) {
      throw refused(
        "store_value_invalid",
        `the record ${shown(write.key)} holds no string, or one with a NUL character or half a surrogate pair`,
      );
    }
    if (!Number.isSafeInteger(write.expected) || write.expected < 0) {
      throw refused("store_version_invalid", `the expected version of ${shown(write.key)} is not a count from 0`);
    }
    for (const [what, time] of [["wake time", write.wakeAt ?? 0], ["expiry", write.expiresAt ?? 0]] as const) {
      if (Number.isSafeInteger(time) && time >= 0) continue;
      throw refused("store_time_invalid", `the ${what} of ${shown(write.key)} is not in milliseconds since the epoch`);
    }
  }
}

/** Whether every database gives a text back as it was: PostgreSQL keeps no NUL, and UTF-8 no half of a character. */
function isKept(text: unknown): boolean {
  return typeof text === "string" && !text.includes("\0") && isUnicode(text);
}

/** Key order: by UTF-8 bytes, as databases compare, not by UTF-16 units, as JavaScript does. */
export function byKey(a: { readonly key: string }, b: { readonly key: string }): number {
  const left = [...a.key];
  const right = [...b.key];
  for (let index = 0; index < Math.min(left.length, right.length); index += 1) {
    const order = (left[index]?.codePointAt(0) ?? 0) - (right[index]?.codePointAt(0) ?? 0);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/** Earliest first, then by key. */
export function byWakeTime(a: StoredRecord, b: StoredRecord): number {
  return (a.wakeAt ?? 0) - (b.wakeAt ?? 0) || byKey(a, b);
}

/** The first key after all keys that start with `prefix`; `null` when there is none. */
export function afterPrefix(prefix: string): string | null {
  const points = [...prefix];
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    const next = (last.codePointAt(0) ?? 0) + 1;
    if (next <= 0x10ffff) return points.join("") + String.fromCodePoint(next === 0xd800 ? 0xe000 : next);
  }
  return null;
}

/** The name of a table, safe to stand in a statement. Throws `<database>_table_invalid`. */
export function tableName(database: string, table: unknown): string {
  const name = text("table", table);
  if (/^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(name)) return name;
  throw refused(
    `${database}_table_invalid`,
    "the table name has letters, digits and underscores only, at most 63, and begins with no digit",
  );
}

/** Another transaction was in the way: nothing was written, and the same call may succeed in a moment. */
export function storeBusy(what: string, cause?: unknown): TillproofError {
  return new TillproofError({ code: "store_busy", message: `${what}; nothing was written: try again`, advice: "wait", cause });
}

/** The caller kept a transaction beyond its end. */
export function transactionOver(): TillproofError {
  return refused("transaction_over", "this transaction has ended: read and commit inside the function it was handed to");
}

/** The caller ended a transaction that was not his, or swallowed an error that ended it. */
export function transactionLost(cause?: unknown): TillproofError {
  return new TillproofError({
    code: "transaction_lost",
    message:
      "the transaction ended before the function that ran in it, so nothing of it counts: run no COMMIT and no ROLLBACK " +
      "in there, and let errors of the database pass",
    cause,
  });
}

function refused(code: string, message: string): TillproofError {
  return new TillproofError({ code, message });
}
