/** What a saga is made of and what becomes of it, checked when it is defined and not at the first order. */

import { count, fn, list, onlyKnown, text } from "../shell/guard.js";
import { outboxOf } from "../outbox/message.js";
import { storeShape } from "../stores/rules.js";
import type { Store } from "../stores/store.js";
import type { Outbox } from "../outbox/outbox.js";
import type { JournalEntry, SettingsDocument } from "./engine.js";

/** What a step knows when it runs. */
export interface StepContext<Input> {
  /** The same at every attempt, in every process, after every crash: make the effect once under this key. */
  readonly key: string;
  readonly id: string;
  readonly input: Input;
  /** What the steps before it answered, by name. */
  readonly results: Readonly<Record<string, unknown>>;
  /** Which attempt this is, from 1. */
  readonly attempt: number;
  /** Why somebody wants the saga taken back; a step that can still refuse should. */
  readonly cancelled?: string;
  /** Aborted when the attempt has taken too long: another one follows, under the same key. */
  readonly signal: AbortSignal;
}

/** What a compensation knows when it runs. */
export interface UndoContext<Input> extends Omit<StepContext<Input>, "cancelled"> {
  /** The key of the step itself. */
  readonly stepKey: string;
  /** What the step answered; `undefined` when nobody knows whether it happened. */
  readonly result: unknown;
  /** Whether nobody knows if the step happened: then make sure that it does not, and cannot any more. */
  readonly doubtful: boolean;
  /** Why the saga turned back. */
  readonly reason: string;
}

/** One step. */
export interface SagaStep<Input> {
  /** 1 to 40 letters, digits, `-` and `_`; a part of the key, so never change it. */
  readonly name: string;
  /** Makes the effect. Answers plain JSON, or `refused(…)`, or `pending(…)`. What it throws says nothing. */
  readonly run: (context: StepContext<Input>) => unknown;
  /** Takes it back; without it there is nothing to take back. */
  readonly undo?: (context: UndoContext<Input>) => unknown;
}

/** What was stored, after it was. */
export interface SagaTransition {
  readonly name: string;
  readonly id: string;
  readonly state: string;
  readonly step: string;
  readonly back: boolean;
  /** The kinds of the new entries of the journal. */
  readonly entries: readonly string[];
  /** When, in milliseconds since the epoch. */
  readonly at: number;
  /** When the saga was begun. */
  readonly openedAt: number;
}

/** How a saga is defined. */
export interface SagaOptions<Input> {
  /** 1 to 40 letters, digits, `-` and `_`; a part of every key, so never change it. */
  readonly name: string;
  /** Where sagas survive a crash. */
  readonly store: Store;
  /** 1 to 100 steps. Those of a saga that was begun are stored with it. */
  readonly steps: readonly SagaStep<Input>[];
  /** The longest an attempt may take, in milliseconds; 20,000 when left out. */
  readonly timeoutMs?: number;
  /** Attempts of a step nobody knows the fate of, until the saga turns back; 10 when left out. */
  readonly attemptsMax?: number;
  /** Attempts of a compensation, until a person decides; 50 when left out. */
  readonly undoAttemptsMax?: number;
  /** How attempts are spread: 1 to 30 seconds when left out. */
  readonly backoff?: { readonly baseMs?: number; readonly capMs?: number };
  /** Hears, in the same commit, of `saga.completed`, `saga.compensated` and `saga.needs_review`. */
  readonly outbox?: Outbox;
  /** Told of each failed attempt and of what a sweep could not drive on; `console.error` when left out. */
  readonly onError?: (error: unknown, saga?: { readonly id: string; readonly step: string }) => void;
  /** Told of what was stored. */
  readonly onTransition?: (transition: SagaTransition) => void;
  /** Stands in for `Date.now`. */
  readonly now?: () => number;
  /** Stands in for the host's random generator; fills the array. Decides when to retry, never what a key is. */
  readonly random?: (bytes: Uint8Array) => void;
}

interface EndBase {
  readonly id: string;
  /** What the steps answered, by name. */
  readonly results: Readonly<Record<string, unknown>>;
}

/** Every step has had its effect. */
export interface CompletedSaga extends EndBase {
  readonly status: "completed";
}

/** Everything was taken back. */
export interface CompensatedSaga extends EndBase {
  readonly status: "compensated";
  readonly reason: string;
}

/** It goes on without the caller. */
export interface PendingSaga extends EndBase {
  readonly status: "pending";
  /** Where it stands. */
  readonly step: string;
  /** Whether it is being taken back. */
  readonly back: boolean;
  readonly parked: boolean;
  readonly reason?: string;
  readonly nextCheckAt?: number;
}

/** A compensation failed too often: a person decides, and `resume` tries again. */
export interface SagaInReview extends EndBase {
  readonly status: "needs_review";
  readonly step: string;
  readonly reason: string;
}

/** What became of a saga. */
export type SagaOutcome = CompletedSaga | CompensatedSaga | PendingSaga | SagaInReview;

/** How long a caller waits. */
export interface SagaWait {
  /** Longest wait in milliseconds; 30,000 when left out. The saga goes on afterwards. */
  readonly waitMs?: number;
  /** Ends the wait at once. It does not cancel the saga. */
  readonly signal?: AbortSignal;
}

/** What is stored under the key of a saga. */
export interface SagaDocument {
  readonly v: 1;
  readonly journal: readonly JournalEntry[];
}

/** Time a lease outlives an attempt: for storing its end, and for clocks that differ. */
export const LEASE_SLACK_MS = 5_000;

const TIMEOUT_MS = 20_000;

/** The options, checked, with the steps by name. */
export function checkedOptions<Input>(options: SagaOptions<Input>): SagaOptions<Input> {
  onlyKnown("options", options, [
    "name", "store", "steps", "timeoutMs", "attemptsMax", "undoAttemptsMax", "backoff", "outbox", "onError", "onTransition", "now", "random",
  ]);
  text("name", options.name);
  storeShape("store", options.store);
  for (const [index, step] of list("steps", options.steps).entries()) {
    onlyKnown(`steps[${index}]`, step, ["name", "run", "undo"]);
    text(`steps[${index}].name`, step.name);
    fn(`steps[${index}].run`, step.run);
    if (step.undo !== undefined) fn(`steps[${index}].undo`, step.undo);
  }
  for (const name of ["onError", "onTransition", "now", "random"] as const) if (options[name] !== undefined) fn(name, options[name]);
  if (options.outbox !== undefined) outboxOf(options.store, options.outbox);
  return options;
}

/** The time an attempt may take. */
export function timeoutOf(options: Pick<SagaOptions<never>, "timeoutMs">): number {
  return count("timeoutMs", options.timeoutMs ?? TIMEOUT_MS, 1);
}

/** How the engine decides. */
export function settingsOf<Input>(options: SagaOptions<Input>): SettingsDocument {
  const { attemptsMax, undoAttemptsMax } = options;
  const { baseMs, capMs } = onlyKnown("backoff", options.backoff ?? {}, ["baseMs", "capMs"]);
  return {
    lease_ms: timeoutOf(options) + LEASE_SLACK_MS,
    ...(attemptsMax === undefined ? {} : { attempts_max: count("attemptsMax", attemptsMax, 1) }),
    ...(undoAttemptsMax === undefined ? {} : { undo_attempts_max: count("undoAttemptsMax", undoAttemptsMax, 1) }),
    ...(baseMs === undefined ? {} : { base_ms: count("backoff.baseMs", baseMs, 1) }),
    ...(capMs === undefined ? {} : { cap_ms: count("backoff.capMs", capMs, 1) }),
  };
}
