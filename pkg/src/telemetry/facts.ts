/**
 * What a stored change of an intent means for whoever watches.
 *
 * Invariant: facts are made of names of profiles, operations, entries and reasons only: closed lists of stable words. No
 * reference, no amount, no text of a provider is a label, so that nothing secret leaves and series stay few.
 */

import type { JournalEntry } from "../payments/engine.js";

/** What is read of a change that the payment client tells of. */
export interface PaymentChange {
  readonly reference: string;
  /** What the journal held before. */
  readonly earlier: readonly JournalEntry[];
  /** What was appended. */
  readonly entries: readonly JournalEntry[];
  readonly before: { readonly state: string } | null;
  readonly after: {
    readonly state: string;
    readonly profile: string;
    readonly operation: string;
    readonly attempts: number;
  };
}

/** How an intent ended, or ended for now. */
export type PaymentEnd = "settled" | "failed" | "reversed" | "needs_review" | "awaiting_customer";

/** What happened, beside the transition itself. */
export type Fact =
  | { readonly type: "opened" }
  | { readonly type: "sent" }
  | { readonly type: "asked" }
  | { readonly type: "held" }
  | { readonly type: "setback"; readonly reason: string }
  /** `seconds` since the intent was opened, `attempts` in all; told at each end, of which an intent may have several. */
  | { readonly type: "end"; readonly end: PaymentEnd; readonly seconds: number; readonly attempts: number };

const ENDS: Readonly<Record<string, PaymentEnd>> = {
  settled: "settled",
  failed: "failed",
  reversed: "reversed",
  needs_review: "needs_review",
  action_required: "awaiting_customer",
};

const SETBACKS: ReadonlySet<string> = new Set(["not_executed", "ambiguous", "queried_empty"]);

/** The facts of a change, in the order of its entries. */
export function factsOf({ earlier, entries, before, after }: PaymentChange): Fact[] {
  const openedAt = Number((earlier[0] ?? entries[0])?.["at"]);
  const facts: Fact[] = [];
  for (const entry of entries) {
    const type = String(entry["type"]);
    const end = type === "resolved" ? (typeof entry["charge"] === "string" ? "settled" : "failed") : ENDS[type];
    if (type === "opened") facts.push({ type: "opened" });
    else if (type === "send_authorised") facts.push({ type: "sent" });
    else if (type === "asked") facts.push({ type: "asked" });
    else if (type === "held") facts.push({ type: "held" });
    else if (SETBACKS.has(type)) facts.push({ type: "setback", reason: typeof entry["reason"] === "string" ? entry["reason"] : type });
    else if (end !== undefined && !(end === "awaiting_customer" && before?.state === "awaiting_customer")) {
      const seconds = Math.max(0, Number(entry["at"]) - openedAt) / 1_000;
      facts.push({ type: "end", end, seconds, attempts: after.attempts });
    }
  }
  return facts;
}
