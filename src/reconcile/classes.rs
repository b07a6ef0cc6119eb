//! Every disagreement has a class: a name, a code of the taxonomy and a sentence, in one table in order of precedence.
//!
//! A sentence is a template; `{…}` stands for a fact of the break (see `wording`).

use super::packed::Fields;

/// The hops of a three-way comparison: where two things are held against each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hop {
    /// H0: the files themselves.
    Files,
    /// H1: ledger against settlement, per transaction.
    Settlement,
    /// H2: the lines of a payout against the payout.
    Payout,
    /// H3: a payout against the bank.
    Bank,
    /// H4: the ledger alone.
    Ledger,
}

impl Hop {
    const ALL: [Self; 5] = [Self::Files, Self::Settlement, Self::Payout, Self::Bank, Self::Ledger];

    pub(super) fn byte(self) -> u8 {
        Self::ALL.iter().position(|hop| *hop == self).and_then(|place| u8::try_from(place).ok()).unwrap_or(0)
    }

    pub(super) fn unpack(fields: &mut Fields<'_>) -> Option<Self> {
        Self::ALL.get(usize::from(fields.byte()?)).copied()
    }

    /// `H0` to `H4`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Files => "H0",
            Self::Settlement => "H1",
            Self::Payout => "H2",
            Self::Bank => "H3",
            Self::Ledger => "H4",
        }
    }
}

macro_rules! classes {
    ($($(#[$doc:meta])* $kind:ident $name:literal $code:literal $sentence:literal;)*) => {
        /// The kinds of breaks, in order of precedence: files, scope, identity, pairing, presence, currency, what explains
        /// an amount, the amount, state, time.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum BreakKind {
            $($(#[$doc])* $kind,)*
        }

        /// In order of precedence. Apart from the texts, which only the report needs.
        const KINDS: &[BreakKind] = &[$(BreakKind::$kind,)*];

        /// Name, code and sentence of each.
        const TEXTS: &[(&str, &str, &str)] = &[$(($name, $code, $sentence),)*];

        impl BreakKind {
            /// Its place in the order of precedence: a number that the compiler looks up, as it is asked for at every turn.
            pub(super) const fn place(self) -> usize {
                match self {
                    $(Self::$kind => const { place_of($name) },)*
                }
            }
        }
    };
}

classes! {
    /// The same file, or the same report of a payout, delivered twice; the second takes no part in matching.
    FileDuplicate "file_duplicate" "A1"
        "{place} holds {what} a second time: it was read once; find out why it was delivered twice";
    /// A statement of an account is missing: the numbers skip.
    FileGap "file_gap" "A2"
        "between two statements of the account {account} at least one is missing, as their numbers skip before {ref}: get it, since its entries are in no file";
    /// A control total of a file is not what was read.
    FileTruncated "file_truncated" "A3"
        "{place} has not what it says it has: {shortfall}; get the file again";
    /// A statement does not end where its entries lead, or does not begin where the one before it ended.
    BalanceChainBreak "balance_chain_break" "A4"
        "the balances of the account {account} do not follow each other at {ref}: {e} is what comes before, and {f} is what it says, which is {d}; entries are missing or too many";
    /// The type of a row is not one that is known; it counts in the sum of its payout only.
    RowUnknownType "row_unknown_type" "A6"
        "{side} has a row {ref} over {any} of a type that is not known: it was not matched, so look at it by hand";
    /// A local time without a zone; it was read as UTC.
    TimeAmbiguous "time_ambiguous" "A9"
        "{time} has no zone and was read as UTC: ask for the report with one";
    /// The same row with another content in a later file; the later one counts.
    Restated "restated" "A10"
        "{s} stands in several settlement files with different contents, {n}: the last one was taken for true";
    /// A row of another merchant account.
    WrongScope "wrong_scope" "A11"
        "{s} over {any} belongs to another account than the rest: it does not belong into this comparison";
    /// The ledger holds the same event twice (same id, or no id and nothing else to tell them apart).
    DuplicateRecordM "duplicate_record_m" "C1" "the ledger has {s} {copies_m}: count it once";
    /// The ledger holds two events of different amounts under one id.
    IdempotencyConflict "idempotency_conflict" "G5"
        "the ledger has {s} {copies_m} with different contents, {m}: an id names one event, so find out which of them happened";
    /// The settlement holds the same event twice.
    DuplicateRecordS "duplicate_record_s" "C1" "the settlement has {s} {copies_s}: count it once";
    /// The bank statement holds the same entry twice.
    DuplicateRecordB "duplicate_record_b" "C1" "the bank statement has {s} {copies_b}: count it once";
    /// One reference, several payments of different amounts or currencies.
    ReferenceCollision "reference_collision" "C4"
        "several different charges share the reference {ref}: the ledger has {m}, the settlement has {n}; find out which belongs to the order";
    /// One reference, several charges of the same amount under different ids: real money, taken twice.
    DuplicateCharge "duplicate_charge" "C2"
        "{s} of {any} was taken more than once, {times_m} in the ledger and {times_s} in the settlement: the customer may have paid twice, so check and refund what is too much";
    /// Several rows could stand against each other, and nothing decides.
    Ambiguous "ambiguous" "C5"
        "rows like {s} stand several times on a side and nothing tells which belongs to which: {counted}; match them by hand";
    /// Parts of a whole are there, and they sum to less.
    SplitIncomplete "split_incomplete" "C6"
        "{s} over {e} came in parts that sum to {f}, which is {d}: {against}; the rest is missing";
    /// In the ledger, not in the settlement, and the in-flight window is over.
    MissingInSettlement "missing_in_settlement" "B2"
        "the ledger has {s}{on} over {any}, but the settlement does not have it{after}: ask the provider for it, or check whether a settlement file is missing";
    /// In the settlement, not in the ledger.
    MissingInMirror "missing_in_mirror" "B3"
        "the settlement has {s}{on} over {any}, which the ledger does not know: an event may have been lost, or the payment is not yours";
    /// The gateway paid out, and the bank has nothing.
    MissingInBank "missing_in_bank" "B4"
        "the provider paid out {e} as {ref}{on}, but the bank statement does not have it{after}: ask the bank and the provider to trace it";
    /// The bank has what looks like a payout, and there is none.
    UnexpectedBankEntry "unexpected_bank_entry" "B5"
        "the bank booked {f}{on} as {ref}, for which there is no payout: ask the bank where it came from";
    /// Settled, due, and in no payout.
    MissingPayout "missing_payout" "B6"
        "{s} over {any} was settled{on} and is in no payout{after}: ask the provider when it is paid out";
    /// A refund, dispute, fee or reversal whose parent nobody knows.
    OrphanChild "orphan_child" "B7"
        "{s} over {any} belongs to {parent}, which is in none of the files: look for it in earlier ones";
    /// The source cannot tell what it does not show: a payout without lines.
    UnsupportedBySource "unsupported_by_source" "B8"
        "the payout {ref} over {any} names no lines, as manual and instant payouts do: only its arrival at the bank can be checked";
    /// The currencies differ, and no conversion is declared.
    CurrencyMismatch "currency_mismatch" "D1"
        "for {s} {side} says {e} and {there} says {f}: the currencies differ, and neither side names a conversion";
    /// One amount is the other times a power of ten.
    ScaleSuspect "scale_suspect" "A7"
        "for {s} {against}: they differ by a power of ten, so one side has the decimal point in the wrong place";
    /// One amount is the other with the sign turned.
    SignSuspect "sign_suspect" "A8"
        "for {s} {side} says {e} and {there} says {f}: only the sign differs, so one side has debit and credit the wrong way round";
    /// In one row, amount less fee less tax is not net.
    NetArithmetic "net_arithmetic" "D8"
        "in the row of {s} the amount less fee and tax gives {e}, but its net says {f}: ask the provider which of them is wrong";
    /// The whole charge and a reversal on one side, the captured part on the other.
    PartialCaptureShape "partial_capture_shape" "D10"
        "the ledger has the captured part of {s}, {m}, and the settlement shows the whole and its reversal, {n}: together they agree";
    /// The difference is what rounding of a declared conversion or split makes.
    Rounding "rounding" "D3"
        "for {s} the ledger says {e} and the settlement says {f}: {d}, which is what rounding the conversion or the split differently makes";
    /// The difference is that of the two declared rates.
    FxRateDifference "fx_rate_difference" "D4"
        "for {s} the ledger says {e} and the settlement says {f}: {d}, which is the difference of the two exchange rates";
    /// The gross amounts differ.
    AmountMismatch "amount_mismatch" "D2"
        "for {s} {side} says {e} and {there} says {f}, which is {d}";
    /// The fees differ.
    FeeMismatch "fee_mismatch" "D5"
        "the amounts of {s} agree, but the ledger expects a fee of {e} and the settlement took {f}, which is {d}";
    /// The taxes differ; amounts and fees agree.
    TaxMismatch "tax_mismatch" "D9"
        "amount and fee of {s} agree, but the ledger expects {e} of tax and the settlement says {f}, which is {d}";
    /// Both sides agree on a fee, and the contract says another.
    FeeOffContract "fee_off_contract" "D6"
        "for {s} both sides say a fee of {f}, and the contract in your rules makes it {e}, which is {d}: claim the difference, or mend the rules";
    /// A fee where none is due.
    FeeUnexpected "fee_unexpected" "D7"
        "for {s} the ledger expects a fee of {e}, and the settlement took {f}, which is {d}: ask the provider what for";
    /// No fee where one is due.
    FeeMissing "fee_missing" "D7"
        "for {s} the ledger expects a fee of {e}, and the settlement took none: it may come later";
    /// A line that lowers a payout without being a payment: a reserve, a netting, an advance.
    ReserveOrNetting "reserve_or_netting" "D12"
        "the settlement has {s}{on} over {any}, a reserve or netting that changes the payout and is no payment: book it as such";
    /// The bank kept a charge of a payout.
    BankCharge "bank_charge" "D11"
        "of the payout {ref} over {e}, {f} arrived, which is {d}: the bank seems to have kept a charge";
    /// More was given back than was taken.
    OverRefund "over_refund" "C3"
        "of {s} over {e}, {f} was given back in all, which is {d}: stop further refunds and claim the rest back";
    /// A payout is not the sum of its lines.
    GroupSumMismatch "group_sum_mismatch" "C7"
        "the lines of the payout {ref} sum to {e}, but it says {f}, which is {d}: ask the provider for the lines that are missing";
    /// What is left of a payout when everything that has a name is taken away.
    ResidualUnexplained "residual_unexplained" "C8"
        "of the payout {ref}, {d} is explained by nothing in the files: ask the provider";
    /// The ledger knows an earlier state, from which the one of the settlement can be reached.
    StatusStale "status_stale" "E2"
        "the amounts of {s} agree, but it is `{state_m}` in the ledger and `{state_s}` in the settlement: fetch its state from the provider";
    /// Both states are final, and they differ.
    StatusMismatch "status_mismatch" "E1"
        "the amounts of {s} agree, but it is `{state_m}` in the ledger and `{state_s}` in the settlement: fetch its state from the provider";
    /// No way leads from the ledger's state to that of the settlement.
    IllegalTransition "illegal_transition" "E3"
        "{s} is `{state_m}` in the ledger and `{state_s}` in the settlement, which cannot follow: fetch its state from the provider";
    /// An authorization beyond its time that was neither captured nor released.
    HoldNotClosed "hold_not_closed" "E4"
        "{s}{on} over {any} is still `{state_m}`{after}: the hold has run out, so capture or release it";
    /// A payout failed or came back, and the money is not back at the gateway.
    PayoutNotReversed "payout_not_reversed" "E5"
        "the payout {ref} over {any} failed or came back, but the settlement does not show the money again: ask the provider";
    /// Still under way beyond its time.
    Stuck "stuck" "E6"
        "{s}{on} over {any} is still `{state_m}`{after}: fetch its state from the provider";
    /// Settled or booked after its window.
    Late "late" "F1"
        "{s} agrees, but came {lag}: later than the window allows";
    /// Settled before it was captured.
    Early "early" "F2"
        "{s} agrees, but the settlement dates it before the ledger: check clocks and time zones";
    /// In different accounting periods, or in the payout of another day.
    PeriodShift "period_shift" "F3"
        "{s} agrees, but stands in another period in the settlement than in the ledger: {shift}; mind it when closing the period";
    /// The bank counts an entry from another day than it booked it, by more than the window.
    ValueDateShift "value_date_shift" "F4"
        "the payout {ref} over {e} arrived, but the bank counts it {value}: ask the bank, since it bears interest from then on";
}

/// Where a name stands among the texts.
const fn place_of(name: &str) -> usize {
    let mut place = 0;
    let mut rest = TEXTS;
    while let Some(((known, ..), others)) = rest.split_first() {
        if is_same(known.as_bytes(), name.as_bytes()) {
            return place;
        }
        place = place.saturating_add(1);
        rest = others;
    }
    place
}

/// `==`, which the compiler cannot do by itself before the program runs.
const fn is_same(mut one: &[u8], mut other: &[u8]) -> bool {
    while let (Some((first, one_rest)), Some((next, other_rest))) = (one.split_first(), other.split_first()) {
        if *first != *next {
            return false;
        }
        (one, other) = (one_rest, other_rest);
    }
    one.is_empty() && other.is_empty()
}

impl BreakKind {
    /// All kinds, in order of precedence.
    pub fn all() -> impl Iterator<Item = Self> {
        KINDS.iter().copied()
    }

    fn row(self) -> Option<&'static (&'static str, &'static str, &'static str)> {
        TEXTS.get(self.place())
    }

    /// The name of the kind in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().map_or("", |(name, ..)| name)
    }

    /// The letter and number of the kind in the taxonomy.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.row().map_or("", |(_, code, _)| code)
    }

    /// The sentence, with its places for facts.
    pub(super) fn sentence(self) -> &'static str {
        self.row().map_or("", |(.., sentence)| sentence)
    }
}

/// The kinds that hold of some rows. The first is the primary one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Kinds(u64);

impl Kinds {
    /// The set of one kind.
    pub(super) fn only(kind: BreakKind) -> Self {
        let mut kinds = Self::default();
        kinds.insert(kind);
        kinds
    }

    pub(super) fn insert(&mut self, kind: BreakKind) {
        self.0 |= bit(kind);
    }

    pub(super) fn remove(&mut self, kind: BreakKind) {
        self.0 &= !bit(kind);
    }

    pub(super) const fn join(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn contains(self, kind: BreakKind) -> bool {
        self.0 & bit(kind) != 0
    }

    /// The one all others stand beside.
    pub(super) fn primary(self) -> Option<BreakKind> {
        KINDS.get(usize::try_from(self.0.trailing_zeros()).ok()?).copied()
    }

    /// In order of precedence.
    pub(super) fn iter(self) -> impl Iterator<Item = BreakKind> {
        BreakKind::all().filter(move |kind| self.contains(*kind))
    }

    /// Whether a value of the two sides differs: amounts, currencies, fees.
    pub(super) fn of_value(self) -> bool {
        !self.is_empty() && OF_VALUE.iter().any(|kind| self.contains(*kind))
    }

    pub(super) const fn bits(self) -> u64 {
        self.0
    }

    pub(super) const fn of_bits(bits: u64) -> Self {
        Self(bits)
    }
}

/// The classes D, and the two of A that explain an amount.
const OF_VALUE: [BreakKind; 15] = [
    BreakKind::CurrencyMismatch,
    BreakKind::ScaleSuspect,
    BreakKind::SignSuspect,
    BreakKind::NetArithmetic,
    BreakKind::PartialCaptureShape,
    BreakKind::Rounding,
    BreakKind::FxRateDifference,
    BreakKind::AmountMismatch,
    BreakKind::FeeMismatch,
    BreakKind::TaxMismatch,
    BreakKind::FeeOffContract,
    BreakKind::FeeUnexpected,
    BreakKind::FeeMissing,
    BreakKind::ReserveOrNetting,
    BreakKind::BankCharge,
];

/// Each kind has the bit of its place in the order of precedence.
fn bit(kind: BreakKind) -> u64 {
    u32::try_from(kind.place()).ok().and_then(|place| 1_u64.checked_shl(place)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    #[test]
    fn every_kind_has_a_bit_of_its_own_and_precedence_is_the_order_of_the_table() {
        let mut all = Kinds::default();
        for kind in BreakKind::all() {
            assert_eq!(Kinds::only(kind).iter().collect::<Vec<_>>(), [kind]);
            all.insert(kind);
        }
        assert!(BreakKind::all().collect::<Vec<_>>().is_sorted());
        assert_eq!(all.iter().count(), KINDS.len());
        let of_value = |kind: &BreakKind| kind.code().starts_with('D') || ["A7", "A8"].contains(&kind.code());
        assert_eq!(BreakKind::all().filter(of_value).collect::<Vec<_>>(), OF_VALUE);
        let mut names: Vec<&str> = BreakKind::all().map(BreakKind::name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), KINDS.len());
    }
}
