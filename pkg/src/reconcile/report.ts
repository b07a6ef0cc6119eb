/** The report, exactly as `tillproof reconcile --json` prints it (version 1). Amounts are digit strings of minor units. */

/** What is wrong, in order of precedence: files, scope, identity, presence, currency, amount, fee, state, time. */
export type BreakKind =
  | "file_duplicate"
  | "file_gap"
  | "file_truncated"
  | "balance_chain_break"
  | "row_unknown_type"
  | "time_ambiguous"
  | "restated"
  | "wrong_scope"
  | "duplicate_record_m"
  | "idempotency_conflict"
  | "duplicate_record_s"
  | "duplicate_record_b"
  | "reference_collision"
  | "duplicate_charge"
  | "ambiguous"
  | "split_incomplete"
  | "missing_in_settlement"
  | "missing_in_mirror"
  | "missing_in_bank"
  | "unexpected_bank_entry"
  | "missing_payout"
  | "orphan_child"
  | "unsupported_by_source"
  | "currency_mismatch"
  | "scale_suspect"
  | "sign_suspect"
  | "net_arithmetic"
  | "partial_capture_shape"
  | "rounding"
  | "fx_rate_difference"
  | "amount_mismatch"
  | "fee_mismatch"
  | "tax_mismatch"
  | "fee_off_contract"
  | "fee_unexpected"
  | "fee_missing"
  | "reserve_or_netting"
  | "bank_charge"
  | "over_refund"
  | "group_sum_mismatch"
  | "residual_unexplained"
  | "status_stale"
  | "status_mismatch"
  | "illegal_transition"
  | "hold_not_closed"
  | "payout_not_reversed"
  | "stuck"
  | "late"
  | "early"
  | "period_shift"
  | "value_date_shift";

/** Where a row stands. */
export interface RowPlace {
  readonly file: string;
  /** From 1; the header is line 1 of most files. */
  readonly line: number;
}

/** Of a row that is missing on a side, the row without a partner there that came nearest. */
export interface Nearest extends RowPlace {
  readonly reference: string;
  /** The pass that would have brought the two together. */
  readonly rule: string;
  /** What kept them apart: both have a `reference` and they differ, `occurred_at` is too far away, several are alike (`unique`). */
  readonly differs: "type" | "currency" | "amount" | "reference" | "occurred_at" | "unique";
}

/** One disagreement. */
export interface Break {
  /** The same from run to run as long as the same rows disagree in the same way. */
  readonly id: string;
  /** What is wrong, first of all. */
  readonly kind: BreakKind;
  /** Letter and number of the kind in the taxonomy, such as `D2`. */
  readonly code: string;
  /** What else is wrong. */
  readonly secondary: readonly BreakKind[];
  /**
   * The comparison it was found in: `H0` the files, `H1` mirror against settlement, `H2` a payout against its lines, `H3` a
   * payout against the bank, `H4` the mirror alone.
   */
  readonly hop: "H0" | "H1" | "H2" | "H3" | "H4";
  readonly reference: string;
  readonly currency: string;
  /** What the ledger says (of a payout its lines, for the bank the payout); the fee where fees differ; `null` without a row. */
  readonly expected_minor: string | null;
  /** What the other side says, likewise. */
  readonly found_minor: string | null;
  /** Found minus expected; `null` where one is, or where the currencies differ. */
  readonly difference_minor: string | null;
  /** Whole days; `null` where no time is known. */
  readonly age_days: number | null;
  readonly rows: {
    readonly ledger: readonly RowPlace[];
    readonly settlement: readonly RowPlace[];
    readonly bank: readonly RowPlace[];
  };
  /** The matching pass and its version. */
  readonly rule: string;
  /** Left out where nothing came near. */
  readonly nearest?: Nearest;
  /** One sentence for a bookkeeper. */
  readonly explanation: string;
}

/** A ledger row that the settlement may still bring, or a payout that the bank may; not a break. */
export interface InFlight {
  readonly reference: string;
  /** When it becomes a break, RFC 3339. */
  readonly due: string;
  readonly type: string;
  readonly amount_minor: string;
  readonly currency: string;
}

/** The breaks of one kind. */
export interface KindTotal {
  readonly count: number;
  /** Sum of the differences by currency. */
  readonly difference_minor: Readonly<Record<string, string>>;
}

/** What came of a run. */
export interface Report {
  readonly version: 1;
  readonly summary: {
    readonly rows: { readonly ledger: number; readonly settlement: number; readonly bank: number };
    /** Pairs that agree in every value. */
    readonly matched: number;
    readonly in_flight: number;
    readonly breaks: number;
    /** Rows that owe nothing to the comparison: failed attempts, payouts the ledger does not book, other entries of the bank. */
    readonly set_aside: number;
    /** The moment ages were counted to, RFC 3339. */
    readonly as_of: string | null;
    /** The rules it was judged by, with their version. */
    readonly rules: string;
    readonly by_kind: Readonly<Partial<Record<BreakKind, KindTotal>>>;
  };
  readonly breaks: readonly Break[];
  readonly in_flight: readonly InFlight[];
}

/** A report without its rows: what is known before the first break. */
export type ReportHead = Pick<Report, "version" | "summary">;
