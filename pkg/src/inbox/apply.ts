/**
 * One event, from its records to its end: the driver of the engine in src/inbox.
 *
 * Invariant: the order is the engine's. What is to be stored first is stored before the handler runs, and a handler that
 * has run counts only when the commit that says so has succeeded. Everything may stop between any two lines; whoever
 * comes next finds in the store what to do.
 */

import { storeBusy } from "../stores/rules.js";
import { slot, type Slot } from "../stores/slot.js";
import { Batch, type Store, type TransactionalStore, type Write } from "../stores/store.js";
import { isTillproofError } from "../shell/errors.js";
import type { TypedEvent } from "../webhooks/events/index.js";
import type { VerifiedEvent } from "../webhooks/verifier.js";
import type { EventStatus } from "./answers.js";
import { decide, type Decision, type RunDecision, type Verdict } from "./engine.js";
import { encodeHeld } from "./held.js";
import { Lanes } from "./lanes.js";
import type { CheckedOrdering, Place } from "./order.js";

/** How handler and claim become true together. */
export type InboxMode = "transaction" | "batch" | "lease";

/** What a handler gets beside the event. */
export interface HandlerContext<Client = unknown> {
  /** In mode `transaction` your own database client, inside the transaction that commits the event; else `undefined`. */
  readonly client: Client;
  /** The same whenever this event is handled again: hand it to whoever can refuse to do the same thing twice. */
  readonly id: string;
  /** From 1. Counted in mode `lease` only, since elsewhere a failure leaves no trace. */
  readonly attempt: number;
  /** In mode `lease` higher than that of every owner before, so that whoever is written to can refuse an old one. */
  readonly fence: number;
  /** Where an ordering is set: how the event stands to those of its object that were applied before. */
  readonly verdict?: Verdict;
}

/**
 * Does what the event means: through `batch` in the store, through `context.client` in the caller's own tables. It may run
 * again with a fresh batch, when another process was faster or this one died.
 */
export type EventHandler<Client = unknown, E extends TypedEvent = TypedEvent> = (
  event: VerifiedEvent<E>,
  batch: Batch,
  context: HandlerContext<Client>,
) => void | Promise<void>;

/** What an inbox is set to. */
export interface InboxSettings {
  readonly store: Store;
  /** What stands before every key. */
  readonly prefix: string;
  readonly scheme: string;
  readonly mode: InboxMode;
  /** How long claims are kept; `null` for ever. */
  readonly ttl: number | null;
  readonly leaseMs: number;
  readonly patienceMs: number;
  readonly ordering: CheckedOrdering | null;
}

/** An event on its way. */
export interface Parcel {
  readonly event: VerifiedEvent;
  readonly receivedAt: number;
  /** The time now. */
  readonly clock: () => number;
  /** The key of the record it was held in, where it comes from there. */
  readonly heldKey?: string;
  /** Those before it are not waited for any longer. */
  readonly release?: boolean;
}

interface PatientParcel extends Parcel {
  /** Until when it is worth waiting for others. */
  readonly patientUntil: number;
}

/** Tries of one event. Each lost race means that another process made progress. */
const ATTEMPTS_MAX = 8;

/** Pauses between two looks at an event somebody else works on. */
const PAUSES_MS = [10, 20, 40, 80, 160, 250] as const;

/** Applies events one after the other where they meet, and side by side where they do not. */
export class Applier<Client> {
  readonly #settings: InboxSettings;
  readonly #lanes = new Lanes();

  constructor(settings: InboxSettings) {
    this.#settings = settings;
  }

  /** Where an event stands, where an ordering is set. */
  placeOf(event: VerifiedEvent): Place | null {
    return this.#settings.ordering?.placeOf(event) ?? null;
  }

  /** The beginning of the keys of what is held of an object, or of all. */
  heldPrefix(object?: string): string {
    const all = `${this.#settings.prefix}#held/`;
    return object === undefined ? all : `${all}${object}/`;
  }

  /** Applies an event once. Rejects with what its handler threw, with nothing of the event stored but the failure. */
  async apply(parcel: Parcel, handler: EventHandler<Client>): Promise<EventStatus> {
    const place = this.placeOf(parcel.event);
    const keys = this.#keys(parcel, place);
    const lane = keys.mark ?? keys.claims[0];
    const { patienceMs } = this.#settings;
    // Known here only, and caught here: somebody of this process is at the same event or object for too long.
    const late = storeBusy(`another delivery of the event ${parcel.event.id} is being handled`);
    try {
      return await this.#lanes.in(lane, patienceMs, () => late, () => this.#settle(parcel, place, keys, handler));
    } catch (error) {
      if (error === late) return "busy";
      throw error;
    }
  }

  async #settle(parcel: Parcel, place: Place | null, keys: Keys, handler: EventHandler<Client>): Promise<EventStatus> {
    const patientUntil = parcel.clock() + this.#settings.patienceMs;
    let pauses = 0;
    for (let attempt = 0; attempt < ATTEMPTS_MAX; ) {
      const decision = await this.#decide(parcel, place, keys);
      if (decision.answer === "busy") {
        const pause = PAUSES_MS[Math.min(pauses, PAUSES_MS.length - 1)] ?? 0;
        const now = parcel.clock();
        if (now + pause > patientUntil) return "busy";
        pauses += 1;
        await new Promise((resolve) => setTimeout(resolve, Math.min(pause, Math.max(1, decision.until - now))));
        continue;
      }
      const status = await this.#carryOut(decision, { ...parcel, patientUntil }, keys, handler);
      if (status !== "again") return status;
      attempt += 1;
    }
    return "busy";
  }

  async #decide({ event, receivedAt, clock, release }: Parcel, place: Place | null, keys: Keys): Promise<Decision> {
    const { store, mode, ttl, leaseMs, ordering } = this.#settings;
    const read = async (key: string): Promise<Slot> => slot(key, await store.get(key));
    const claims = await Promise.all(keys.claims.map(read));
    const order =
      place === null || ordering === null || keys.mark === undefined || keys.held === undefined
        ? undefined
        : {
            policy: ordering.policy,
            by: place.by,
            value: place.value,
            mark: await read(keys.mark),
            // Only a policy that holds ever writes that record.
            held: ordering.policy === "hold" ? await read(keys.held) : slot(keys.held, null),
            hold_until: receivedAt + ordering.holdMs,
            release,
          };
    return decide({
      now: clock(),
      received_at: receivedAt,
      type: event.type,
      claims,
      lease_ms: mode === "lease" ? leaseMs : undefined,
      keep_ms: ttl ?? undefined,
      order,
    });
  }

  async #carryOut(
    decision: Exclude<Decision, { answer: "busy" }>,
    parcel: PatientParcel,
    keys: Keys,
    handler: EventHandler<Client>,
  ): Promise<EventStatus | "again"> {
    const { store, mode } = this.#settings;
    const stored = async (writes: readonly Write[], status: EventStatus): Promise<EventStatus | "again"> =>
      writes.length === 0 || (await store.commit(writes)) ? status : "again";
    switch (decision.answer) {
      case "duplicate":
        return stored(decision.then, "duplicate");
      case "held":
        return "held";
      case "stale":
        return stored(decision.then, "stale");
      case "hold":
        return stored(
          decision.then.map((write) => (write.key === keys.held ? { ...write, value: encodeHeld(parcel) } : write)),
          "held",
        );
      case "run":
        if (mode === "transaction") return this.#inTransaction(decision, parcel, handler);
        return mode === "lease" ? this.#underLease(decision, parcel, handler) : this.#inBatch(decision, parcel, handler);
    }
  }

  /** The claim first, so that another delivery waits for the end; then the handler; then what it collected. */
  async #inTransaction(
    run: RunDecision,
    parcel: PatientParcel,
    handler: EventHandler<Client>,
  ): Promise<EventStatus | "again"> {
    const store = this.#settings.store as TransactionalStore<Client>;
    const batch = new Batch();
    try {
      await store.transaction(async (transaction) => {
        if (!(await transaction.commit(run.then))) throw LOST;
        await handler(parcel.event, batch, this.#context(run, parcel, transaction.client));
        if (!(await transaction.commit(batch.writes))) throw LOST;
      });
    } catch (error) {
      await batch.settle(false);
      if (error === LOST) return "again";
      if (!isTillproofError(error) || error.code !== "store_busy") throw error;
      // The store has waited by itself; how long that was decides whether it is worth another try.
      return parcel.clock() < parcel.patientUntil ? "again" : "busy";
    }
    await batch.settle(true);
    return "applied";
  }

  async #inBatch(run: RunDecision, parcel: Parcel, handler: EventHandler<Client>): Promise<EventStatus | "again"> {
    const batch = new Batch();
    await handler(parcel.event, batch, this.#context(run, parcel));
    const committed = await this.#settings.store.commit([...run.then, ...batch.writes]);
    await batch.settle(committed);
    return committed ? "applied" : "again";
  }

  async #underLease(run: RunDecision, parcel: Parcel, handler: EventHandler<Client>): Promise<EventStatus | "again"> {
    const { store } = this.#settings;
    if (!(await store.commit(run.first))) return "again";
    try {
      for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
        const batch = new Batch();
        await handler(parcel.event, batch, this.#context(run, parcel));
        const committed = await store.commit([...run.then, ...batch.writes]);
        await batch.settle(committed);
        if (committed) return "applied";
        // Either a record of the batch has moved, and the handler reads it again, or the lease was lost.
        if (!(await this.#isOurs(run))) return "again";
      }
    } catch (error) {
      // Where this fails too, the lease ends by itself.
      await store.commit(run.otherwise).catch(() => false);
      throw error;
    }
    await store.commit(run.otherwise);
    return "busy";
  }

  /** Whether every record of the engine's is still as this owner left it. */
  async #isOurs({ then }: RunDecision): Promise<boolean> {
    const records = await Promise.all(then.map(({ key }) => this.#settings.store.get(key)));
    return records.every((record, index) => (record?.version ?? 0) === then[index]?.expected);
  }

  #context(run: RunDecision, { event }: Parcel, client?: Client): HandlerContext<Client> {
    return {
      client: client as Client,
      id: `${this.#settings.scheme}/${event.id}`,
      attempt: run.attempt,
      fence: run.fence,
      ...(run.verdict === undefined ? {} : { verdict: run.verdict }),
    };
  }

  /**
   * The records that say what became of an event. Where its id is not signed, a second one stands for its content: a
   * replay under a fresh id finds that. The `#` keeps it apart from ids, which the sender could choose.
   */
  #keys({ event, heldKey }: Parcel, place: Place | null): Keys {
    const { prefix } = this.#settings;
    const byId = `${prefix}/${event.id}`;
    const claims: Keys["claims"] = event.digest === undefined ? [byId] : [byId, `${prefix}#digest/${event.digest}`];
    if (place === null) return { claims };
    // Sixteen digits hold every safe integer, so that keys stand in the order of their numbers.
    const held = `${this.heldPrefix(place.object)}${String(place.value).padStart(16, "0")}/${event.id}`;
    return { claims, mark: `${prefix}#object/${place.object}`, held: heldKey ?? held };
  }
}

interface Keys {
  readonly claims: readonly [string, ...string[]];
  readonly mark?: string;
  readonly held?: string;
}

/** Ends a transaction that another one has overtaken. */
const LOST = Symbol("overtaken");
