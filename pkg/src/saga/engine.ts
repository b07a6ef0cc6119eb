/** The saga engine as the driver sees it: documents in, documents out. Decides nothing. */

import { saga } from "../shell/saga.js";
import { encode } from "../shell/wire.js";

/** One thing that happened to a saga, opaque to TypeScript. */
export type JournalEntry = Readonly<Record<string, unknown>>;

/** What the engine wants done. */
export type Action =
  | { readonly type: "run"; readonly attempt: number; readonly key: string; readonly doubtful: boolean }
  | { readonly type: "wait"; readonly until: number }
  | { readonly type: "rest" };

/** The saga as the engine describes it; `input` and `results` are JSON text. */
export interface SagaView {
  readonly state: "ready" | "in_flight" | "parked" | "completed" | "compensated" | "needs_review";
  readonly name: string;
  readonly id: string;
  readonly input: string;
  readonly step: string;
  readonly back: boolean;
  readonly attempts: number;
  readonly turned?: string;
  readonly cancelled?: string;
  readonly reason?: string;
  readonly results: Readonly<Record<string, string>>;
}

/** What became of a step. */
export type StepNews = { readonly step: string; readonly back: boolean; readonly attempt: number } & (
  | { readonly type: "done"; readonly result: string }
  | { readonly type: "refused"; readonly reason: string; readonly proven: boolean }
  | { readonly type: "failed"; readonly reason: string }
  | { readonly type: "pending"; readonly reason: string; readonly check_at?: number }
);

/** How the engine decides. */
export interface SettingsDocument {
  readonly lease_ms: number;
  readonly attempts_max?: number;
  readonly undo_attempts_max?: number;
  readonly base_ms?: number;
  readonly cap_ms?: number;
}

/** A round of the engine. Without an owner the saga is only looked at. */
export interface Round {
  readonly now: number;
  readonly entropy: string;
  readonly settings: SettingsDocument;
  readonly journal?: readonly JournalEntry[];
  readonly open?: {
    readonly name: string;
    readonly id: string;
    readonly steps: readonly { readonly name: string; readonly undo: boolean }[];
    readonly input: string;
  };
  readonly same_as?: string;
  readonly cancel?: string;
  readonly resume?: true;
  readonly news?: StepNews;
  readonly owner?: string;
}

/** What to store, what to do, and where the saga stands. */
export interface Turn {
  readonly append: readonly JournalEntry[];
  readonly action: Action;
  readonly saga: SagaView;
  readonly wake_at: number | null;
}

/** One round. */
export function turn(round: Round): Turn {
  const document = encode(round);
  return saga.invoke<Turn>((exports) => exports.saga_step(document));
}
