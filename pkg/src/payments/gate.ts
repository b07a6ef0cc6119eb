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
  readonly purpose: Purpose | "hedged_query";
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
  /** What for. */
  readonly lane: Lane;
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
  /**
   * Queues for a pass, which comes by `admitted`, perhaps before this returns. Returns what gives the place up, or
   * `undefined` when there is none. Whoever has the earliest `deadline` goes first, and at the deadline loses the place.
   */
  queue(lane: Lane, now: () => number, deadline: number, admitted: (pass: Pass) => void): (() => void) | undefined;
}
