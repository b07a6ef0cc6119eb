/**
 * Jobs as rows: what the engines on SQL have in common.
 *
 * Invariant: `due_at` is set exactly for jobs that are ready or taken. One column says when a job may be taken next,
 * whether it waits for its first attempt, for its next one, or for the end of a dead worker's lease.
 */

import { count, object, onlyKnown, optionalText, refusal, timeMs } from "../shell/guard.js";
import { TillproofError } from "../shell/errors.js";
import type { EventFacts, QuarantinedJob, QueueCounts, RawDelivery, ReplayOptions, TakenJob } from "../worker/queue.js";

/** A row as a driver gives it. */
export type Row = Record<string, unknown>;

/** How long what is done is kept. */
export interface Retention {
  /** Raw bodies and headers, in milliseconds since they came in: as long, `replay` can reach back. 30 days if left out. */
  readonly payloadMs?: number;
  /**
   * The memory of what was seen, in milliseconds since it came in; 45 days if left out. Longer than any provider repeats
   * an event (Adyen does for 30 days), or the event is applied again.
   */
  readonly eventMs?: number;
}

const DAY_MS = 86_400_000;

/** Both figures. Throws `retention_invalid` when a body would outlive the memory of its event. */
export function retentionOf(given: Retention | undefined): Required<Retention> {
  const retention = onlyKnown("retention", given ?? {}, ["payloadMs", "eventMs"]);
  const payloadMs = count("retention.payloadMs", retention.payloadMs ?? 30 * DAY_MS, 1);
  const eventMs = count("retention.eventMs", retention.eventMs ?? Math.max(45 * DAY_MS, payloadMs), 1);
  if (payloadMs <= eventMs) return { payloadMs, eventMs };
  throw refusal(
    "retention_invalid",
    "retention.eventMs",
    eventMs,
    `is less than retention.payloadMs (${payloadMs}): an event must be remembered at least as long as its body is kept`,
  );
}

/** Most records one purge changes. */
export const PURGE_MAX = 1_000;

/** Most jobs one taking gives. */
export const TAKE_MAX = 1_000;

/** The range of a replay. Throws `time_not_milliseconds` or `text_expected`. */
export function replayRange(options: ReplayOptions): { from: number; to: number; type: string | undefined } {
  onlyKnown("replay", object("replay", options), ["from", "to", "type"]);
  const from = timeMs("from", options.from);
  const to = options.to === undefined ? Number.MAX_SAFE_INTEGER : timeMs("to", options.to);
  return { from, to, type: optionalText("type", options.type) };
}

/** The figures of a queue out of one row that has them by name; drivers give large numbers as text. */
export function countsOf(row: Row): QueueCounts {
  const whole = (name: string): number => Math.max(0, Math.round(Number(row[name])));
  return {
    ready: whole("ready"),
    delayed: whole("delayed"),
    taken: whole("taken"),
    quarantined: whole("quarantined"),
    lagMs: whole("lag"),
    oldestAgeMs: whole("age"),
    attemptsMost: whole("attempts"),
  };
}

/** A type as a database keeps it: ids may be digested, a type is searched by what it says. */
export function storedType(type: string): string {
  return type.replaceAll("\0", "\ufffd").slice(0, 200);
}

/** The bounds of a taking, checked. */
export function takeBounds(request: { readonly limit: number; readonly leaseMs: number }): { limit: number; leaseMs: number } {
  return { limit: Math.min(count("limit", request.limit, 1), TAKE_MAX), leaseMs: count("leaseMs", request.leaseMs, 1) };
}

/** A job that was taken but cannot be run: what is stored of it is not what this package stores. */
export interface DamagedJob {
  readonly id: string;
  readonly fence: string;
  /** What is wrong with it, and what to do. */
  readonly error: string;
}

/** The jobs that were just taken, and apart from them those that nobody can run: one of them must not hold up the others. */
export function takenJobs(rows: readonly Row[]): { readonly jobs: TakenJob[]; readonly damaged: DamagedJob[] } {
  const jobs: TakenJob[] = [];
  const damaged: DamagedJob[] = [];
  for (const row of rows) {
    const [id, fence] = [String(row["id"]), String(row["fence"])];
    try {
      const orderKey = row["order_key"] === null ? {} : { orderKey: String(row["order_key"]) };
      jobs.push({ id, fence, attempt: Number(row["attempt"]), event: factsOf(row["event"]), delivery: delivery(row), ...orderKey });
    } catch (error) {
      damaged.push({ id, fence, error: damage(error) });
    }
  }
  return { jobs, damaged };
}

/** A job that was put aside; of one that is damaged, what can still be read. */
export function quarantinedJob(row: Row): QuarantinedJob {
  const facts = { id: String(row["identity"]), idIsSigned: false, type: String(row["type"]) };
  return {
    id: String(row["id"]),
    event: orElse(() => factsOf(row["event"]), facts),
    delivery: orElse(() => delivery(row), {
      scheme: String(row["scheme"] ?? ""),
      receivedAt: Number(row["received_at"] ?? 0),
      headers: {},
      body: row["body"] instanceof Uint8Array ? row["body"] : new Uint8Array(),
    }),
    error: String(row["error"] ?? ""),
    attempts: Number(row["attempt"]),
    quarantinedAt: Number(row["settled_at"]),
  };
}

/** What can be read, or else what stands for it. */
export function orElse<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

/** What is stored beside a job that cannot be read. */
export function damage(error: unknown): string {
  const why = error instanceof TillproofError ? error.message : `${String((error as Error).message)} in what is stored of it`;
  return `this job cannot be read: ${why}; somebody changed it: restore it and release the job, or delete it`;
}

/** The facts of an event, or an error that says that they are none. */
export function checkedFacts(value: unknown): EventFacts {
  const { id, type } = (value ?? {}) as Partial<EventFacts>;
  if (typeof id === "string" && typeof type === "string") return value as EventFacts;
  throw damaged("its event has no id or no type");
}

/** Headers, or an error that says that they are none. */
export function checkedHeaders(value: unknown): RawDelivery["headers"] {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as RawDelivery["headers"];
  throw damaged("its headers are none");
}

/** An error of a stored job. */
export function damaged(message: string): TillproofError {
  return new TillproofError({ code: "queue_row_damaged", message });
}

function factsOf(event: unknown): EventFacts {
  return checkedFacts(JSON.parse(String(event)));
}

function delivery(row: Row): RawDelivery {
  const body = row["body"];
  if (row["scheme"] === null || row["scheme"] === undefined) throw damaged("its delivery is missing");
  if (!(body instanceof Uint8Array)) throw damaged("it has no body although it is not done");
  const signedAt = row["signed_at"];
  return {
    scheme: String(row["scheme"]),
    receivedAt: Number(row["received_at"]),
    ...(signedAt === null ? {} : { signedAt: Number(signedAt) }),
    headers: checkedHeaders(JSON.parse(String(row["headers"]))),
    body,
  };
}
