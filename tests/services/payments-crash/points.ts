/**
 * The points at which the merchant's process dies, C0 to C14 of the crash table: what had happened before, where it
 * strikes, and what is true afterwards.
 */

import { type KillPoint, TOLD } from "./killing.js";
import type { Fate } from "./road.js";

/** One process, before the one that dies or the one itself. */
export interface Act {
  readonly work?: "charge" | "charge again" | "cancel" | "sweep" | "hear";
  /** What happens to its requests. */
  readonly road?: readonly Fate[];
  /** Where it dies by its own hand; one that dies on the road has none. */
  readonly dies?: KillPoint;
  /** What the operator does afterwards, or how much time passes. */
  readonly then?: readonly ("back up" | "restore" | number)[];
}

/** A row of the table. */
export interface Point {
  readonly name: string;
  readonly what: string;
  /** `native` remembers keys for a day; `conservative` promises nothing, so every doubt is settled by asking. */
  readonly profile: "native" | "conservative";
  readonly acts: readonly Act[];
  /** What a sweep of another process finds, without anybody repeating the call. */
  readonly found: "nothing" | "settled" | "failed";
  /** Whether the one who repeats the call asks for another try of what failed. */
  readonly retryFailed?: boolean;
  /** What he is answered; `settled` when left out. */
  readonly repeated?: "settled" | "failed";
  /** What the rest of the business is told, in order, each as one message however often; that it settled when left out. */
  readonly told?: readonly string[];
}

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

/** Never arrives, and is known to be nowhere only after quarantine and two empty queries. */
const ABSENT: readonly Act[] = [{ work: "charge", road: ["request_lost"] }];

/** Charged, and nobody knows. */
const UNKNOWN: Act = { work: "charge", road: ["answer_lost"], dies: { when: "after", commit: "ambiguous" } };

/** What is no longer wanted, and turns out to be charged, is given back. */
const GIVEN_BACK = { profile: "native", found: "failed", repeated: "failed", told: ["payment.failed"] } as const;

const FAILED_FIRST = ["payment.failed", "payment.settled"];

/** The rows, in the order of the crash table. */
export const POINTS: readonly Point[] = [
  {
    name: "C0", what: "before the intent is stored", profile: "native", found: "nothing",
    acts: [{ work: "charge", dies: { when: "before", commit: "opened" } }],
  },
  {
    name: "C1", what: "intent stored, send not authorised", profile: "native", found: "settled",
    acts: [{ work: "charge", dies: { when: "after", commit: "opened" } }],
  },
  {
    name: "C2", what: "send authorised, no byte left", profile: "native", found: "settled",
    acts: [{ work: "charge", dies: { when: "after", commit: "send_authorised" } }],
  },
  {
    name: "C3", what: "request arrived, answer under way", profile: "native", found: "settled",
    acts: [{ work: "charge", road: ["sender_dies"] }],
  },
  {
    name: "C3", what: "the same, where keys promise nothing", profile: "conservative", found: "settled",
    acts: [{ work: "charge", road: ["sender_dies"] }],
  },
  {
    name: "C4", what: "answer read, not stored", profile: "native", found: "settled",
    acts: [{ work: "charge", dies: { when: "before", commit: "settled" } }],
  },
  {
    name: "C5", what: "settled stored, nobody told", profile: "native", found: "settled",
    acts: [{ work: "charge", dies: { when: "after", commit: "settled" } }],
  },
  {
    name: "C5", what: "business told, not stored that it was", profile: "native", found: "settled",
    acts: [{ work: "charge", dies: { when: "after", commit: TOLD } }],
  },
  {
    name: "C6", what: "doubt stored, next look not begun", profile: "native", found: "settled",
    acts: [UNKNOWN],
  },
  {
    name: "C7", what: "during a query", profile: "conservative", found: "settled",
    acts: [{ work: "charge", road: ["answer_lost", "sender_dies"] }],
  },
  {
    name: "C8", what: "query found it, not stored", profile: "conservative", found: "settled",
    acts: [{ work: "charge", road: ["answer_lost"], dies: { when: "before", commit: "settled" } }],
  },
  {
    name: "C9", what: "absence concluded, not stored", profile: "conservative", found: "failed", retryFailed: true,
    told: FAILED_FIRST,
    acts: [...ABSENT, { work: "sweep", dies: { when: "before", commit: "failed" } }],
  },
  {
    name: "C10", what: "failed stored, nobody told", profile: "conservative", found: "failed", retryFailed: true,
    told: FAILED_FIRST,
    acts: [...ABSENT, { work: "sweep", dies: { when: "after", commit: "failed" } }],
  },
  {
    name: "C11", what: "new key decided, not stored", profile: "conservative", found: "failed", retryFailed: true,
    told: FAILED_FIRST,
    acts: [...ABSENT, { work: "sweep" }, { work: "charge again", dies: { when: "before", commit: "reopened" } }],
  },
  {
    name: "C11", what: "new key stored, not sent", profile: "conservative", found: "settled", retryFailed: true,
    told: FAILED_FIRST,
    acts: [...ABSENT, { work: "sweep" }, { work: "charge again", dies: { when: "after", commit: "reopened" } }],
  },
  {
    name: "C12", what: "webhook stored, not acknowledged", profile: "native", found: "settled",
    acts: [
      UNKNOWN,
      { work: "hear", dies: { when: "after", commit: "settled" } },
      { work: "hear" },
    ],
  },
  {
    name: "C13", what: "reversal stored, refund not sent", ...GIVEN_BACK,
    acts: [UNKNOWN, { work: "cancel", dies: { when: "after", commit: "reversal_due" } }],
  },
  {
    name: "C13", what: "refund arrived, answer under way", ...GIVEN_BACK,
    acts: [UNKNOWN, { work: "cancel", road: ["carried", "sender_dies"] }],
  },
  {
    name: "C13", what: "refund answered, not stored", ...GIVEN_BACK,
    acts: [UNKNOWN, { work: "cancel", dies: { when: "before", commit: "settled" } }],
  },
  {
    name: "C13", what: "refund stored, its charge not yet told", ...GIVEN_BACK,
    acts: [UNKNOWN, { work: "cancel", dies: { when: "before", commit: "reversed" } }],
  },
  {
    name: "C14", what: "backup without the intent, key alive", profile: "native", found: "nothing",
    acts: [{ then: ["back up"] }, { work: "charge", then: ["restore"] }],
  },
  {
    name: "C14", what: "backup before the send, key alive", profile: "native", found: "settled",
    acts: [
      { work: "charge", dies: { when: "after", commit: "opened" }, then: ["back up"] },
      { work: "charge", then: ["restore"] },
    ],
  },
  {
    name: "C14", what: "backup before the send, key pruned", profile: "native", found: "settled",
    acts: [
      { work: "charge", dies: { when: "after", commit: "opened" }, then: ["back up"] },
      { work: "charge", then: ["restore", 30 * HOUR] },
    ],
  },
  {
    name: "C14", what: "backup after the send, key pruned", profile: "native", found: "settled",
    acts: [
      { work: "charge", dies: { when: "after", commit: "send_authorised" }, then: ["back up", 60 * SECOND] },
      { work: "charge", then: ["restore", 30 * HOUR] },
    ],
  },
];
