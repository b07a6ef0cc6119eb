/**
 * A case as callers see it.
 *
 * Invariant: nothing is lost on the way from the journal: whoever reads a case sees everything that was said of it, in the
 * order in which it was stored.
 */

import type { EntryInput, PostingInput } from "../ledger/entry.js";
import type { Break, BreakKind } from "../reconcile/report.js";
import type { CaseState, CaseView, JournalEntry, ProposalView } from "./engine.js";

/** What a person wants posted. Id and cause are the queue's to give: they name the break and who approved. */
export interface ProposedEntry {
  /** 2 to 256 legs that sum to zero in each currency. */
  readonly postings: readonly PostingInput[];
  /** A line for people. */
  readonly description?: string | undefined;
  /** When it happened, in milliseconds; the moment of the approval when left out. */
  readonly occurredAt?: number | undefined;
  /** Ties to other entries, such as `reverses`. */
  readonly links?: EntryInput["links"];
  /** The row of the mirror that stands for it, where it completes the books. */
  readonly facts?: EntryInput["facts"];
}

/** A proposal and what became of it. */
export interface CaseProposal {
  /** From 1. */
  readonly number: number;
  readonly by: string;
  readonly reason: string;
  /** What is to be posted; `null` to accept the break as it is. */
  readonly entry: ProposedEntry | null;
  /**
   * Whether the books say something else of the rows afterwards (the entry reverses one, or has a row in the mirror), so
   * that a later run which still has the break opens the case again.
   */
  readonly mends: boolean;
  readonly approvedBy: string | null;
  /** Where the entry stands in the ledger, from 1. */
  readonly position: number | null;
}

/** One thing that happened; which members it has follows from its type. */
export interface HistoryEntry {
  readonly type:
    | "opened" | "changed" | "gone" | "returned"
    | "assigned" | "commented" | "proposed" | "rejected" | "approved" | "posted" | "refused" | "reopened";
  readonly at: number;
  /** The person. */
  readonly by?: string;
  /** The run, where a run found it out. */
  readonly run?: string;
  /** Whom it was assigned to; nobody when left out. */
  readonly to?: string;
  readonly text?: string;
  readonly reason?: string;
  /** The number of the proposal. */
  readonly proposal?: number;
  /** Where the entry stands in the ledger. */
  readonly position?: number;
}

/** A break under investigation. */
export interface Case {
  /** The id of the break, from run to run the same. */
  readonly id: string;
  readonly state: CaseState;
  /** As the last run that said something new of it has it. */
  readonly break: Break;
  /** That run. */
  readonly run: string;
  readonly openedAt: number;
  /** When the last thing happened to it. */
  readonly changedAt: number;
  readonly resolvedAt: number | null;
  readonly assignee: string | null;
  /** How often it was opened again. */
  readonly returns: number;
  readonly proposals: readonly CaseProposal[];
  /** Everything, in order; nothing of it is ever changed. */
  readonly history: readonly HistoryEntry[];
}

/** The case of a view and the journal it was made of. */
export function caseOf(view: CaseView, journal: readonly JournalEntry[]): Case {
  return {
    id: view.id,
    state: view.state,
    break: JSON.parse(view.found) as Break,
    run: view.run,
    openedAt: view.opened_at,
    changedAt: view.changed_at,
    resolvedAt: view.resolved_at ?? null,
    assignee: view.assignee ?? null,
    returns: view.returns,
    proposals: view.proposals.map(proposalOf),
    history: journal.map(historyOf),
  };
}

/** A proposal of a view. */
export function proposalOf(view: ProposalView, index: number): CaseProposal {
  return {
    number: index + 1,
    by: view.by,
    reason: view.reason,
    entry: view.entry === undefined ? null : entryOf(view.entry),
    mends: view.mends,
    approvedBy: view.approved_by ?? null,
    position: view.position ?? null,
  };
}

/** What of a break is compared from run to run: not its age, which rises by itself, nor its rows, which change with files. */
export function figuresOf({ kind, secondary, currency, expected_minor, found_minor, difference_minor }: Break): string {
  return JSON.stringify({ kind, secondary, currency, expected_minor, found_minor, difference_minor });
}

/** The kind of a case, without reading all of it. */
export function kindOf(view: CaseView): BreakKind {
  return (JSON.parse(view.found) as Break).kind;
}

function entryOf(json: string): ProposedEntry {
  const entry = JSON.parse(json) as ProposedEntry;
  return { ...entry, postings: entry.postings.map((posting) => ({ ...posting, amount: BigInt(posting.amount) })) };
}

function historyOf(entry: JournalEntry): HistoryEntry {
  // What a run shows, and what is proposed, stand in the case itself.
  const { v, id, figures, found, entry: proposed, mends, ...rest } = entry;
  return rest as unknown as HistoryEntry;
}
