/** The engine of idempotent endpoints as the driver sees it: what came in, a decision out. Decides nothing. */

import type { ErrorParts } from "../shell/errors.js";
import { idempotency } from "../shell/idempotency.js";
import { encodeChecked } from "../shell/wire.js";
import type { Slot } from "../stores/slot.js";
import type { Write } from "../stores/store.js";

/** A request, as far as its identity goes. */
export interface RequestDocument {
  readonly header?: string | undefined;
  readonly least: number;
  readonly most: number;
  readonly operation: string;
  readonly principal: string;
  readonly method: string;
  readonly target: string;
  /** Whether the body is announced as JSON. */
  readonly json: boolean;
}

/** What a request is known by, or why it has no proper key. */
export type Identified =
  | { readonly id: string; readonly fingerprint: string; readonly refused?: undefined }
  | { readonly refused: ErrorParts };

/** What becomes of a key whose owner failed or died. */
export type Policy = "repeat" | "recover" | "hold";

/** What holds for all keys of an endpoint. */
export interface TermsDocument {
  readonly policy: Policy;
  readonly lease_ms?: number | undefined;
  readonly keep_ms: number;
}

/** A hold on a key, which only the engine reads. */
export type Claim = Readonly<Record<string, unknown>>;

/** Why somebody is to run. */
export type Cause = "free" | "uncertain" | "refresh";

/** The handler, or whoever recovers, is to run. */
export interface RunDecision {
  readonly answer: "execute" | "recover";
  readonly cause: Cause;
  readonly attempt: number;
  readonly fence: number;
  readonly claim: Claim;
  /** To be stored before anything is done. */
  readonly first: Write;
  /** Whether the answer of before is to stand behind what is stored first. */
  readonly keeps_answer: boolean;
}

/** What is to be done. */
export type Decision =
  | RunDecision
  | { readonly answer: "replay"; readonly expires_at: number }
  | { readonly answer: "pending"; readonly retry_after: number }
  | { readonly answer: "mismatch" }
  | { readonly answer: "in_flight"; readonly until: number }
  | { readonly answer: "unresolved" };

/** How an owner ended: `answered` with the last word, `pending` with one for now. */
export type EndingName = "answered" | "pending" | "released" | "uncertain";

/** What is to be stored at the end. */
export interface Finish {
  readonly ending: EndingName;
  readonly write: Write;
  readonly keeps_answer: boolean;
  /** With `answered`: until when it is replayed. */
  readonly expires_at?: number;
}

/** What the record of an unfinished key says. */
export interface UnfinishedDocument {
  readonly operation: string;
  readonly state: "working" | "pending" | "uncertain";
  readonly since: number;
  readonly attempt: number;
}

/** What a request is known by. */
export function identify(request: RequestDocument, body: Uint8Array): Identified {
  const document = encodeChecked(request);
  return idempotency.invoke<Identified>((exports) => exports.idempotency_identify(document, body));
}

/** Decides about a request. Throws `idempotency_record_unreadable`. */
export function decide(arrival: {
  readonly now: number;
  readonly slot: Slot;
  readonly fingerprint: string;
  readonly operation: string;
  readonly owner: string;
  readonly terms: TermsDocument;
}): Decision {
  const document = encodeChecked(arrival);
  return idempotency.invoke<Decision>((exports) => exports.idempotency_decide(document));
}

/** A claim by hand, or `null` where nothing is open. Throws `idempotency_record_unreadable`. */
export function take(arrival: {
  readonly now: number;
  readonly slot: Slot;
  readonly owner: string;
  readonly terms: TermsDocument;
}): RunDecision | null {
  const document = encodeChecked(arrival);
  return idempotency.invoke<RunDecision | null>((exports) => exports.idempotency_take(document));
}

/** What an unfinished record says; `null` for one that is none. Throws `idempotency_record_unreadable`. */
export function unfinished(record: Slot): UnfinishedDocument | null {
  const document = encodeChecked(record);
  return idempotency.invoke<UnfinishedDocument | null>((exports) => exports.idempotency_unfinished(document));
}

/** Prolongs a lease. */
export function renew(renewal: {
  readonly now: number;
  readonly claim: Claim;
  readonly terms: TermsDocument;
}): { readonly claim: Claim; readonly write: Write } {
  const document = encodeChecked(renewal);
  return idempotency.invoke<{ claim: Claim; write: Write }>((exports) => exports.idempotency_renew(document));
}

/** How a claim ends, and what is to be stored then. */
export function finish(end: {
  readonly now: number;
  readonly claim: Claim;
  readonly terms: TermsDocument;
  readonly ending: "status" | "pending" | "released" | "uncertain";
  readonly status?: number | undefined;
  readonly look_in_ms?: number | undefined;
}): Finish {
  const document = encodeChecked(end);
  return idempotency.invoke<Finish>((exports) => exports.idempotency_finish(document));
}
