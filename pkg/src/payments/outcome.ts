/**
 * What goes into the payment client and what comes out.
 *
 * An {@link Outcome} is one of four values; unknown is one of them, and no exception.
 */

import type { AmountInput, BytesInput } from "../shell/guard.js";
import type { Outbox } from "../outbox/outbox.js";
import type { Store } from "../stores/store.js";
import type { Operation, Proof } from "./engine.js";
import type { Governor, GovernorOptions } from "./governor.js";
import type { HedgeOptions } from "./hedge.js";
import type { ProfileDocument, ProfileSources } from "./profiles.js";
import type { ExtraWrites, Transition } from "./recording.js";

/** When to try again. */
export interface RetryOptions {
  /** Scale of the first wait in milliseconds; 1,000 when left out. The base does the spreading. */
  readonly baseMs?: number;
  /** Longest wait in milliseconds; 30,000 when left out. */
  readonly capMs?: number;
  /** How waits are spread; `decorrelated` when left out. */
  readonly jitter?: "full" | "equal" | "decorrelated" | "decorrelated_v2";
}

/** The gateway a client talks to. */
export interface ProviderOptions {
  /**
   * What the provider promises about keys: a name of {@link providerProfiles}, or a profile of your own.
   * `conservative` when left out.
   */
  readonly profile?: string | ProfileDocument;
  /** Scheme, host and port, without a path: `https://gateway.example`. */
  readonly baseUrl: string;
  /** The merchant, as the provider knows him. */
  readonly merchantId: string;
  /** Which of the merchant's accounts; takes part in the key. Empty when left out. */
  readonly account?: string;
  /** Sent with every request, for credentials. They enter neither key nor journal. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** How a payment client is made. */
export interface PaymentsOptions {
  readonly provider: ProviderOptions;
  /** Where intents survive a crash. */
  readonly store: Store;
  /** At least 16 random bytes that keys are derived from. Losing or changing it loses the keys of open intents. */
  readonly secret: BytesInput;
  /** Time-out of one request in milliseconds; 10,000 when left out. */
  readonly timeoutMs?: number;
  /** After this time, at least 1, an unknown outcome needs a person; 72 hours when left out. */
  readonly deadlineMs?: number;
  readonly retry?: RetryOptions;
  /** Stands in for the global `fetch`. */
  readonly fetch?: (request: Request) => Promise<Response>;
  /** Told what a sweep could not drive on, and what a hook threw; `console.error` when left out. */
  readonly onError?: (error: unknown) => void;
  /** Told after each change of an intent is stored. For metrics and logs: what must not be missed is `extraWrites`. */
  readonly onTransition?: (transition: Transition) => void;
  /** What is stored in the same commit as each change of an intent, such as a message to the rest of the business. */
  readonly extraWrites?: ExtraWrites;
  /**
   * Hears, in the commit that makes it true, of what became of each intent: `payment.settled`, `failed`, `pending`,
   * `awaiting_customer`, `needs_review` and `reversed`. Of the same store.
   */
  readonly outbox?: Outbox;
  /**
   * Retry budget, circuit breaker and bulkhead: their numbers, a governor that clients of this process share, or `false`
   * for none. With the defaults of {@link GovernorOptions} when left out.
   */
  readonly governor?: GovernorOptions | Governor | false;
  /** Asks a question once more when its answer takes too long. What moves money is never sent beside itself. */
  readonly hedge?: HedgeOptions;
  /**
   * When an older copy of the store was put in place, in milliseconds since the epoch. What the copy does not know may
   * have been charged before, so everything that was not first wanted since then is asked about before it is sent. Leave
   * it in place until orders of before are no longer repeated.
   */
  readonly restoredAt?: number;
  /** Stands in for `Date.now`. */
  readonly now?: () => number;
  /** Stands in for the host's random generator; fills the array. Decides when to retry, never what a key is. */
  readonly random?: (bytes: Uint8Array) => void;
}

/** What every request to move money has. */
interface RequestBase {
  /** The merchant's name for this movement. The same name is the same movement, for ever. */
  readonly reference: string;
  /** Text for people. */
  readonly description?: string;
  /** An object for programs. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Members of the provider's own request, such as Stripe's `payment_method`. */
  readonly providerFields?: Readonly<Record<string, unknown>>;
}

/** What the merchant wants once. */
export interface ChargeRequest extends RequestBase {
  /** Minor units. */
  readonly amount: AmountInput;
  /** ISO 4217, upper case. */
  readonly currency: string;
}

/** Something that is done with a payment that was made before: a capture or a refund. */
export interface FollowUpRequest extends RequestBase {
  /** The provider's name of the payment: `providerReference` of its outcome. */
  readonly target: string;
  /** Minor units; the whole when left out. */
  readonly amount?: AmountInput;
  /** ISO 4217, upper case; goes with the amount. */
  readonly currency?: string;
}

/** An authorization that is let go. */
export interface VoidRequest extends RequestBase {
  /** The provider's name of the payment: `providerReference` of its outcome. */
  readonly target: string;
}

/** Money that moves to another account at the provider. */
export interface TransferRequest extends ChargeRequest {
  /** The account, as the provider names it. */
  readonly destination: string;
}

/** Money that leaves the provider. */
export interface PayoutRequest extends ChargeRequest {
  /** Where to, as the provider names it; the account's default when left out. */
  readonly destination?: string;
}

/** What a person decided about an intent in review. */
export interface Decision {
  /** Whether money moved, and stays moved. */
  readonly as: "settled" | "failed";
  /** The provider's name of the payment that counts; goes with `settled`. */
  readonly providerReference?: string;
  /** Who decided and why. Kept in the journal. */
  readonly note: string;
}

/** How long a caller waits, and what for. */
export interface WaitOptions {
  /** Longest wait for the outcome in milliseconds; 30,000 when left out. The payment goes on afterwards. */
  readonly waitMs?: number;
  /**
   * Ends the wait at once. It does not cancel the payment: a sweep drives on what was begun. One that is aborted before
   * the call begins nothing: the call rejects with its reason.
   */
  readonly signal?: AbortSignal;
  /** The time it is at this call, from which it runs on; the client's clock when left out. */
  readonly now?: number;
}

/** Options of a new or repeated intent. */
export interface ChargeOptions extends WaitOptions {
  /** Try a failed intent again with a new key. Only a stored proof that no money moved allows it. */
  readonly retryFailed?: boolean;
  /**
   * When this was first wanted, in milliseconds since the epoch: the time of the order, not of the call. It protects
   * where the store lost the intent (it was restored from an older backup) and the provider may have forgotten the key:
   * what is older than that is asked about before it is sent. A moment that has not come yet is refused
   * (`time_in_future`), clocks that differ by a few minutes aside.
   */
  readonly since?: number;
}

interface OutcomeBase {
  readonly reference: string;
  readonly operation: Operation;
  /** Minor units; `null` where none were named: a void, or the whole of a capture or refund. */
  readonly amount: bigint | null;
  /** ISO 4217; `null` where no amount was named. */
  readonly currency: string | null;
  /** Requests sent so far, the first included. */
  readonly attempts: number;
  /** Generation of the key, from 1. */
  readonly epoch: number;
  /** The idempotency key of this epoch. */
  readonly key: string;
  /** Charges with this reference that a person has to look at. Empty in a healthy world. */
  readonly extraCharges: readonly string[];
  /** Charges that came too late, twice, or unwanted, and what became of taking them back. */
  readonly reversals: readonly Reversal[];
}

/** A charge that is taken back by an intent of its own. */
export interface Reversal {
  /** The provider's name of the charge. */
  readonly charge: string;
  readonly operation: "refund" | "void";
  /** The reference of the intent that does it. */
  readonly reference: string;
  readonly status: "reversing" | "reversed" | "needs_review";
  /** The provider's name of the refund or void, once it is there. */
  readonly refund?: string;
  /** Why it cannot be done. */
  readonly code?: string;
}

/** Money moved (or is authorised) once. */
export interface Settled extends OutcomeBase {
  readonly status: "settled";
  /** The provider's name for the payment. */
  readonly providerReference: string;
  /** How we know. */
  readonly evidence: "response" | "query" | "webhook" | "person";
}

/** Proven: no money moved, or none that stayed moved. */
export interface Failed extends OutcomeBase {
  readonly status: "failed";
  readonly code: string;
  readonly message: string;
  /**
   * `refused`: an answer bound to the key; `never_sent`: cancelled before anything was sent; `voided`: voided by key;
   * `absent`: asked twice, and the key can no longer execute; `reversed`: what moved was given back, see `reversals`;
   * `decided`: by a person.
   */
  readonly proof: Proof;
}

/** Not known yet: a value to show and to wait on, never an exception. */
export interface PendingConfirmation extends OutcomeBase {
  readonly status: "pending_confirmation";
  /** What stands in the way, in a stable word; `reversing` while money is on its way back. */
  readonly reason?: string;
  /** When the client looks again. */
  readonly nextCheckAt?: number;
  /** The automatic ways are exhausted, or the evidence contradicts itself: a person decides. */
  readonly needsReview: boolean;
  /** Waits on, with a new limit. */
  wait(options?: WaitOptions): Promise<Outcome>;
}

/** The customer has to act. */
export interface AwaitingCustomer extends OutcomeBase {
  readonly status: "awaiting_customer";
  readonly providerReference: string;
}

/** What became of an intent. */
export type Outcome = Settled | Failed | PendingConfirmation | AwaitingCustomer;

/** A provider profile with where each of its promises is written. */
export type ProviderProfile = ProfileDocument & { readonly sources: ProfileSources };
