/** The kinds of breaks as words, for whoever is asked for one by name. */

import type { BreakKind } from "./report.js";

/** Each of them, as the compiler checks: a kind that is missing here, or is none, does not build. */
const KINDS: Readonly<Record<BreakKind, true>> = {
  file_duplicate: true,
  file_gap: true,
  file_truncated: true,
  balance_chain_break: true,
  row_unknown_type: true,
  time_ambiguous: true,
  restated: true,
  wrong_scope: true,
  duplicate_record_m: true,
  idempotency_conflict: true,
  duplicate_record_s: true,
  duplicate_record_b: true,
  reference_collision: true,
  duplicate_charge: true,
  ambiguous: true,
  split_incomplete: true,
  missing_in_settlement: true,
  missing_in_mirror: true,
  missing_in_bank: true,
  unexpected_bank_entry: true,
  missing_payout: true,
  orphan_child: true,
  unsupported_by_source: true,
  currency_mismatch: true,
  scale_suspect: true,
  sign_suspect: true,
  net_arithmetic: true,
  partial_capture_shape: true,
  rounding: true,
  fx_rate_difference: true,
  amount_mismatch: true,
  fee_mismatch: true,
  tax_mismatch: true,
  fee_off_contract: true,
  fee_unexpected: true,
  fee_missing: true,
  reserve_or_netting: true,
  bank_charge: true,
  over_refund: true,
  group_sum_mismatch: true,
  residual_unexplained: true,
  status_stale: true,
  status_mismatch: true,
  illegal_transition: true,
  hold_not_closed: true,
  payout_not_reversed: true,
  stuck: true,
  late: true,
  early: true,
  period_shift: true,
  value_date_shift: true,
};

/** All kinds, in order of precedence. */
export const BREAK_KINDS = Object.keys(KINDS) as readonly BreakKind[];

/** Whether there is such a kind. */
export function isBreakKind(word: unknown): word is BreakKind {
  return typeof word === "string" && Object.hasOwn(KINDS, word);
}
