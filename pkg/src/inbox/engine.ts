/** The inbox engine as the driver sees it: an arrival in, a decision out. Decides nothing. */

import { inbox } from "../shell/inbox.js";
import { encodeChecked } from "../shell/wire.js";
import type { Slot } from "../stores/slot.js";
import type { Write } from "../stores/store.js";

/** Where an event stands in the order of its object, and the records that know about it. */
export interface OrderDocument {
  readonly policy: "newest" | "hold" | "verdict";
  readonly by: "version" | "time" | "state";
  readonly value: number;
  readonly mark: Slot;
  readonly held: Slot;
  readonly hold_until: number;
  readonly release?: boolean | undefined;
}

/** What has arrived, and what the store knows of it. */
export interface ArrivalDocument {
  readonly now: number;
  readonly received_at: number;
  readonly type: string;
  readonly claims: readonly Slot[];
  readonly lease_ms?: number | undefined;
  readonly keep_ms?: number | undefined;
  readonly order?: OrderDocument | undefined;
}

/** How an event stands to those of its object that were applied before. */
export type Verdict = "first" | "newer" | "same" | "older";

/** What is to be done. */
export type Decision =
  | { readonly answer: "duplicate"; readonly then: readonly Write[] }
  | { readonly answer: "busy"; readonly until: number }
  | { readonly answer: "held"; readonly until: number }
  | { readonly answer: "stale"; readonly then: readonly Write[] }
  | { readonly answer: "hold"; readonly until: number; readonly then: readonly Write[] }
  | RunDecision;

/** The handler is to run. */
export interface RunDecision {
  readonly answer: "run";
  readonly attempt: number;
  readonly fence: number;
  readonly verdict?: Verdict;
  readonly first: readonly Write[];
  readonly then: readonly Write[];
  readonly otherwise: readonly Write[];
}

/** Decides about an arrival. Throws `inbox_record_unreadable`. */
export function decide(arrival: ArrivalDocument): Decision {
  const document = encodeChecked(arrival);
  return inbox.invoke<Decision>((exports) => exports.inbox_decide(document));
}
