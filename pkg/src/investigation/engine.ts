/** The engine of investigations as the queue sees it: documents in, documents out. Decides nothing. */

import { investigation } from "../shell/investigation.js";
import { encode } from "../shell/wire.js";

/** One thing that happened to a case, as it is stored. */
export type JournalEntry = Readonly<Record<string, unknown>> & { readonly type: string; readonly at: number };

/** Where a case stands. */
export type CaseState = "open" | "proposed" | "approved" | "resolved" | "gone";

/** A case as the engine describes it; `found` and `entry` are JSON text. */
export interface CaseView {
  readonly id: string;
  readonly state: CaseState;
  readonly found: string;
  readonly run: string;
  readonly run_at: number;
  readonly opened_at: number;
  readonly changed_at: number;
  readonly resolved_at?: number;
  readonly assignee?: string;
  readonly returns: number;
  readonly proposals: readonly ProposalView[];
}

/** A proposal as the engine describes it. */
export interface ProposalView {
  readonly by: string;
  readonly entry?: string;
  readonly mends: boolean;
  readonly reason: string;
  readonly approved_by?: string;
  readonly position?: number;
}

/** What a run shows of a break. */
export interface Sighting {
  readonly run: string;
  readonly figures: string;
  readonly found: string;
}

/** What a run shows, a person wants, or the ledger said. */
export type Command =
  | ({ readonly type: "seen" } & Sighting)
  | { readonly type: "missed"; readonly run: string }
  | { readonly type: "assign"; readonly by: string; readonly to?: string }
  | { readonly type: "comment"; readonly by: string; readonly text: string }
  | { readonly type: "propose"; readonly by: string; readonly entry?: string; readonly mends: boolean; readonly reason: string }
  | { readonly type: "reject"; readonly by: string; readonly proposal: number; readonly reason: string }
  | { readonly type: "approve"; readonly by: string; readonly proposal: number; readonly four_eyes: boolean }
  | { readonly type: "posted"; readonly proposal: number; readonly position: number }
  | { readonly type: "refused"; readonly proposal: number; readonly reason: string }
  | { readonly type: "reopen"; readonly by: string; readonly reason: string };

/** What was added, and where the case stands. */
export interface Step {
  readonly append: readonly JournalEntry[];
  readonly case: CaseView;
}

/** A case for a break that is not known. */
export function opened(now: number, id: string, sighting: Sighting): Step {
  return asked({ now, open: { id, ...sighting } });
}

/** A command, or only a look where there is none. */
export function step(now: number, journal: readonly JournalEntry[], command?: Command): Step {
  return asked({ now, journal, ...(command === undefined ? {} : { do: command }) });
}

function asked(question: object): Step {
  const document = encode(question);
  return investigation.invoke<Step>((exports) => exports.investigation_step(document));
}
