/**
 * `tillproof/reconcile/queue`: from a break to a decision.
 *
 * {@link openQueue} keeps the breaks of runs in a store, where people assign, discuss and decide them: an entry is proposed,
 * approved by another person, and posted to the ledger with the break and the approval as its cause. The history is
 * append-only, a break keeps its id from run to run, and nothing is ever adjusted silently.
 */

export { entryFor } from "./entries.js";
export type { EntryNames } from "./entries.js";
export { BreakQueue, openQueue } from "./queue.js";
export type { CaseFilter, PostingLedger, QueueFigures, QueueOptions, Settled } from "./queue.js";
export type { Case, CaseProposal, HistoryEntry, ProposedEntry } from "./case.js";
export type { CaseState } from "./engine.js";
export type { LastRun, Synced } from "./runs.js";
