/** A request somebody else prepared, as an intent, and what became of it. */

import type { KeptAnswer } from "./engine.js";

/** A body as a record can keep it. */
export type CallBody = { readonly text: string } | { readonly base64: string };

/** A request without host, credentials and key. */
export interface PreparedCall {
  readonly reference: string;
  /** The profile this call is decided by; the client's when left out. */
  readonly profile?: string;
  /** In upper case. */
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Lower-case names. Kept in the store: no credentials. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: CallBody;
  /** What else makes it another call: the account it acts for, the name of its credentials. */
  readonly scope: string;
  /** The name of the credentials it is sent with; those of the options when left out. */
  readonly credentials?: string;
  /** The key the caller chose, which is sent as long as the first generation lasts; derived when left out. */
  readonly ownKey?: string;
  /** The member of a JSON body where the provider looks for the key: what stands there is not part of the call. */
  readonly keyField?: string;
}

/** What became of a call. */
export interface CallOutcome {
  readonly status: "settled" | "failed" | "pending_confirmation" | "awaiting_customer";
  /** The state or the reason, in a stable word. */
  readonly reason: string;
  /** A person decides. */
  readonly needsReview: boolean;
  /** What the provider answered, where he did. */
  readonly answer?: KeptAnswer;
  /** The provider's name for what was made. */
  readonly providerReference?: string;
}
