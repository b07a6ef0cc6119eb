/** A stored event, as handlers see it: the same members as the event the verifier gave out. */

import { parsePayload } from "../webhooks/payload.js";
import type { VerifiedEvent } from "../webhooks/verifier.js";
import type { EventFacts } from "./queue.js";

/** The event of a job. `payload` is parsed at first access, from the bytes that were authenticated. */
export class QueuedEvent implements VerifiedEvent {
  readonly id: string;
  readonly idIsSigned: boolean;
  declare readonly digest?: string;
  readonly type: string;
  declare readonly occurredAt?: number;
  readonly bytes: Uint8Array;
  #parsed: { readonly value: unknown } | undefined;

  constructor(facts: EventFacts, body: Uint8Array) {
    this.id = facts.id;
    this.idIsSigned = facts.idIsSigned;
    if (facts.digest !== undefined) this.digest = facts.digest;
    this.type = facts.type;
    if (facts.occurredAt !== undefined) this.occurredAt = facts.occurredAt;
    this.bytes = body;
  }

  /** The whole JSON document. Throws `payload_not_json`. */
  get payload(): unknown {
    this.#parsed ??= { value: parsePayload(this.bytes) };
    return this.#parsed.value;
  }
}
