/**
 * Deliveries in, jobs stored, an answer out.
 *
 * Invariant: a delivery is answered with 200 only when each of its events is in the queue, and what is refused never
 * reaches it. The handler's work happens elsewhere, so the answer takes as long as one write.
 */

import { refusedStatus } from "../inbox/answers.js";
import { fn, list, object, onlyKnown, refusal, text } from "../shell/guard.js";
import { tell } from "../shell/listener.js";
import { pick } from "../webhooks/headers.js";
import { schemes } from "../webhooks/schemes.js";
import type { Delivery, RefusedDelivery, VerifiedEvent, Verifier } from "../webhooks/verifier.js";
import { identitiesOf, indexable } from "./identity.js";
import { receiverPrometheus } from "./metrics.js";
import { queueShape } from "./options.js";
import type { NewJob, Queue } from "./queue.js";

/** What a receiver is made of. */
export interface ReceiverOptions {
  readonly verifier: Verifier;
  readonly queue: Queue;
  /**
   * The object an event is about, such as a payment's id: events of one object run one after the other. `undefined` or
   * `null` for an event that needs no order.
   */
  readonly keyOf?: (event: VerifiedEvent) => string | null | undefined;
  /** Names of headers to store beside those the scheme reads. The header of a static token is not stored even so. */
  readonly keepHeaders?: readonly string[];
  /** Hears of each refusal, for logs; the sender should not. */
  readonly onRefused?: (refusal: RefusedDelivery) => void;
}

/** What became of one event. */
export interface StoredEvent {
  readonly id: string;
  readonly type: string;
  readonly status: "stored" | "duplicate";
}

/** What became of a delivery, and the HTTP status that tells the provider. */
export type StoredReceipt =
  | {
      /** `stored` if any event is new, else `duplicate`. */
      readonly status: "stored" | "duplicate";
      readonly httpStatus: number;
      readonly events: readonly StoredEvent[];
      /** With `partial`: the places of events that are not genuine, and therefore not among `events`. */
      readonly refusedEvents?: readonly number[];
    }
  | {
      readonly status: "rejected";
      readonly httpStatus: number;
      /** Empty: nothing in a refused delivery is to be believed. */
      readonly events: readonly StoredEvent[];
      readonly refusal: RefusedDelivery;
    };

/** Deliveries so far. */
export interface ReceiverCounts {
  readonly stored: number;
  readonly duplicate: number;
  readonly rejected: number;
  /** Were genuine but could not be stored; the provider tries again. */
  readonly failed: number;
}

/** Where deliveries come in. */
export interface Receiver {
  /**
   * Verifies a delivery and stores its events. Rejects only when the queue cannot store them; answer 500, and the
   * provider tries again.
   */
  receive(delivery: Delivery): Promise<StoredReceipt>;
  /** What came in since this receiver was made. */
  counts(): ReceiverCounts;
  /** The same in the text format Prometheus reads. */
  prometheus(): string;
}

/**
 * A receiver.
 *
 * Throws `queue_invalid`, `queue_keeps_no_order`, `unknown_option`, or what names an option of the wrong type.
 */
export function createReceiver(options: ReceiverOptions): Receiver {
  onlyKnown("options", options, ["verifier", "queue", "keyOf", "keepHeaders", "onRefused"]);
  const { verifier, keyOf, onRefused } = options;
  fn("verifier.verify", verifier?.verify);
  const queue = queueShape("queue", options.queue);
  if (keyOf !== undefined) fn("keyOf", keyOf);
  if (onRefused !== undefined) fn("onRefused", onRefused);
  if (keyOf !== undefined && !queue.keepsOrder) {
    throw refusal(
      "queue_keeps_no_order",
      "keyOf",
      queue.name,
      "is a queue that keeps no order: leave keyOf out, or make the queue with an engine and options that keep one",
    );
  }
  const kept = headerNames(verifier.scheme, options.keepHeaders ?? []);
  const counts = { stored: 0, duplicate: 0, rejected: 0, failed: 0 };

  return {
    async receive(delivery: Delivery): Promise<StoredReceipt> {
      const receivedAt = object("delivery", delivery).now ?? Date.now();
      const result = verifier.verify({ ...delivery, now: receivedAt });
      if (!result.ok) {
        counts.rejected += 1;
        if (onRefused !== undefined) tell(() => onRefused(result), console.error);
        const httpStatus = refusedStatus(verifier.scheme, result.code);
        return { status: "rejected", httpStatus, events: [], refusal: result };
      }
      const [first] = result.events;
      const raw = {
        scheme: result.scheme,
        receivedAt,
        ...(result.timestamp === undefined ? {} : { signedAt: result.timestamp }),
        headers: storedHeaders(delivery.headers, kept),
        body: first?.bytes ?? new Uint8Array(),
      };
      try {
        const jobs = await Promise.all(result.events.map((event) => jobOf(result.scheme, event, keyOf)));
        const added = jobs.length === 0 ? [] : await queue.add(raw, jobs);
        const events = result.events.map(({ id, type }, index): StoredEvent => {
          return { id, type, status: added[index] === true ? "stored" : "duplicate" };
        });
        const status = added.includes(true) ? "stored" : "duplicate";
        counts[status] += 1;
        const { refusedEvents } = result;
        return { status, httpStatus: 200, events, ...(refusedEvents === undefined ? {} : { refusedEvents }) };
      } catch (error) {
        counts.failed += 1;
        throw error;
      }
    },
    counts: () => ({ ...counts }),
    prometheus: () => receiverPrometheus(queue.name, counts),
  };
}

async function jobOf(scheme: string, event: VerifiedEvent, keyOf: ReceiverOptions["keyOf"]): Promise<NewJob> {
  const { id, idIsSigned, digest, type, occurredAt, index } = event;
  const facts = {
    id,
    idIsSigned,
    ...(digest === undefined ? {} : { digest }),
    type,
    ...(occurredAt === undefined ? {} : { occurredAt }),
    ...(index === undefined ? {} : { index }),
  };
  const key = keyOf?.(event) ?? undefined;
  return {
    event: facts,
    identities: await identitiesOf(scheme, facts),
    ...(key === undefined ? {} : { orderKey: await indexable(text("keyOf(event)", key)) }),
  };
}

/**
 * The headers worth keeping: those of the scheme, which prove the delivery, and those the caller names. A static token is
 * the secret itself, so the header that carries it is never stored, whoever names it.
 */
function headerNames(scheme: string, wanted: readonly string[]): ReadonlySet<string> {
  const info = schemes().find((row) => row.name === scheme);
  const own = info?.headers ?? [];
  const names = new Set([...own, ...list("keepHeaders", wanted).map((name) => text("keepHeaders", name).toLowerCase())]);
  const [signature] = own;
  if (info?.strength === "token" && signature !== undefined) names.delete(signature);
  return names;
}

function storedHeaders(headers: unknown, names: ReadonlySet<string>): Record<string, string> {
  const found: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of pick(headers, names)) found[name] = typeof value === "string" ? value : value.join(", ");
  return { ...found };
}
