/**
 * Each event is applied once.
 *
 * Invariant: the claim of an event and everything its handler wrote into the same store become true in one commit or not
 * at all. A crash anywhere before the commit leaves nothing behind that counts, so the provider's next attempt starts
 * afresh; after it, the claim makes every further attempt a duplicate.
 *
 * Three modes, by what the store can do:
 *
 * | mode | the handler's effects | how often |
 * | --- | --- | --- |
 * | `transaction` | in your own tables, through `context.client`, and in the batch | exactly once |
 * | `batch` | in the batch | exactly once; outside of it, once for every try |
 * | `lease` | anywhere | in the batch exactly once; outside at least once, by one owner at a time, with a stable id |
 *
 * Not here: effects outside of the store. A handler that sends a mail may send it again; put the wish to send it into
 * the batch and carry it out from there, or hand `context.id` to whoever can refuse a repetition.
 */

// Not out of the catalogue: to read all of that takes longer than all else an inbox is made of.
import { windows } from "../../wasm/webhooks.windows.js";
import { acceptedStatus, overall, refusedStatus, type EventStatus } from "../inbox/answers.js";
import { Applier, type EventHandler, type InboxMode, type InboxSettings, type Parcel } from "../inbox/apply.js";
import { decodeHeld } from "../inbox/held.js";
import { checkedOrdering, type InboxOrdering } from "../inbox/order.js";
import { clockFrom } from "../shell/clock.js";
import { count, fn, object, onlyKnown, refusal, text, timeMs } from "../shell/guard.js";
import { storeShape } from "../stores/rules.js";
import type { Store, TransactionalStore } from "../stores/store.js";
import type { TypedEvent } from "./events/index.js";
import type { Delivery, RefusedDelivery, Verifier } from "./verifier.js";

export { OUR_FAULT } from "../inbox/answers.js";
export type { EventStatus } from "../inbox/answers.js";
export type { EventHandler, HandlerContext, InboxMode } from "../inbox/apply.js";
export type { Verdict } from "../inbox/engine.js";
export type { EventPosition, InboxOrdering } from "../inbox/order.js";

/** What an inbox is made of. */
export interface InboxOptions<Client = unknown, E extends TypedEvent = TypedEvent> {
  readonly store: Store | TransactionalStore<Client>;
  readonly verifier: Verifier<E>;
  /** Keeps two inboxes in one store apart: letters, digits, `-` and `_`, at most 64; `default` if left out. */
  readonly name?: string;
  /**
   * How long an event is remembered, in milliseconds, or `null` for ever. Left out, as long as the provider may repeat it
   * (`retryWindowHours` of its scheme) and a day. Where the scheme signs no time, a delivery that somebody has captured
   * can be replayed once its event is forgotten: `null` is the safe choice there.
   */
  readonly ttl?: number | null;
  /** `transaction` where the store has transactions, else `lease`. */
  readonly mode?: InboxMode;
  /** Mode `lease`: how long a handler may take before others take over, in milliseconds; 60,000 if left out. */
  readonly leaseMs?: number;
  /** How long a delivery waits for another one of the same event or object before it is `busy`; 2,000 if left out. */
  readonly patienceMs?: number;
  /** What becomes of events that overtake each other. Left out, they are handled as they come. */
  readonly ordering?: InboxOrdering;
}

/** What became of one event. */
export interface EventReceipt {
  readonly id: string;
  readonly type: string;
  /**
   * - `applied`: its handler ran, and that counts;
   * - `duplicate`: it was applied before, or was stale;
   * - `held`: it is stored and waits for those before it;
   * - `stale`: a newer one of its object was applied before, so its handler did not run;
   * - `busy`: others are at it, or kept changing the same records; nothing was stored, and the provider should try again.
   */
  readonly status: EventStatus;
}

/** What became of a delivery, and the HTTP status that tells the provider. */
export type Receipt =
  | {
      /** That of its events which decides: `busy`, else `applied`, `held`, `stale`, `duplicate`. */
      readonly status: EventStatus;
      readonly httpStatus: number;
      readonly events: readonly EventReceipt[];
      /** With `partial`: the places of events that are not genuine, and therefore not among `events`. */
      readonly refusedEvents?: readonly number[];
    }
  | {
      readonly status: "rejected";
      readonly httpStatus: number;
      /** Empty: nothing in a refused delivery is to be believed. */
      readonly events: readonly EventReceipt[];
      readonly refusal: RefusedDelivery;
    };

/** How much {@link Inbox.wake} does. */
export interface WakeOptions {
  /** Milliseconds since the epoch; now if left out. */
  readonly now?: number;
  /** At most so many events whose time has come; 100 if left out. */
  readonly limit?: number;
}

/** Where deliveries come in. */
export interface Inbox<Client = unknown, E extends TypedEvent = TypedEvent> {
  /**
   * Verifies a delivery and applies each of its events once. A handler that throws makes this reject with its error,
   * with nothing of that event applied, after the other events of the delivery have had their turn (several errors come
   * as an `AggregateError`). Answer 500, and the provider tries again: only what is missing runs then.
   */
  receive(delivery: Delivery, handler: EventHandler<Client, E>): Promise<Receipt>;
  /**
   * Handles events that were held back and whose time has come, in the order of their object, and drops records that are
   * no longer needed. To be called again and again where the ordering holds; elsewhere it only clears up. Rejects as
   * {@link receive} does; what failed is due again, and what comes after it in the order of its object waits for it.
   */
  wake(handler: EventHandler<Client, E>, options?: WakeOptions): Promise<readonly EventReceipt[]>;
}

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const MODES: readonly string[] = ["transaction", "batch", "lease"];
const HOUR_MS = 3_600_000;

/** An inbox drops at most so many expired records for so many deliveries: more than they bring, so that it catches up. */
const PURGE = { every: 500, limit: 2_000 };

/** Held events of one object that are looked at in one go. */
const HELD_MAX = 200;

/**
 * An inbox. Throws `inbox_name_invalid`, `store_invalid`, `option_invalid`, `ordering_unknown`, `unknown_option`, or what
 * names an option of the wrong type.
 */
export function createInbox<Client, E extends TypedEvent = TypedEvent>(
  options: InboxOptions<Client, E> & { readonly store: TransactionalStore<Client> },
): Inbox<Client, E>;
export function createInbox<E extends TypedEvent = TypedEvent>(options: InboxOptions<unknown, E>): Inbox<undefined, E>;
export function createInbox(options: InboxOptions): Inbox {
  const settings = checked(options);
  const { verifier } = options;
  const applier = new Applier<unknown>(settings);
  let received = 0;

  /** Now and then. What a purge leaves, the next one takes, also when this one fails: the delivery was applied. */
  const clearUp = async (now: number): Promise<void> => {
    received += 1;
    if (received % PURGE.every === 0) await settings.store.purge?.(now, PURGE.limit).catch(() => 0);
  };

  return {
    async receive(delivery: Delivery, handler: EventHandler): Promise<Receipt> {
      fn("handler", handler);
      const receivedAt = object("delivery", delivery).now ?? Date.now();
      const clock = clockFrom(receivedAt);
      const result = verifier.verify({ ...delivery, now: receivedAt });
      if (!result.ok) {
        const httpStatus = refusedStatus(settings.scheme, result.code);
        return { status: "rejected", httpStatus, events: [], refusal: result };
      }
      const parcels = result.events.map((event): Parcel => ({ event, receivedAt, clock }));
      const events = await applyEach(applier, parcels, handler);
      await followUp(settings, applier, parcels, handler);
      await clearUp(receivedAt);
      const status = overall(events.map((event) => event.status));
      const { refusedEvents } = result;
      return { status, httpStatus: acceptedStatus(status), events, ...(refusedEvents === undefined ? {} : { refusedEvents }) };
    },

    async wake(handler: EventHandler, { now, limit = 100 }: WakeOptions = {}): Promise<readonly EventReceipt[]> {
      fn("handler", handler);
      const time = timeMs("now", now ?? Date.now());
      const due = await settings.store.due(applier.heldPrefix(), time, count("limit", limit));
      const clock = clockFrom(time);
      const receipts: EventReceipt[] = [];
      const errors: unknown[] = [];
      for (const [prefix, last] of lastDue(due.map(({ key }) => key))) {
        try {
          const parcels = await heldUpTo(settings, prefix, last, clock);
          const all = await applyInTurn(applier, parcels, handler, receipts);
          if (all) await followUp(settings, applier, parcels, handler);
        } catch (error) {
          errors.push(error);
        }
      }
      await settings.store.purge?.(time, PURGE.limit);
      throwAll(errors);
      return receipts;
    },
  };
}

function checked(options: InboxOptions): InboxSettings {
  onlyKnown("options", options, ["store", "verifier", "name", "ttl", "mode", "leaseMs", "patienceMs", "ordering"]);
  const store = storeShape("store", options.store);
  const { verifier, ordering } = options;
  fn("verifier.verify", verifier?.verify);
  const scheme = verifier.scheme;
  const name = text("name", options.name ?? "default");
  if (!NAME.test(name)) {
    throw refusal(
      "inbox_name_invalid",
      "name",
      name,
      "is no name of an inbox: expected 1 to 64 letters, digits, `-` or `_`, since it becomes part of store keys",
    );
  }
  const transactional = typeof (store as Partial<TransactionalStore<unknown>>).transaction === "function";
  const mode = options.mode ?? (transactional ? "transaction" : "lease");
  if (!MODES.includes(mode) || (mode === "transaction" && !transactional)) {
    const problem = MODES.includes(mode)
      ? "needs a store with transactions, such as that of PostgreSQL or SQLite: take `lease` or `batch`"
      : `is no mode: expected one of ${MODES.join(", ")}`;
    throw refusal("option_invalid", "mode", mode, problem);
  }
  return {
    store,
    scheme,
    prefix: `inbox/${name}/${scheme}`,
    mode,
    ttl: options.ttl === null ? null : count("ttl", options.ttl ?? defaultTtl(scheme), 1),
    leaseMs: count("leaseMs", options.leaseMs ?? 60_000, 1),
    patienceMs: count("patienceMs", options.patienceMs ?? 2_000),
    ordering: ordering === undefined ? null : checkedOrdering(ordering, scheme),
  };
}

/** A day more than the provider's window: the last attempt may be late. A month for a verifier of the caller's own. */
function defaultTtl(scheme: string): number {
  const [hours] = windows.find(([, ...schemes]) => schemes.includes(scheme)) ?? [30 * 24];
  return (hours + 24) * HOUR_MS;
}

/** Applies events one after the other. Rejects when one has failed, after all have had their turn. */
async function applyEach(
  applier: Applier<unknown>,
  parcels: readonly Parcel[],
  handler: EventHandler,
): Promise<EventReceipt[]> {
  const receipts: EventReceipt[] = [];
  const errors: unknown[] = [];
  for (const parcel of parcels) {
    const { id, type } = parcel.event;
    try {
      receipts.push({ id, type, status: await applier.apply(parcel, handler) });
    } catch (error) {
      errors.push(error);
    }
  }
  throwAll(errors);
  return receipts;
}

/**
 * Applies released events of one object in their order, up to the first that fails or is busy: were a later one applied
 * before it, it would be stale for ever. Whether all had their turn; an error is handed on at once.
 */
async function applyInTurn(
  applier: Applier<unknown>,
  parcels: readonly Parcel[],
  handler: EventHandler,
  receipts: EventReceipt[],
): Promise<boolean> {
  for (const parcel of parcels) {
    const { id, type } = parcel.event;
    const status = await applier.apply(parcel, handler);
    receipts.push({ id, type, status });
    if (status === "busy" || status === "held") return false;
  }
  return true;
}

function throwAll(errors: readonly unknown[]): void {
  if (errors.length === 0) return;
  throw errors.length === 1 ? errors[0] : new AggregateError(errors, `${errors.length} events could not be handled`);
}

/**
 * Applies what was held and is next in the order of its object now. An error is left to {@link Inbox.wake}: the event is
 * stored and due at its time, and belongs to a delivery that was answered long ago.
 */
async function followUp(
  settings: InboxSettings,
  applier: Applier<unknown>,
  parcels: readonly Parcel[],
  handler: EventHandler,
): Promise<void> {
  if (settings.ordering?.policy !== "hold") return;
  const prefixes = new Set<string>();
  for (const { event } of parcels) {
    const place = applier.placeOf(event);
    if (place !== null) prefixes.add(applier.heldPrefix(place.object));
  }
  const clock = parcels[0]?.clock ?? Date.now;
  for (const prefix of prefixes) {
    for (const parcel of await heldUpTo(settings, prefix, null, clock)) {
      const status = await applier.apply(parcel, handler).catch(() => "held");
      if (status === "held" || status === "busy") break;
    }
  }
}

/** The last of the due events of each object; what stands before it in the order is released with it. */
function lastDue(keys: readonly string[]): ReadonlyMap<string, string> {
  const last = new Map<string, string>();
  for (const key of keys) {
    const prefix = /^.*#held\/[^/]*\//s.exec(key)?.[0] ?? key;
    if (key > (last.get(prefix) ?? "")) last.set(prefix, key);
  }
  return last;
}

/** What is held under a prefix, in order: released up to a key, or as it stands. */
async function heldUpTo(
  { store, scheme }: InboxSettings,
  prefix: string,
  last: string | null,
  clock: () => number,
): Promise<Parcel[]> {
  const parcels: Parcel[] = [];
  for (let after: string | null = null; parcels.length < HELD_MAX; ) {
    const page = await store.scan(prefix, after, HELD_MAX);
    for (const record of page) {
      if (last !== null && record.key > last) return parcels;
      const held = decodeHeld(record, scheme);
      if (held !== null) parcels.push({ ...held, clock, heldKey: record.key, release: last !== null });
    }
    if (page.length < HELD_MAX) break;
    after = page.at(-1)?.key ?? null;
  }
  return parcels;
}
