/**
 * Each event is applied once.
 *
 * Invariant: the claim of an event and everything its handler wrote become true in one commit or not at all. A crash
 * anywhere before the commit leaves nothing behind, so the provider's next attempt starts afresh; after it, the claim
 * makes every further attempt a duplicate.
 *
 * Not here: effects outside of the store. A handler that sends a mail may send it again; put the wish to send it into
 * the batch and carry it out from there.
 */

import { fn, object, onlyKnown, refusal, text } from "../shell/guard.js";
import { storeShape } from "../stores/rules.js";
import { Batch, type Store } from "../stores/store.js";
import type { Delivery, RefusedDelivery, VerifiedEvent, Verifier } from "./verifier.js";

/** What an inbox is made of. */
export interface InboxOptions {
  readonly store: Store;
  readonly verifier: Verifier;
  /** Keeps two inboxes in one store apart: letters, digits, `-` and `_`, at most 64; `default` if left out. */
  readonly name?: string;
}

/**
 * Adds what the event means to `batch`. It may run again when another process was faster, and then with a fresh batch:
 * it should only read and collect writes.
 */
export type EventHandler = (event: VerifiedEvent, batch: Batch) => void | Promise<void>;

/** What became of one event. */
export interface EventReceipt {
  readonly id: string;
  readonly type: string;
  /** `busy`: other processes kept changing the same records; nothing was stored, and the provider should try again. */
  readonly status: "applied" | "duplicate" | "busy";
}

/** What became of a delivery, and the HTTP status that tells the provider. */
export type Receipt =
  | {
      /** `busy` if any event is, else `applied` if any is, else `duplicate`. */
      readonly status: "applied" | "duplicate" | "busy";
      readonly httpStatus: number;
      readonly events: readonly EventReceipt[];
    }
  | {
      readonly status: "rejected";
      readonly httpStatus: number;
      /** Empty: nothing in a refused delivery is to be believed. */
      readonly events: readonly EventReceipt[];
      readonly refusal: RefusedDelivery;
    };

/** Where deliveries come in. */
export interface Inbox {
  /**
   * Verifies a delivery and applies each of its events once. A handler that throws makes this reject with its error,
   * with nothing of that event stored; answer 500, and the provider tries again.
   */
  receive(delivery: Delivery, handler: EventHandler): Promise<Receipt>;
}

const NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** Tries of one event. Each lost race means that another process made progress. */
const ATTEMPTS_MAX = 8;

/** Reasons that are mistakes on this side: the delivery may be genuine, so the provider should try again. */
export const OUR_FAULT: ReadonlySet<string> = new Set([
  "body_not_bytes",
  "delivery_not_readable",
  "headers_not_readable",
  "internal_trap",
  "missing_url",
  "time_not_milliseconds",
  "wasm_unavailable",
]);

/** An inbox. Throws `inbox_name_invalid`, `store_invalid`, `unknown_option`, or what names an option of the wrong type. */
export function createInbox(options: InboxOptions): Inbox {
  onlyKnown("options", options, ["store", "verifier", "name"]);
  const store = storeShape("store", options.store);
  const { verifier } = options;
  fn("verifier.verify", verifier?.verify);
  const name = text("name", options.name ?? "default");
  if (!NAME.test(name)) {
    throw refusal(
      "inbox_name_invalid",
      "name",
      name,
      "is no name of an inbox: expected 1 to 64 letters, digits, `-` or `_`, since it becomes part of store keys",
    );
  }

  return {
    async receive(delivery: Delivery, handler: EventHandler): Promise<Receipt> {
      fn("handler", handler);
      const receivedAt = object("delivery", delivery).now ?? Date.now();
      const result = verifier.verify({ ...delivery, now: receivedAt });
      if (!result.ok) {
        const httpStatus = OUR_FAULT.has(result.code) ? 500 : 400;
        return { status: "rejected", httpStatus, events: [], refusal: result };
      }
      const events: EventReceipt[] = [];
      for (const event of result.events) {
        const claims = claimKeys(`inbox/${name}/${result.scheme}`, event);
        const status = await applyOnce(store, claims, receivedAt, event, handler);
        events.push({ id: event.id, type: event.type, status });
      }
      const status = overall(events);
      return { status, httpStatus: status === "busy" ? 503 : 200, events };
    },
  };
}

/**
 * The records that say that an event was applied. Where the id is not signed, a second one stands for its content: a
 * replay under a fresh id finds that. The `#` keeps it apart from ids, which the sender could choose.
 */
function claimKeys(prefix: string, event: VerifiedEvent): readonly string[] {
  const byId = `${prefix}/${event.id}`;
  return event.digest === undefined ? [byId] : [byId, `${prefix}#digest/${event.digest}`];
}

async function applyOnce(
  store: Store,
  claims: readonly string[],
  receivedAt: number,
  event: VerifiedEvent,
  handler: EventHandler,
): Promise<EventReceipt["status"]> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    if (await isClaimed(store, claims)) return "duplicate";
    const batch = new Batch();
    const value = JSON.stringify({ v: 1, type: event.type, received_at: receivedAt });
    for (const key of claims) batch.add({ key, expected: 0, value });
    await handler(event, batch);
    if (await batch.commit(store)) return "applied";
  }
  return (await isClaimed(store, claims)) ? "duplicate" : "busy";
}

async function isClaimed(store: Store, claims: readonly string[]): Promise<boolean> {
  for (const key of claims) {
    if ((await store.get(key)) !== null) return true;
  }
  return false;
}

function overall(events: readonly EventReceipt[]): EventReceipt["status"] {
  const some = (status: EventReceipt["status"]): boolean => events.some((event) => event.status === status);
  if (some("busy")) return "busy";
  return some("applied") ? "applied" : "duplicate";
}
