/**
 * An event that waits for those before it, as a record.
 *
 * Invariant: what comes out is what was verified, byte for byte; nothing is taken from a record that this version did not
 * write.
 */

import { TillproofError } from "../shell/errors.js";
import type { StoredRecord } from "../stores/store.js";
import { itemOf } from "../webhooks/item.js";
import { parsePayload } from "../webhooks/payload.js";
import type { VerifiedEvent } from "../webhooks/verifier.js";

/** An event and when it came. */
export interface HeldEvent {
  readonly event: VerifiedEvent;
  readonly receivedAt: number;
}

interface HeldDocument {
  readonly v: 1;
  readonly id: string;
  readonly id_is_signed: boolean;
  readonly digest?: string | undefined;
  readonly type: string;
  readonly occurred_at?: number | undefined;
  /** Where it stands in the list of a delivery that carries several. */
  readonly index?: number | undefined;
  readonly received_at: number;
  /** The body in base64: a record is text. */
  readonly body: string;
}

/** The value of the record. */
export function encodeHeld({ event, receivedAt }: HeldEvent): string {
  const document: HeldDocument = {
    v: 1,
    id: event.id,
    id_is_signed: event.idIsSigned,
    digest: event.digest,
    type: event.type,
    occurred_at: event.occurredAt,
    index: event.index,
    received_at: receivedAt,
    body: base64(event.bytes),
  };
  return JSON.stringify(document);
}

/** The event of a record, which came by `scheme`; `null` for one that was emptied. Throws `inbox_record_unreadable`. */
export function decodeHeld(record: StoredRecord, scheme: string): HeldEvent | null {
  if (record.value === "") return null;
  const held = JSON.parse(record.value) as HeldDocument | { readonly v: unknown };
  if (held.v !== 1) {
    throw new TillproofError({
      code: "inbox_record_unreadable",
      message: `the record ${record.key} was written by a newer version: update this process before it touches the record`,
      advice: "reconcile",
    });
  }
  const document = held as HeldDocument;
  return { event: new RestoredEvent(document, scheme), receivedAt: document.received_at };
}

class RestoredEvent implements VerifiedEvent {
  readonly id: string;
  readonly idIsSigned: boolean;
  declare readonly digest?: string;
  readonly type: string;
  declare readonly occurredAt?: number;
  declare readonly index?: number;
  readonly bytes: Uint8Array;
  readonly #scheme: string;
  #parsed: { readonly value: unknown } | undefined;

  constructor(document: HeldDocument, scheme: string) {
    this.id = document.id;
    this.idIsSigned = document.id_is_signed;
    if (document.digest !== undefined) this.digest = document.digest;
    this.type = document.type;
    if (document.occurred_at !== undefined) this.occurredAt = document.occurred_at;
    if (document.index !== undefined) this.index = document.index;
    this.#scheme = scheme;
    this.bytes = Uint8Array.from(atob(document.body), (letter) => letter.charCodeAt(0));
  }

  get item(): unknown {
    return itemOf(this.#scheme, this.payload, this.index);
  }

  get payload(): unknown {
    this.#parsed ??= { value: parsePayload(this.bytes) };
    return this.#parsed.value;
  }
}

/** In parts, since a call takes only so many arguments. */
function base64(bytes: Uint8Array): string {
  let letters = "";
  for (let at = 0; at < bytes.length; at += 8_192) letters += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  return btoa(letters);
}
