/**
 * The place where a governor stands: between what the engine intends and what it authorises.
 *
 * Invariant: whoever got a pass gives it back exactly once, also when nothing was sent after all.
 */

import type { Operation, Purpose } from "./engine.js";

/** Where an exchange would go, and what for. */
export interface Lane {
  /** Name of the provider profile. */
  readonly profile: string;
  readonly operation: Operation;
  readonly purpose: Purpose;
}

/** What became of an exchange that was let through. */
export type Passed =
  | { readonly type: "answered"; readonly status: number; readonly retryAfter?: string }
  /** No answer came; `notSent` when no byte left. */
  | { readonly type: "failed"; readonly notSent: boolean }
  /** Nothing was sent: another process was faster, or this one was frozen. */
  | { readonly type: "unused" };

/** Leave to reach the provider once, now. */
export interface Pass {
  readonly go: true;
  /** Called exactly once. */
  end(passed: Passed, now: number): void;
}

/** Not before this moment, in milliseconds since the epoch. */
export interface Hold {
  readonly go: false;
  readonly until: number;
}

/** Decides when the provider may be reached. It may hold back, and never makes anything be sent twice. */
export interface Gate {
  permit(lane: Lane, now: number): Pass | Hold;
}
