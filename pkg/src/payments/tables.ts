/** What can be known without sending anything: keys, promises of providers, and the waits to expect. */

import { profiles } from "../../wasm/payments.profiles.js";
import { sources } from "../../wasm/payments.sources.js";
import { paymentsTables } from "../shell/payments-tables.js";
import { bytes, count, flag, onlyKnown, text, timeMs, type BytesInput } from "../shell/guard.js";
import { encode } from "../shell/wire.js";
import type { Operation } from "./engine.js";
import { hex } from "./host.js";
import type { ProviderProfile, RetryOptions } from "./outcome.js";

/** Who an intent is. Every field takes part in the key. */
export interface KeyIdentity {
  /** At least 16 random bytes. */
  readonly secret: BytesInput;
  readonly merchant: string;
  readonly account?: string;
  readonly operation: Operation;
  readonly reference: string;
  /** Generation, from 1. */
  readonly epoch?: number;
  /** Length and alphabet, as in a profile's `key.form`; `hex` when left out. */
  readonly form?: "hex" | "uuid";
}

/**
 * The idempotency key of an identity: the same after a crash, a lost row or a restored backup.
 *
 * Throws `unknown_option` for a misspelt field, what names a field of the wrong type, and what the engine refuses.
 */
export function deriveKey(identity: KeyIdentity): string {
  onlyKnown("identity", identity, ["secret", "merchant", "account", "operation", "reference", "epoch", "form"]);
  const input = encode({
    secret: hex(bytes("secret", identity.secret)),
    merchant: text("merchant", identity.merchant),
    account: text("account", identity.account ?? ""),
    operation: text("operation", identity.operation),
    reference: text("reference", identity.reference),
    epoch: count("epoch", identity.epoch ?? 1, 1),
    form: text("form", identity.form ?? "hex"),
  });
  return paymentsTables.invoke<string>((exports) => exports.payments_derive_key(input));
}

/** A random key for callers who keep their own record of it: a UUID of version 4, or of version 7 (sorts by time). */
export function randomKey(options: { readonly version?: 4 | 7; readonly now?: number } = {}): string {
  onlyKnown("options", options, ["version", "now"]);
  const entropy = hex(crypto.getRandomValues(new Uint8Array(16)));
  const now = timeMs("now", options.now ?? Date.now());
  const input = encode({ version: options.version ?? 4, entropy, now });
  return paymentsTables.invoke<string>((exports) => exports.payments_random_key(input));
}

/** What each known provider promises about keys, each promise with its source and the date of its last check. */
export function providerProfiles(): ProviderProfile[] {
  return profiles.map((profile) => ({ ...profile, sources: sources[profile.name] ?? {} }));
}

/** When one attempt may come. */
export interface ScheduledAttempt {
  /** Counted from 1, the first call itself. */
  readonly attempt: number;
  /** Shortest and longest wait before it, in milliseconds. */
  readonly earliestMs: number;
  readonly latestMs: number;
  /** How long after the first attempt it begins, in milliseconds, when nothing takes time but the waits. */
  readonly beginsEarliestMs: number;
  readonly beginsLatestMs: number;
  /** The wait itself, when entropy was given; then both beginnings are exact as well. */
  readonly exactMs?: number;
}

/** What a schedule is asked for. */
export interface ScheduleOptions extends RetryOptions {
  /** The most attempts, 1,000 at most; 10 when left out. */
  readonly attempts?: number;
  /** No attempt begins later than so long after the first, in milliseconds; without end when left out. */
  readonly deadlineMs?: number;
  /** What the `Retry-After` of each answer asks for, in milliseconds: a floor, to which the wait is added. */
  readonly retryAfterMs?: number;
  /**
   * Whether the outcome stays unknown, as after a lost answer: then the payment client waits at least a sixteenth of the
   * time it has been unknown, a quarter of an hour at most.
   */
  readonly unknown?: boolean;
  /** 16 bytes: what will be drawn from. */
  readonly entropy?: Uint8Array;
}

/**
 * The waits a caller will see, before anything is sent. With 16 bytes of `entropy` they are exact. {@link printSchedule}
 * makes a table of them.
 */
export function retrySchedule(options: ScheduleOptions = {}): ScheduledAttempt[] {
  onlyKnown("options", options, [
    "baseMs", "capMs", "jitter", "attempts", "deadlineMs", "retryAfterMs", "unknown", "entropy",
  ]);
  const { baseMs, capMs, jitter, deadlineMs, retryAfterMs, unknown, entropy } = options;
  const input = encode({
    retry: { base_ms: baseMs, cap_ms: capMs, jitter },
    attempts: options.attempts ?? 10,
    ...(deadlineMs === undefined ? {} : { deadline_ms: count("deadlineMs", deadlineMs) }),
    ...(retryAfterMs === undefined ? {} : { hint_ms: count("retryAfterMs", retryAfterMs) }),
    ...(flag("unknown", unknown) === true ? { unknown } : {}),
    ...(entropy === undefined ? {} : { entropy: hex(bytes("entropy", entropy)) }),
  });
  type Row = Record<"attempt" | "earliest_ms" | "latest_ms" | "begins_earliest_ms" | "begins_latest_ms", number>;
  const rows = paymentsTables.invoke<(Row & { readonly exact_ms?: number })[]>((exports) => exports.payments_retry_schedule(input));
  return rows.map((row) => ({
    attempt: row.attempt,
    earliestMs: row.earliest_ms,
    latestMs: row.latest_ms,
    beginsEarliestMs: row.begins_earliest_ms,
    beginsLatestMs: row.begins_latest_ms,
    ...(row.exact_ms === undefined ? {} : { exactMs: row.exact_ms }),
  }));
}

/** A schedule for people: a line for each attempt, in seconds. */
export function printSchedule(schedule: readonly ScheduledAttempt[]): string {
  const seconds = (ms: number): string => `${(ms / 1_000).toFixed(3)} s`;
  const range = (from: number, to: number): string => (from === to ? seconds(from) : `${seconds(from)} to ${seconds(to)}`);
  const lines = schedule.map(({ attempt, earliestMs, latestMs, exactMs, beginsEarliestMs, beginsLatestMs }) => {
    const wait = range(exactMs ?? earliestMs, exactMs ?? latestMs);
    return `${String(attempt).padStart(7)}  ${wait.padEnd(24)}  ${range(beginsEarliestMs, beginsLatestMs)}`;
  });
  return ["attempt  wait                      begins after", ...lines, ""].join("\n");
}
