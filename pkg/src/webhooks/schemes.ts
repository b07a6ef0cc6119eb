/** The catalogue: what each provider signs, and what of it was checked. */

import { rows } from "../../wasm/webhooks.schemes.js";

/** One way of signing a delivery. */
export interface SchemeInfo {
  /** The name `createVerifier` takes. */
  readonly name: string;
  readonly provider: string;
  /** The headers that are read, in lower case, the one with the signature first. */
  readonly headers: readonly string[];
  /** Such as `hmac-sha256`. */
  readonly algorithm: string;
  /** What is signed, such as `{timestamp}.{body}`. */
  readonly signedContent: string;
  /** Whether `url` is needed. */
  readonly signsUrl: boolean;
  /** Whether the time is signed. Without it a replay cannot be told by its age. */
  readonly signsTime: boolean;
  /** Seconds a delivery may be old by default; absent where no time is enforced unless asked for. */
  readonly toleranceSeconds?: number;
  /** Where the id of an event stands. */
  readonly eventId: string;
  /** Whether the signature covers that id. */
  readonly eventIdIsSigned: boolean;
  /**
   * How much the signature says: every byte of the body, some fields and nothing else, or merely that the sender knows a
   * token.
   */
  readonly strength: "signed_body" | "signed_fields" | "token";
  /** Hours during which the provider may repeat an event: what was seen must be remembered as long. */
  readonly retryWindowHours: number;
  /** Where this was read. */
  readonly source: string;
  /** When it was read, as year and month. */
  readonly checked: string;
  /** How well it is attested: the provider's library was run or read, its documentation, or others' code only. */
  readonly evidence: "sdk_run" | "sdk_source" | "genuine" | "documented" | "third_party";
  /** What of it nobody has seen confirmed. */
  readonly unverified?: string;
  /** What whoever uses the scheme should know. */
  readonly note?: string;
}

/** Every scheme, by name. The rows are frozen, the list is the caller's. */
export function schemes(): SchemeInfo[] {
  known ??= rows().map((row) => Object.freeze(row));
  return [...known];
}

let known: readonly SchemeInfo[] | undefined;
