/** The payments engine as the driver sees it: documents in, documents out. Decides nothing. */

import { payments } from "../shell/payments.js";
import { encode } from "../shell/wire.js";
import type { ProfileDocument, ProfileOperation } from "./profiles.js";
import { retryAfterMs } from "./retry-after.js";

/** One thing that happened to an intent, opaque to TypeScript. */
export type JournalEntry = Readonly<Record<string, unknown>>;

/** What is done with the money; `call` is a request prepared by somebody else. */
export type Operation = ProfileOperation | "call";

/** An answer as it was kept: what a prepared request was answered with. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A request to the provider, without host and credentials. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Names of the response headers the engine wants to see, in lower case. */
  readonly answer_headers: readonly string[];
  readonly body?: string;
}

/** Why the engine would reach the provider. */
export type Purpose = "first_send" | "resend" | "query" | "void";

/** An exchange with the provider that the engine wants. The answer is told under its number. */
export type ExchangeAction =
  | (Exchange & { readonly type: "send"; readonly attempt: number })
  | (Exchange & { readonly type: "query" | "void"; readonly query: number });

/** What the engine wants done. */
export type Action =
  | ExchangeAction
  | {
      /** See to it that the intent that takes a charge back is there, drive it, and tell what became of it. */
      readonly type: "reverse";
      readonly charge: string;
      /** It ended without effect and is to be begun again. */
      readonly again: boolean;
      readonly request: RequestDocument;
    }
  | { readonly type: "permit"; readonly for: Purpose }
  | { readonly type: "wait"; readonly until: number }
  | { readonly type: "rest" };

/** What proves that no money moved, or none that stayed moved. */
export type Proof = "refused" | "never_sent" | "voided" | "absent" | "reversed" | "decided";

/** A charge that is taken back, as the engine describes it. */
export interface ReversalView {
  readonly charge: string;
  readonly operation: "refund" | "void";
  readonly reference: string;
  readonly status: "reversing" | "reversed" | "needs_review";
  readonly refund?: string;
  readonly code?: string;
}

/** The intent as the engine describes it. */
export interface IntentView {
  readonly status: "settled" | "failed" | "pending_confirmation" | "awaiting_customer";
  readonly state: string;
  readonly reference: string;
  readonly operation: Operation;
  /** Name of the profile it was opened with. */
  readonly profile: string;
  /** Left out where the caller named no amount, and then without currency. */
  readonly amount?: string;
  readonly currency?: string;
  /** The answer to a prepared request, once there is one. */
  readonly answer?: KeptAnswer;
  readonly attempts: number;
  readonly epoch: number;
  readonly key: string;
  readonly provider_reference?: string;
  readonly evidence?: "response" | "query" | "webhook" | "person";
  readonly code?: string;
  readonly message?: string;
  readonly proof?: Proof;
  readonly reason?: string;
  readonly cancel_wished?: boolean;
  readonly next_check_at?: number;
  readonly extra_charges: readonly string[];
  readonly reversals: readonly ReversalView[];
}

/** What became of an exchange with the provider, or of something else that was heard. */
export type News =
  | {
      readonly type: "response";
      readonly attempt: number;
      readonly status: number;
      /** Those that the action asked for, names in lower case. */
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  | { readonly type: "failure"; readonly attempt: number; readonly not_sent: boolean }
  | {
      readonly type: "query" | "void";
      readonly query: number;
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  | { readonly type: "webhook"; readonly payment: unknown }
  | {
      readonly type: "reversal";
      readonly reference: string;
      readonly status: "settled" | "failed" | "pending_confirmation" | "needs_review";
      readonly provider_reference?: string;
      readonly proof?: Proof;
      readonly code?: string;
    };

/** The request as the engine reads it. */
export interface RequestDocument {
  readonly merchant: string;
  readonly operation: Operation;
  readonly reference: string;
  readonly amount?: string;
  readonly currency?: string;
  /** The provider's name of the payment that is captured, voided or refunded. */
  readonly target?: string;
  /** The account a transfer or payout goes to. */
  readonly destination?: string;
  readonly description?: string;
  readonly metadata?: unknown;
  /** Merged into the provider's body as they are. */
  readonly provider_fields?: unknown;
  /** The prepared request, for the operation `call` and no other. */
  readonly call?: CallDocument;
}

/** A request prepared by somebody else, without host, credentials and key. */
export interface CallDocument {
  readonly method: string;
  /** Path and query, beginning with a slash. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** What else makes it another call, such as the account it acts for. */
  readonly scope?: string;
  /** The key the caller chose, for the first generation. */
  readonly own_key?: string;
  /** The member of a JSON body where the provider looks for the key; what the caller had put there is left out. */
  readonly key_member?: string;
}

/** How the engine decides. */
export interface SettingsDocument {
  readonly lease_ms: number;
  readonly deadline_ms?: number;
  /** When this process began to read the store: what was written before may be of an older copy. */
  readonly begun_at?: number;
  readonly retry: { readonly base_ms?: number; readonly cap_ms?: number; readonly jitter?: string };
}

/** What to store, what to do, and where the intent stands. */
export interface Step {
  readonly append: readonly JournalEntry[];
  /** Intents that must be stored together with what is appended, unless they are there already. */
  readonly open: readonly RequestDocument[];
  readonly action: Action;
  readonly intent: IntentView;
  readonly wake_at: number | null;
}

/** A new intent. */
export function openIntent(input: {
  readonly profile: ProfileDocument;
  readonly account: string;
  readonly secret: string;
  readonly request: RequestDocument;
  readonly settings: SettingsDocument;
  readonly now: number;
  /** When the caller first wanted it. */
  readonly since?: number;
}): Step {
  const document = withProfile(input);
  const step = payments.invoke<Step>((exports) => exports.payments_open(document));
  // In a journal the request lies deeper than here: what would not cross any more is refused before it is stored.
  encode({ journal: step.append });
  return step;
}

/** One round of a known intent. */
export function stepIntent(input: {
  readonly profile: ProfileDocument;
  readonly journal: readonly JournalEntry[];
  readonly settings: SettingsDocument;
  readonly now: number;
  readonly owner: string;
  readonly entropy: string;
  readonly same_as?: RequestDocument;
  readonly reopen_with?: string;
  readonly cancel?: boolean;
  readonly resolve?: { readonly charge?: string; readonly note: string };
  readonly news?: News;
  /** A moment before which nothing may be sent, or that the driver wants to be asked before anything is. */
  readonly permit?: number | "ask";
}): Step {
  const document = withProfile({ ...input, ...(input.news && { news: withHint(input.news, input.now) }) });
  return payments.invoke<Step>((exports) => exports.payments_step(document));
}

/** An answer as the engine hears it: with the wait its `Retry-After` asks for as a number. */
function withHint(news: News, now: number): News & { readonly retry_after_ms?: number } {
  const hint = "headers" in news ? news.headers["retry-after"] : undefined;
  const wait = hint === undefined ? undefined : retryAfterMs(hint, now);
  return wait === undefined ? news : { ...news, retry_after_ms: wait };
}

/** The beginning of an input, up to and with the comma after the profile: that is the longest part of it, and never changes. */
const beginnings = new WeakMap<ProfileDocument, Uint8Array>();

/** The bytes of an input with a profile, which is written once and not at each call. */
function withProfile({ profile, ...input }: { readonly profile: ProfileDocument }): Uint8Array {
  let beginning = beginnings.get(profile);
  if (beginning === undefined) {
    const alone = encode({ profile });
    alone[alone.length - 1] = 0x2c;
    beginning = alone;
    beginnings.set(profile, beginning);
  }
  const rest = encode(input).subarray(1);
  const document = new Uint8Array(beginning.length + rest.length);
  document.set(beginning);
  document.set(rest, beginning.length);
  return document;
}

/** Where an intent stands, without moving it. */
export function viewIntent(journal: readonly JournalEntry[]): IntentView {
  const document = encode({ journal });
  return payments.invoke<IntentView>((exports) => exports.payments_view(document));
}

/** The decisions of an intent, one line of text an entry. */
export function traceIntent(journal: readonly JournalEntry[]): string {
  const document = encode({ journal });
  return payments.invoke<string>((exports) => exports.payments_trace(document));
}
