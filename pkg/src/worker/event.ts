/** A stored event, as handlers see it: the same members as the event the verifier gave out. */

import { itemOf } from "../webhooks/item.js";
import { parsePayload } from "../webhooks/payload.js";
import type { VerifiedEvent } from "../webhooks/verifier.js";
import type { EventFacts, RawDelivery } from "./queue.js";

/** The event of a job. `payload` is parsed at first access, from the bytes that were authenticated. */
export class QueuedEvent implements VerifiedEvent {
  readonly id: string;
  readonly idIsSigned: boolean;
  declare readonly digest?: string;
  readonly type: string;
  declare readonly occurredAt?: number;
  declare readonly index?: number;
  readonly bytes: Uint8Array;
  readonly #scheme: string;
  #parsed: { readonly value: unknown } | undefined;

  constructor(facts: EventFacts, { scheme, body }: RawDelivery) {
    this.id = facts.id;
    this.idIsSigned = facts.idIsSigned;
    if (facts.digest !== undefined) this.digest = facts.digest;
    this.type = facts.type;
    if (facts.occurredAt !== undefined) this.occurredAt = facts.occurredAt;
    if (facts.index !== undefined) this.index = facts.index;
    this.bytes = body;
    this.#scheme = scheme;
  }

  /** The JSON value of this event alone. Throws `payload_not_json`. */
  get item(): unknown {
    return itemOf(this.#scheme, this.payload, this.index);
  }

  /** The whole JSON document. Throws `payload_not_json`. */
  get payload(): unknown {
    this.#parsed ??= { value: parsePayload(this.bytes) };
    return this.#parsed.value;
  }
}
