/**
 * A job as one JSON document, for engines that keep their own tables.
 *
 * Invariant: what comes out is what went in, byte for byte; the body crosses as base64, since JSON carries no bytes.
 */

import type { EventFacts, NewJob, RawDelivery } from "../worker/queue.js";
import { checkedFacts, checkedHeaders, damaged } from "./record.js";

/** One event with its delivery. */
export interface EncodedJob {
  readonly v: 1;
  /** Stable over all attempts and replays. */
  readonly id: string;
  readonly event: EventFacts;
  readonly scheme: string;
  readonly receivedAt: number;
  readonly signedAt?: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Base64. */
  readonly body: string;
  readonly orderKey?: string;
}

/** The document of a job. */
export function encodedJob(id: string, { event, orderKey }: NewJob, { body, ...delivery }: RawDelivery): EncodedJob {
  const base64 = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("base64");
  return { v: 1, id, event, ...delivery, body: base64, ...(orderKey === undefined ? {} : { orderKey }) };
}

/** A document that was read back. Throws `queue_row_damaged` where it is none. */
export function checkedJob(value: unknown): EncodedJob {
  const { id, event, scheme, headers, body } = (value ?? {}) as Partial<EncodedJob>;
  checkedFacts(event);
  checkedHeaders(headers);
  if (typeof body !== "string") throw damaged("it has no body");
  if (typeof id !== "string" || typeof scheme !== "string") throw damaged("it has no id or no scheme");
  return value as EncodedJob;
}

/** What stands for a document that cannot be read. */
export function unreadJob(id: string): EncodedJob {
  return { v: 1, id, event: { id: "", idIsSigned: false, type: "" }, scheme: "", receivedAt: 0, headers: {}, body: "" };
}

/** The delivery in a document. */
export function deliveryOf({ scheme, receivedAt, signedAt, headers, body }: EncodedJob): RawDelivery {
  const bytes = Buffer.from(body, "base64");
  return {
    scheme,
    receivedAt,
    ...(signedAt === undefined ? {} : { signedAt }),
    headers,
    body: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  };
}
