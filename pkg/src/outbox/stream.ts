/**
 * Carries the messages of one stream, one after the other.
 *
 * Invariant: a message is handed on only by whoever stored, by compare-and-set, that he has it until a moment from now,
 * and only when every message before it in its stream is over. Whoever dies in between has stored when others may go on.
 */

import { TillproofError } from "../shell/errors.js";
import type { StoredRecord } from "../stores/store.js";
import { errorText, waitAfter } from "../worker/verdict.js";
import { isOver, laneKey, NEVER_MS, parcelOf, written, type Parcel } from "./message.js";
import type { Deliver, OutboxSettings } from "./settings.js";

/** Time a lease outlives an attempt: for storing its end, and for clocks that differ. */
const LEASE_SLACK_MS = 5_000;

/** How long a message waits behind a quarantined one before somebody looks again, should nobody have woken it. */
const HELD_MS = 900_000;

/** Messages read at a time while the first that is not over is looked for. */
const PAGE = 50;

/** Messages of one stream that are carried in one turn, so that a long stream does not keep others waiting. */
const TURN = 100;

/** Streams whose finished beginning is remembered. */
const REMEMBERED_MAX = 10_000;

/** How attempts of this process ended. */
export interface OutboxCounts {
  /** Attempts begun. */
  readonly attempts: number;
  readonly delivered: number;
  /** Attempts that failed and will be made again. */
  readonly failed: number;
  /** Messages put aside. */
  readonly quarantined: number;
  /** Attempts whose end did not count, because the lease was over. */
  readonly lost: number;
  /** Failures of the store, and records that cannot be read. */
  readonly errors: number;
}

/** `over`: the next of the stream may go; `moved`: another process was faster, look again; `waits`: nothing to do now. */
type Ended = "over" | "moved" | "waits";

/** Delivers for one process. */
export class Carrier {
  readonly #settings: OutboxSettings;
  readonly #deliver: Deliver;
  readonly #owner = crypto.randomUUID();
  /** The last key before which everything of a stream is over, so that a long stream is not read from its beginning. */
  readonly #overUntil = new Map<string, string>();
  /** How attempts ended so far. */
  readonly counts = { attempts: 0, delivered: 0, failed: 0, quarantined: 0, lost: 0, errors: 0 };

  constructor(settings: OutboxSettings, deliver: Deliver) {
    this.#settings = settings;
    this.#deliver = deliver;
  }

  /** Carries what can be carried of the stream of these records, which are due; the others are told when to come back. */
  async carry(due: readonly StoredRecord[], stop: AbortSignal): Promise<void> {
    const [any] = due;
    if (any === undefined) return;
    const lane = laneKey(any.key);
    // What was released, or written late, stands before what is remembered.
    const known = this.#overUntil.get(lane);
    let last = known !== undefined && due.every(({ key }) => key > known) ? known : null;
    const carried = new Set<string>();
    let front = await this.#front(lane, last);
    for (let turn = 0; front !== undefined && turn < TURN && !stop.aborted; turn += 1) {
      const now = this.#settings.now();
      if (!isFree(front, now)) break;
      carried.add(front.key);
      const ended = await this.#take(front, now);
      if (ended === "over") last = front.key;
      front = await this.#front(lane, last);
      if (ended === "waits") break;
    }
    if (front !== undefined && !stop.aborted) await this.#hold(due, front, carried);
  }

  /** The first message after a key that is neither over nor passed by. */
  async #front(lane: string, after: string | null): Promise<Parcel | undefined> {
    for (let from = after; ; ) {
      const page = await this.#settings.store.scan(lane, from, PAGE);
      for (const record of page) {
        const parcel = parcelOf(record);
        const passed = parcel.progress.state === "quarantined" && this.#settings.pass;
        if (!isOver(parcel) && !passed) return parcel;
        from = record.key;
        this.#remember(lane, record.key);
      }
      if (page.length < PAGE) return undefined;
    }
  }

  #remember(lane: string, key: string): void {
    this.#overUntil.delete(lane);
    this.#overUntil.set(lane, key);
    const [oldest] = this.#overUntil.keys();
    if (this.#overUntil.size > REMEMBERED_MAX && oldest !== undefined) this.#overUntil.delete(oldest);
  }

  /** One attempt. */
  async #take(parcel: Parcel, now: number): Promise<Ended> {
    const { store, policy, timeoutMs } = this.#settings;
    const attempt = parcel.progress.attempts + 1;
    if (attempt > policy.attemptsMax) return this.#putAside(parcel, unreported(policy.attemptsMax));
    const until = now + timeoutMs + LEASE_SLACK_MS;
    const claim = written(parcel, { state: "taken", attempts: attempt, owner: this.#owner }, until);
    if (!(await store.commit([claim]))) return "moved";
    const taken = { ...parcel, version: parcel.version + 1, progress: { state: "taken", attempts: attempt } } as const;
    // A process that was frozen after the store answered may wake when the message is another's.
    if (this.#settings.now() - now > LEASE_SLACK_MS / 2) return "waits";
    this.counts.attempts += 1;
    const failure = await this.#attempt(taken, attempt);
    return this.#settle(taken, attempt, failure);
  }

  /** Hands the message on; resolves to what went wrong, if anything did. */
  async #attempt({ message, version }: Parcel, attempt: number): Promise<{ readonly error: unknown } | undefined> {
    const { timeoutMs } = this.#settings;
    const controller = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const error = tooLate(timeoutMs);
        reject(error);
        controller.abort(error);
      }, timeoutMs);
    });
    try {
      await Promise.race([(async () => this.#deliver(message, { attempt, fence: version, signal: controller.signal }))(), late]);
      return undefined;
    } catch (error) {
      return { error };
    } finally {
      clearTimeout(timer);
    }
  }

  async #settle(taken: Parcel, attempt: number, failure: { readonly error: unknown } | undefined): Promise<Ended> {
    const { store, policy, keepMs } = this.#settings;
    const now = this.#settings.now();
    if (failure === undefined) {
      const ended = written(taken, { state: "delivered", attempts: attempt }, null, now + keepMs);
      if (!(await store.commit([ended]))) return this.#lost();
      this.counts.delivered += 1;
      return "over";
    }
    this.#tell(failure.error, taken);
    const error = errorText(failure.error);
    if (attempt >= policy.attemptsMax) return this.#putAside(taken, error);
    const again = now + waitAfter({ id: taken.message.id, attempt }, policy);
    if (!(await store.commit([written(taken, { state: "ready", attempts: attempt, error }, again)]))) return this.#lost();
    this.counts.failed += 1;
    return "waits";
  }

  async #putAside(parcel: Parcel, error: string): Promise<Ended> {
    const { attempts } = parcel.progress;
    const aside = written(parcel, { state: "quarantined", attempts, error }, NEVER_MS);
    if (!(await this.#settings.store.commit([aside]))) return this.#lost();
    this.counts.quarantined += 1;
    return this.#settings.pass ? "over" : "waits";
  }

  #lost(): Ended {
    this.counts.lost += 1;
    return "waits";
  }

  /** What is due but stands behind `front` sleeps until that one can have moved. Whoever finishes `front` goes on at once. */
  async #hold(due: readonly StoredRecord[], front: Parcel, carried: ReadonlySet<string>): Promise<void> {
    const now = this.#settings.now();
    const until = Math.max(now + 1, Math.min(front.wakeAt ?? NEVER_MS, now + HELD_MS));
    for (const record of due) {
      if (record.key === front.key || carried.has(record.key)) continue;
      const parcel = parcelOf(record);
      const { attempts, error } = parcel.progress;
      if (parcel.progress.state !== "ready") continue;
      const held = { state: "ready", attempts, held: true, ...(error === undefined ? {} : { error }) } as const;
      // A conflict means that somebody else looks after it.
      await this.#settings.store.commit([written(parcel, held, until)]);
    }
  }

  #tell(error: unknown, { message }: Parcel): void {
    try {
      this.#settings.onError(error, message);
    } catch {
      // Whoever listens must not be able to keep messages from being delivered.
    }
  }
}

/** Whether a message that stands at the front may be taken. */
function isFree({ progress: { state, held }, wakeAt }: Parcel, now: number): boolean {
  if (state === "quarantined") return false;
  return held === true || (wakeAt !== null && wakeAt <= now);
}

function unreported(attempts: number): string {
  return `${attempts} attempts were begun and the last one never reported back: its process died or was cut off while it had this message`;
}

function tooLate(timeoutMs: number): TillproofError {
  return new TillproofError({
    code: "outbox_delivery_timeout",
    message: `a delivery took longer than ${timeoutMs} ms: pass a larger timeoutMs, or end it when its signal is aborted`,
    advice: "wait",
    details: { timeout_ms: String(timeoutMs) },
  });
}
