/**
 * The outbox: what the rest of the business is told is stored in the same commit as what it tells of.
 *
 * Invariant: a message is in the store if and only if the commit it was written in succeeded, and it stays there as
 * `ready`, `taken` or `quarantined` until it was handed on or a person dropped it.
 */

import { TillproofError } from "../shell/errors.js";
import { count, list, onlyKnown, timeMs } from "../shell/guard.js";
import type { Batch, Store, StoredRecord, Write } from "../stores/store.js";
import {
  Drawer, isOver, laneKey, listed, NEVER_MS, parcelOf, stateOf, written,
  type ListedMessage, type MessageState, type NewMessage, type OutboxMessage, type Parcel,
} from "./message.js";
import { settingsOf, type OutboxOptions, type OutboxSettings } from "./settings.js";
import { Carrier, type OutboxCounts } from "./stream.js";

/** Messages looked at in one sweep. */
const SWEEP_MAX = 500;

/** Messages counted for the figures. */
const COUNTED_MAX = 10_000;

/** How often what is over is dropped, in milliseconds, and how many records at a time. */
const PURGE_EVERY_MS = 60_000;
const PURGE_MAX = 1_000;

/** How long an unreadable record is left alone, so that it does not keep others from being seen. */
const UNREADABLE_MS = 900_000;

/** Tries to move a message that others move too. */
const RACES_MAX = 20;

/** Which messages are listed. */
export interface ListOptions {
  /** Only these; all when left out. */
  readonly state?: MessageState;
  readonly stream?: string;
  /** Begins behind the message of this id. */
  readonly after?: string;
  /** At most so many; 100 when left out. */
  readonly limit?: number;
}

/** How an outbox stands. */
export interface OutboxFigures {
  /** Wait for their first or next delivery, or behind another of their stream. */
  readonly ready: number;
  /** Are being delivered. */
  readonly taken: number;
  readonly quarantined: number;
  /** Age of the oldest of them that is not quarantined, in milliseconds; 0 without any. */
  readonly oldestAgeMs: number;
  /** Whether there are more than were counted. */
  readonly more: boolean;
  /** What this process did. */
  readonly process: OutboxCounts;
}

/** Where a message may be written together with something else. */
export interface AddOptions {
  /** A commit of others, or the inside of a transaction: the message becomes true together with it. */
  readonly into?: Batch | { commit(writes: readonly Write[]): Promise<boolean> };
  /** The time it is; the outbox's clock when left out. */
  readonly now?: number;
}

/** The outbox of one store. Made by {@link createOutbox}. */
export class Outbox {
  readonly #settings: OutboxSettings;
  /** The store its messages are in, as it was passed. */
  readonly store: Store;
  readonly #store: Store;
  readonly #drawer: Drawer;
  readonly #carrier: Carrier | undefined;
  /** Ends the present sleep of {@link run}. */
  #wake: () => void = () => undefined;
  /** Something was written since the last look, perhaps while nobody slept. */
  #roused = false;
  #purgedAt = 0;

  /** Use {@link createOutbox}. */
  constructor(options: OutboxOptions) {
    this.#settings = settingsOf(options);
    this.store = options.store;
    this.#store = this.#settings.store;
    this.#drawer = new Drawer(this.#settings.name);
    this.#carrier = this.#settings.deliver === undefined ? undefined : new Carrier(this.#settings, this.#settings.deliver);
  }

  /** The name of the outbox. */
  get name(): string {
    return this.#settings.name;
  }

  /** The writes that make messages, for a commit of the caller's own. Call {@link nudge} when it has succeeded. */
  async writes(messages: readonly NewMessage[], options: { readonly now?: number } = {}): Promise<Write[]> {
    const { now } = onlyKnown("options", options, ["now"]);
    return (await this.#fresh(messages, now)).map(({ write }) => write);
  }

  /**
   * Writes messages, at once or as a part of something else, and resolves to them. A message whose stream and position
   * are known already is not written again. In a transaction such a message is a conflict: `outbox_conflict`.
   */
  async add(message: NewMessage | readonly NewMessage[], options: AddOptions = {}): Promise<OutboxMessage[]> {
    const { into, now } = onlyKnown("options", options, ["into", "now"]);
    const fresh = await this.#fresh(Array.isArray(message) ? (message as NewMessage[]) : [message as NewMessage], now);
    if (into === undefined) {
      await this.#commitNew(fresh.map(({ write }) => write));
    } else if ("add" in into && typeof into.add === "function") {
      for (const [index, { write }] of fresh.entries()) into.add(write, index === 0 ? { committed: () => this.nudge() } : {});
    } else if (!(await (into as { commit(writes: readonly Write[]): Promise<boolean> }).commit(fresh.map(({ write }) => write)))) {
      throw conflict();
    }
    this.nudge();
    return fresh.map((one) => one.message);
  }

  /** Says that messages were written by other means, so that a running outbox looks at once. */
  nudge(): void {
    this.#roused = true;
    this.#wake();
  }

  /**
   * Delivers what is due, once. Resolves to how many messages were due. Rejects only when the store cannot be asked what
   * is; what fails for one stream is told to `onError` and keeps no other waiting.
   */
  async sweep(options: { readonly limit?: number; readonly signal?: AbortSignal } = {}): Promise<number> {
    const { limit, signal } = onlyKnown("options", options, ["limit", "signal"]);
    const carrier = this.#carrying();
    const stop = signal ?? new AbortController().signal;
    const due = await this.#store.due(this.#drawer.prefix, this.#settings.now(), count("limit", limit ?? SWEEP_MAX, 1));
    const lanes = [...grouped(due).values()];
    const walk = async (): Promise<void> => {
      for (let lane = lanes.shift(); lane !== undefined && !stop.aborted; lane = lanes.shift()) {
        await carrier.carry(lane, stop).catch((error: unknown) => this.#failed(carrier, error, lane ?? []));
      }
    };
    await Promise.all(Array.from({ length: Math.min(this.#settings.concurrency, lanes.length) }, walk));
    return due.length;
  }

  /** Delivers until the signal aborts, in as many processes as you like. Ends after what it is delivering. Never rejects. */
  async run(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const { signal: stop = new AbortController().signal } = onlyKnown("options", options, ["signal"]);
    const carrier = this.#carrying();
    while (!stop.aborted) {
      let more = false;
      this.#roused = false;
      try {
        more = (await this.sweep({ signal: stop })) >= SWEEP_MAX;
        await this.#purgeNowAndThen();
      } catch (error) {
        await this.#failed(carrier, error, []);
      }
      if (!more && !this.#roused) await this.#sleep(stop);
    }
  }

  /** A message by its id; `null` when it is not, or no longer, there. */
  async find(id: string): Promise<ListedMessage | null> {
    const record = await this.#store.get(this.#drawer.keyOf(id));
    return record === null ? null : listed(parcelOf(record));
  }

  /** Messages in the order of their streams. Without `stream` it reads all there are, page by page. */
  async list(options: ListOptions = {}): Promise<ListedMessage[]> {
    const { state, stream, after, limit } = onlyKnown("options", options, ["state", "stream", "after", "limit"]);
    if (state !== undefined) stateOf(state);
    const most = count("limit", limit ?? 100, 1);
    const prefix = stream === undefined ? this.#drawer.prefix : await this.#drawer.stream(stream);
    const found: ListedMessage[] = [];
    for (let from = after === undefined ? null : this.#drawer.keyOf(after); ; ) {
      const page = await this.#store.scan(prefix, from, SWEEP_MAX);
      for (const record of page) {
        const parcel = parcelOf(record);
        if (state === undefined || parcel.progress.state === state) found.push(listed(parcel));
        if (found.length === most) return found;
        from = record.key;
      }
      if (page.length < SWEEP_MAX) return found;
    }
  }

  /** Delivers a quarantined message again, with all its attempts before it. `false` when it is not quarantined. */
  async retry(id: string): Promise<boolean> {
    const now = timeMs("now", this.#settings.now());
    return this.#move(id, (parcel) =>
      parcel.progress.state === "quarantined" ? [written(parcel, { state: "ready", attempts: 0 }, now)] : undefined,
    );
  }

  /**
   * Gives a message up, so that those behind it may go. `false` when it is over already, or being delivered. What was
   * dropped is kept for as long as what was delivered.
   */
  async drop(id: string): Promise<boolean> {
    const now = timeMs("now", this.#settings.now());
    return this.#move(id, async (parcel) => {
      const { state, attempts, error } = parcel.progress;
      if (isOver(parcel) || state === "taken") return undefined;
      const progress = { state: "dropped", attempts, ...(error === undefined ? {} : { error }) } as const;
      const [behind] = (await this.#store.scan(laneKey(parcel.key), parcel.key, 1)).map(parcelOf);
      const woken = behind?.progress.held === true ? [written(behind, { ...behind.progress }, now)] : [];
      return [written(parcel, progress, null, now + this.#settings.keepMs), ...woken];
    });
  }

  /** Drops what was over for longer than `keepMs`, at most `limit` records; resolves to how many. */
  async purge(options: { readonly limit?: number } = {}): Promise<number> {
    const { limit } = onlyKnown("options", options, ["limit"]);
    const most = count("limit", limit ?? PURGE_MAX, 1);
    return (await this.#store.purge?.(this.#settings.now(), most)) ?? 0;
  }

  /** How the outbox stands. Counts at most 10,000 messages. */
  async figures(): Promise<OutboxFigures> {
    const now = this.#settings.now();
    const open = (await this.#store.due(this.#drawer.prefix, NEVER_MS, COUNTED_MAX)).map(parcelOf);
    const of = (state: MessageState): Parcel[] => open.filter(({ progress }) => progress.state === state);
    const waiting = [...of("ready"), ...of("taken")];
    const oldest = waiting.reduce((age, { message }) => Math.max(age, now - message.createdAt), 0);
    return {
      ready: of("ready").length,
      taken: of("taken").length,
      quarantined: of("quarantined").length,
      oldestAgeMs: oldest,
      more: open.length === COUNTED_MAX,
      process: { ...(this.#carrier?.counts ?? NOTHING) },
    };
  }

  async #fresh(messages: readonly NewMessage[], now: number | undefined): Promise<{ message: OutboxMessage; write: Write }[]> {
    const at = timeMs("now", now ?? this.#settings.now());
    return Promise.all(list("messages", messages).map((one) => this.#drawer.fresh(one, at)));
  }

  /** All that are not there yet, together. */
  async #commitNew(writes: readonly Write[]): Promise<void> {
    for (let left = writes, race = 0; left.length > 0; race += 1) {
      if (await this.#store.commit(left)) return;
      if (race === RACES_MAX) throw conflict();
      const known = await Promise.all(left.map(({ key }) => this.#store.get(key)));
      left = left.filter((_, index) => known[index] === null);
    }
  }

  async #move(id: string, change: (parcel: Parcel) => Write[] | undefined | Promise<Write[] | undefined>): Promise<boolean> {
    const key = this.#drawer.keyOf(id);
    for (let race = 0; race < RACES_MAX; race += 1) {
      const record = await this.#store.get(key);
      const writes = record === null ? undefined : await change(parcelOf(record));
      if (writes === undefined) return false;
      if (!(await this.#store.commit(writes))) continue;
      this.nudge();
      return true;
    }
    throw conflict();
  }

  #carrying(): Carrier {
    if (this.#carrier !== undefined) return this.#carrier;
    throw new TillproofError({
      code: "outbox_has_no_delivery",
      message: "this outbox only writes messages: pass `deliver` to createOutbox in the process that hands them on",
    });
  }

  /** What cannot be read shall not keep others from being seen. */
  async #failed(carrier: Carrier, error: unknown, due: readonly StoredRecord[]): Promise<void> {
    carrier.counts.errors += 1;
    try {
      this.#settings.onError(error);
    } catch {
      // Whoever listens must not be able to end the outbox.
    }
    if ((error as { code?: unknown } | null)?.code !== "outbox_record_unreadable") return;
    const wakeAt = this.#settings.now() + UNREADABLE_MS;
    for (const { key, version, value } of due) {
      await this.#store.commit([{ key, expected: version, value, wakeAt }]).catch(() => false);
    }
  }

  async #purgeNowAndThen(): Promise<void> {
    const now = this.#settings.now();
    if (now - this.#purgedAt < PURGE_EVERY_MS) return;
    this.#purgedAt = now;
    await this.purge();
  }

  async #sleep(stop: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        stop.removeEventListener("abort", done);
        this.#wake = () => undefined;
        resolve();
      };
      const timer = setTimeout(done, this.#settings.pollMs);
      stop.addEventListener("abort", done, { once: true });
      this.#wake = done;
      if (stop.aborted) done();
    });
  }
}

/**
 * An outbox.
 *
 * Throws `store_invalid`, `outbox_name_invalid`, `unknown_option`, or what names an option of the wrong type or range.
 */
export function createOutbox(options: OutboxOptions): Outbox {
  return new Outbox(options);
}

const NOTHING: OutboxCounts = { attempts: 0, delivered: 0, failed: 0, quarantined: 0, lost: 0, errors: 0 };

function grouped(due: readonly StoredRecord[]): Map<string, StoredRecord[]> {
  const lanes = new Map<string, StoredRecord[]>();
  for (const record of due) {
    const lane = laneKey(record.key);
    const others = lanes.get(lane);
    if (others === undefined) lanes.set(lane, [record]);
    else others.push(record);
  }
  return lanes;
}

function conflict(): TillproofError {
  return new TillproofError({
    code: "outbox_conflict",
    message: "a message was written or moved by another process at the same time; nothing was written: try again",
    advice: "wait",
  });
}
