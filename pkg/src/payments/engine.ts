/** The payments engine as the driver sees it: documents in, documents out. Decides nothing. */

import { payments } from "../shell/payments.js";
import { encode } from "../shell/wire.js";
import type { ProfileDocument, ProfileOperation } from "./profiles.js";

/** One thing that happened to an intent, opaque to TypeScript. */
export type JournalEntry = Readonly<Record<string, unknown>>;

/** What the engine wants done. */
export type Action =
  | {
      readonly type: "send";
      readonly attempt: number;
      readonly method: string;
      readonly path: string;
      readonly headers: Readonly<Record<string, string>>;
      /** Names of the response headers the engine wants to see, in lower case. */
      readonly answer_headers: readonly string[];
      readonly body?: string;
    }
  | {
      readonly type: "query";
      readonly method: string;
      readonly path: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly answer_headers: readonly string[];
    }
  | { readonly type: "wait"; readonly until: number }
  | { readonly type: "rest" };

/** What is done with the money; `call` is a request prepared by somebody else. */
export type Operation = ProfileOperation | "call";

/** An answer as it was kept: what a prepared request was answered with. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
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
  readonly evidence?: "response" | "query" | "webhook";
  readonly code?: string;
  readonly message?: string;
  readonly proof?: "refused" | "absent";
  readonly reason?: string;
  readonly next_check_at?: number;
  readonly extra_charges: readonly string[];
}

/** What became of an exchange with the gateway, or of something else that was heard. */
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
      readonly type: "query";
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  | { readonly type: "webhook"; readonly payment: unknown };

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
}

/** How the engine decides. */
export interface SettingsDocument {
  readonly lease_ms: number;
  readonly deadline_ms?: number;
  readonly retry: { readonly base_ms?: number; readonly cap_ms?: number; readonly jitter?: string };
}

/** What to store, what to do, and where the intent stands. */
export interface Step {
  readonly append: readonly JournalEntry[];
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
}): Step {
  const document = encode(input);
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
  readonly news?: News;
}): Step {
  const document = encode(input);
  return payments.invoke<Step>((exports) => exports.payments_step(document));
}

/** Where an intent stands, without moving it. */
export function viewIntent(journal: readonly JournalEntry[]): IntentView {
  const document = encode({ journal });
  return payments.invoke<IntentView>((exports) => exports.payments_view(document));
}
