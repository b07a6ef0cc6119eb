/**
 * What matched, and why: told on request only.
 *
 * Invariant: each match names the pass that made it with its version, the rules of the run, and the fields that decided.
 */

import type { RowPlace } from "./report.js";

/** Rows that agree in every value. */
export interface Match {
  /** The pass, with its version: `by_id@1`. */
  readonly pass: string;
  /** The rules, with their version: `tillproof-default@1`. */
  readonly rules: string;
  /** `H1` ledger and settlement, `H2` a payout and its lines, `H3` a payout and the bank. */
  readonly hop: "H1" | "H2" | "H3";
  readonly reference: string;
  /** Of the first row, in digits of minor units. */
  readonly amount_minor: string;
  readonly currency: string;
  /** The columns that decided; `only_ones_left` where nothing else was to be chosen from. */
  readonly fields: readonly string[];
  readonly rows: {
    readonly ledger: readonly RowPlace[];
    readonly settlement: readonly RowPlace[];
    readonly bank: readonly RowPlace[];
  };
}
