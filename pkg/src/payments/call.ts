/**
 * A request somebody else prepared, as an intent, and what became of it.
 *
 * Invariant: what is kept of a call is enough for another process to send it again, but for the credentials.
 */

import { optionalText, text } from "../shell/guard.js";
import type { IntentView, KeptAnswer, RequestDocument } from "./engine.js";
import { keptForm } from "./fetch-wire.js";

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
  readonly keyMember?: string;
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

/** The intent of a call, as the engine reads it. */
export function callDocument(merchant: string, call: PreparedCall): RequestDocument {
  const ownKey = optionalText("ownKey", call.ownKey);
  return {
    merchant,
    operation: "call",
    reference: text("reference", call.reference),
    call: {
      method: text("method", call.method),
      path: text("path", call.path),
      ...keptForm(call.headers, call.body, call.credentials),
      ...(call.scope === "" ? {} : { scope: call.scope }),
      ...(ownKey === undefined ? {} : { own_key: ownKey }),
      ...(call.keyMember === undefined ? {} : { key_member: call.keyMember }),
    },
  };
}

/** What became of a call, as far as it is known. */
export function callOutcome(view: IntentView): CallOutcome {
  const { status, state, reason, code, answer, provider_reference: providerReference } = view;
  return {
    status,
    reason: reason ?? code ?? state,
    needsReview: state === "needs_review",
    ...(answer === undefined ? {} : { answer }),
    ...(providerReference === undefined || providerReference === "" ? {} : { providerReference }),
  };
}
