/**
 * The payments engine itself, for whoever brings a driver of his own: another queue, another store, an actor.
 *
 * Invariant: nothing here waits, stores, sends, reads a clock or draws a number. A journal and what happened go in; what to
 * append and what to do comes out. The driver appends first, by compare-and-set on the journal, and acts second.
 *
 * Documents (journal entries, actions, news, views) are JSON in snake_case, since they are stored and cross processes.
 */

import { bytes, count, onlyKnown, refusal, text, timeMs } from "../shell/guard.js";
import { decided, requestDocument, type AnyRequest } from "./documents.js";
import { openIntent, stepIntent, traceIntent, viewIntent } from "./engine.js";
import type { IntentView, JournalEntry, News, Operation, RequestDocument, SettingsDocument, Step } from "./engine.js";
import { hex } from "./host.js";
import type {
  ChargeRequest,
  Decision,
  FollowUpRequest,
  PayoutRequest,
  ProviderProfile,
  RetryOptions,
  TransferRequest,
  VoidRequest,
} from "./outcome.js";
import { knownProfile, profileOfIntent, type KnownProfile, type ProfileDocument } from "./profiles.js";
import { retrySettings } from "./settings.js";

export { answered, unanswered, type Exchanged } from "./exchange.js";
export type {
  Action,
  CallDocument,
  Exchange,
  ExchangeAction,
  IntentView,
  JournalEntry,
  KeptAnswer,
  News,
  Operation,
  Proof,
  Purpose,
  RequestDocument,
  ReversalView,
  SettingsDocument,
  Step,
} from "./engine.js";
export type {
  ChargeRequest,
  Decision,
  FollowUpRequest,
  PayoutRequest,
  ProfileDocument,
  ProviderProfile,
  RetryOptions,
  TransferRequest,
  VoidRequest,
};

const LEASE_MS = 12_000;

/** A round needs this much, in bytes: waits are drawn from it. */
const ENTROPY_BYTES = 16;

/** How an engine decides, and about whose money. */
export interface EngineOptions {
  /** Name of a built-in profile or one of your own; `conservative` when left out. */
  readonly profile?: string | ProfileDocument;
  /** Whose money it is, as in {@link createPayments}. */
  readonly merchantId: string;
  /** The account at the provider, where a merchant has several. */
  readonly account?: string;
  /** What keys are derived from: sixteen bytes or more, the same in all processes, for ever. */
  readonly secret: string | Uint8Array;
  /** For how long whoever sends is alone, in milliseconds: longer than a request may take. 12,000 when left out. */
  readonly leaseMs?: number;
  /** After how long a person is asked, in milliseconds. */
  readonly deadlineMs?: number;
  /** When this process began to read the store, in milliseconds since 1970: what is older is asked about before it is sent. */
  readonly begunAt?: number;
  /** The waits between attempts. */
  readonly retry?: RetryOptions;
}

/** What an operation is asked with. */
export interface EngineRequests {
  readonly charge: ChargeRequest;
  readonly authorize: ChargeRequest;
  readonly capture: FollowUpRequest;
  readonly void: VoidRequest;
  readonly refund: FollowUpRequest;
  readonly transfer: TransferRequest;
  readonly payout: PayoutRequest;
}

/** When an intent is begun. */
export interface EngineOpening {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** When the customer first wanted it, if it may have been lost since, in milliseconds since 1970. */
  readonly since?: number;
}

/** One round: by which clock, by whom, and what happened since the last one. At most one of the last four. */
export interface EngineRound {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Sixteen bytes nobody can foresee, new for each round. */
  readonly entropy: Uint8Array;
  /** Names the process in leases: another one after each start. */
  readonly owner: string;
  /** What became of an exchange, or of something else that was heard. */
  readonly news?: News;
  /** The money is no longer wanted. */
  readonly cancel?: boolean;
  /** What a person decided about an intent in review. */
  readonly resolve?: Decision;
  /** The caller came again with this request: refused with `intent_mismatch` when it is another one. */
  readonly repeated?: EngineRepetition;
  /**
   * `"ask"`: whatever would reach the provider becomes the action `permit`, for a governor to be asked. A moment: nothing
   * is sent before it.
   */
  readonly permit?: number | "ask";
}

/** A request that came again. */
export interface EngineRepetition {
  readonly operation: keyof EngineRequests;
  readonly request: EngineRequests[keyof EngineRequests];
  /** Begins what failed again, under a new key, on the stored proof that nothing moved. */
  readonly retryFailed?: boolean;
}

const OPTIONS = ["profile", "merchantId", "account", "secret", "leaseMs", "deadlineMs", "begunAt", "retry"] as const;
const ROUND = ["now", "entropy", "owner", "news", "cancel", "resolve", "repeated", "permit"] as const;
const HAPPENED = ["news", "cancel", "resolve", "repeated"] as const;

/** Decides for all intents of one merchant at one provider, and remembers none of them. */
export class PaymentsEngine {
  readonly #profile: KnownProfile;
  readonly #merchant: string;
  readonly #account: string;
  readonly #secret: string;
  readonly #settings: SettingsDocument;

  /** Use {@link createEngine}. */
  constructor(options: EngineOptions) {
    const { profile, merchantId, account, secret, leaseMs, deadlineMs, begunAt, retry } = onlyKnown("options", options, OPTIONS);
    this.#profile = knownProfile(profile ?? "conservative");
    this.#merchant = text("merchantId", merchantId);
    this.#account = text("account", account ?? "");
    this.#secret = hex(bytes("secret", secret));
    this.#settings = {
      lease_ms: count("leaseMs", leaseMs ?? LEASE_MS, 1),
      ...(deadlineMs === undefined ? {} : { deadline_ms: count("deadlineMs", deadlineMs, 1) }),
      ...(begunAt === undefined ? {} : { begun_at: timeMs("begunAt", begunAt) }),
      retry: retrySettings(retry ?? {}),
    };
    // Opening a throw-away intent checks secret and waits now, not at the first order.
    const call = { method: "POST", path: "/", body: "{}" };
    this.openDocument({ merchant: this.#merchant, operation: "call", reference: "check", call }, { now: begunAt ?? 0 });
  }

  /**
   * The first entries of an intent. Store them only where the reference has no journal yet; where it has one, make a round
   * with `repeated` instead.
   */
  open<O extends keyof EngineRequests>(operation: O, request: EngineRequests[O], opening: EngineOpening): Step {
    return this.openDocument(this.#document(operation, request), opening);
  }

  /** The same for a request that the engine itself made: one of `open` in a step, or of the action `reverse`. */
  openDocument(request: RequestDocument, opening: EngineOpening): Step {
    const { now, since } = onlyKnown("opening", opening, ["now", "since"]);
    return openIntent({
      profile: this.#profile.document,
      account: this.#account,
      secret: this.#secret,
      request,
      settings: this.#settings,
      now: timeMs("now", now),
      ...(since === undefined ? {} : { since: timeMs("since", since) }),
    });
  }

  /** One round of a known intent. What it allows may be done once what it appends is stored. */
  step(journal: readonly JournalEntry[], round: EngineRound): Step {
    const { now, entropy, owner, news, cancel, resolve, repeated, permit } = onlyKnown("round", round, ROUND);
    const happened = HAPPENED.filter((name) => round[name] !== undefined);
    if (happened.length > 1) {
      throw refusal("argument_invalid", "round", happened.join(", "), "are several things at once: make a round for each, one after the other");
    }
    const drawn = bytes("entropy", entropy);
    if (drawn.length !== ENTROPY_BYTES) {
      throw refusal("argument_invalid", "entropy", drawn.length, `is another number of bytes: expected ${ENTROPY_BYTES}, new for each round`);
    }
    return stepIntent({
      profile: profileOfIntent(this.#profile, journal[0]?.["profile"]),
      journal,
      settings: this.#settings,
      now: timeMs("now", now),
      owner: text("owner", owner),
      entropy: hex(drawn),
      ...(news === undefined ? {} : { news }),
      ...(cancel === undefined ? {} : { cancel }),
      ...(resolve === undefined ? {} : { resolve: decided(resolve) }),
      ...(repeated === undefined ? {} : this.#repeated(repeated)),
      ...(permit === undefined ? {} : { permit: permit === "ask" ? permit : timeMs("permit", permit) }),
    });
  }

  /** Where an intent stands, without moving it. */
  view(journal: readonly JournalEntry[]): IntentView {
    return viewIntent(journal);
  }

  /** The decisions of an intent, one line of text an entry. */
  trace(journal: readonly JournalEntry[]): string {
    return traceIntent(journal);
  }

  #repeated(repetition: EngineRepetition): { same_as: RequestDocument; reopen_with?: string } {
    const { operation, request, retryFailed } = onlyKnown("repeated", repetition, ["operation", "request", "retryFailed"]);
    const same = this.#document(operation, request);
    return { same_as: same, ...(retryFailed === true ? { reopen_with: this.#secret } : {}) };
  }

  #document(operation: Operation, request: EngineRequests[keyof EngineRequests]): RequestDocument {
    return requestDocument(this.#merchant, operation, request as AnyRequest);
  }
}

/**
 * An engine for the intents of one merchant at one provider.
 *
 * Throws `unknown_option`, `option_invalid`, `profile_unknown` or what a profile of your own is refused with,
 * `key_secret_too_short`, `retry_base_zero` and `retry_cap_below_base`.
 */
export function createEngine(options: EngineOptions): PaymentsEngine {
  return new PaymentsEngine(options);
}
