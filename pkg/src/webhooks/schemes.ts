/** The catalogue: what each provider signs, and what of it was checked. */

import { webhooks } from "../shell/webhooks.js";

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
  /** Hours during which the provider may repeat an event: what was seen must be remembered as long. */
  readonly retryWindowHours: number;
  /** Where this was read. */
  readonly source: string;
  /** When it was read, as year and month. */
  readonly checked: string;
  /** How well it is attested: the provider's library was run or read, its documentation, or others' code only. */
  readonly evidence: "sdk_run" | "sdk_source" | "documented" | "third_party";
}

interface SchemeDocument {
  readonly name: string;
  readonly provider: string;
  readonly headers: readonly string[];
  readonly algorithm: string;
  readonly signed_content: string;
  readonly signs_url: boolean;
  readonly signs_time: boolean;
  readonly tolerance_seconds?: number;
  readonly event_id: string;
  readonly event_id_is_signed: boolean;
  readonly retry_window_hours: number;
  readonly source: string;
  readonly checked: string;
  readonly evidence: SchemeInfo["evidence"];
}

let known: readonly SchemeInfo[] | undefined;

/** Every scheme, by name. The rows are frozen, the list is the caller's. */
export function schemes(): SchemeInfo[] {
  known ??= webhooks
    .invoke<SchemeDocument[]>((exports) => exports.webhooks_schemes())
    .map((row) => Object.freeze(info(row)));
  return [...known];
}

function info(row: SchemeDocument): SchemeInfo {
  return {
    name: row.name,
    provider: row.provider,
    headers: Object.freeze(row.headers),
    algorithm: row.algorithm,
    signedContent: row.signed_content,
    signsUrl: row.signs_url,
    signsTime: row.signs_time,
    ...(row.tolerance_seconds === undefined ? {} : { toleranceSeconds: row.tolerance_seconds }),
    eventId: row.event_id,
    eventIdIsSigned: row.event_id_is_signed,
    retryWindowHours: row.retry_window_hours,
    source: row.source,
    checked: row.checked,
    evidence: row.evidence,
  };
}
