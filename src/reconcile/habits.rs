//! What nearly all rows do is how these files are written; only what departs from it is a break.
//!
//! Providers differ in what a sign means, whether net is after tax, and whether a time is that of the event or of its
//! settlement. The files themselves show it, and this is where they are asked.

use super::IS_FAST;
use super::clear::Cleared;
use super::row::{Row, Side};
use super::rules::Rules;
use super::summed::Summed;
use super::window::day_of;
use crate::ledger::EventType;
use crate::prelude::*;

/// A habit needs this many witnesses.
const WITNESSES_MIN: usize = 3;

/// How the files are written.
#[derive(Clone, Debug, Default)]
pub(super) struct Habits<'r> {
    /// What was agreed on, which no file shows.
    pub(super) rules: Rules,
    ledger: SideHabits<'r>,
    settlement: SideHabits<'r>,
    /// Both sides write the same moment.
    pub(super) is_same_instant: bool,
    /// The settlement does not usually write a moment that is before the ledger's.
    pub(super) is_in_order: bool,
    /// Both sides call payouts by the same ids.
    pub(super) names_payouts_alike: bool,
    /// Types whose amounts the settlement writes with the other sign.
    turned: Vec<EventType>,
}

#[derive(Clone, Debug, Default)]
struct SideHabits<'r> {
    /// Nearly every row tells its fee, so that an empty cell means none.
    tells_fee: bool,
    net_is_after_tax: bool,
    /// Nearly no time has a zone: that is said once of the file.
    is_zoneless: bool,
    /// The accounts of the side, sorted.
    accounts: Vec<&'r str>,
    /// A row has no reference of its own.
    has_bare: bool,
    /// A fee stands in a row of its own.
    has_fees: bool,
}

/// Yes and no, counted.
#[derive(Clone, Copy, Debug, Default)]
struct Votes {
    yes: usize,
    all: usize,
}

impl Votes {
    fn count(&mut self, yes: bool) {
        self.all = self.all.saturating_add(1);
        self.yes = self.yes.saturating_add(usize::from(yes));
    }

    const fn is_most(self) -> bool {
        self.yes.saturating_mul(2) > self.all
    }

    const fn is_nearly_all(self) -> bool {
        self.all > 0 && self.yes.saturating_mul(10) >= self.all.saturating_mul(9)
    }
}

impl<'r> Habits<'r> {
    /// Asks rows that are sorted by type, reference and side, and the pairs that were cleared before.
    #[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
    pub(super) fn of(
        rows: &'r [Row<'r>],
        (cleared, summed): (&Cleared, &[Summed<'_>]),
        rules: Rules,
    ) -> Self {
        let [mut ledger, mut settlement] =
            [Side::Ledger, Side::Settlement].map(|side| SideVotes::of(side, cleared));
        for row in rows {
            if row.side == Side::Ledger { ledger.count(row) } else { settlement.count(row) }
        }
        let (ledger, settlement) = (ledger.told(), settlement.told());
        let mut habits = Self { rules, ledger, settlement, ..Self::default() };
        // Pairs that were cleared are in order, and of one sign.
        let mut instants = Votes { yes: cleared.same_instant, all: cleared.timed };
        let mut early = Votes { yes: 0, all: cleared.timed };
        let mut payouts = Votes::default();
        for own in summed.iter().filter(|_| IS_FAST) {
            payouts.yes = payouts.yes.saturating_add(own.alike);
            payouts.all = payouts.yes;
        }
        let mut turned = vec![(EventType::Charge, Votes { yes: 0, all: cleared.pairs })];
        for same in rows.chunk_by(|a, b| a.is_called_like(b)) {
            let [ours, theirs] = same else { continue };
            if (ours.side, theirs.side) != (Side::Ledger, Side::Settlement) {
                continue;
            }
            if let Some((our_time, their_time)) = ours.times(theirs) {
                instants.count(our_time == their_time);
                early.count(our_time > their_time);
            }
            if !ours.payout_id.is_empty() && !theirs.payout_id.is_empty() {
                payouts.count(ours.payout_id == theirs.payout_id);
            }
            if let Some(kind) =
                ours.kind.filter(|_| ours.amount.unsigned_abs() == theirs.amount.unsigned_abs())
            {
                let is_turned = ours.amount != theirs.amount;
                match turned.iter_mut().find(|(known, _)| *known == kind) {
                    Some((_, votes)) => votes.count(is_turned),
                    None => turned.push((kind, Votes { yes: usize::from(is_turned), all: 1 })),
                }
            }
        }
        habits.is_same_instant = instants.is_most();
        // One row is no habit.
        habits.is_in_order = !early.is_most() || early.all < 2;
        habits.names_payouts_alike = payouts.is_most();
        turned.retain(|(_, votes)| votes.yes >= WITNESSES_MIN && votes.is_most());
        habits.turned = turned.into_iter().map(|(kind, _)| kind).collect();
        habits
    }

    const fn side(&self, side: Side) -> &SideHabits<'r> {
        if matches!(side, Side::Ledger) { &self.ledger } else { &self.settlement }
    }

    /// Whether a side writes its times without a zone, so that no row does so by itself.
    pub(super) const fn is_zoneless(&self, side: Side) -> bool {
        self.side(side).is_zoneless
    }

    /// Whether a row has no reference of its own.
    pub(super) const fn has_bare(&self) -> bool {
        self.ledger.has_bare || self.settlement.has_bare
    }

    /// Whether a fee stands in a row of its own.
    pub(super) const fn has_fees(&self) -> bool {
        self.ledger.has_fees || self.settlement.has_fees
    }

    /// The fee, where it is known: an empty cell means none where nearly all others are filled.
    pub(super) fn fee(&self, row: &Row) -> Option<i64> {
        row.fee.or_else(|| self.side(row.side).tells_fee.then_some(0))
    }

    /// The amount as the ledger would sign it.
    pub(super) fn amount(&self, row: &Row) -> i64 {
        let is_turned =
            row.side == Side::Settlement && row.kind.is_some_and(|kind| self.turned.contains(&kind));
        if is_turned { row.amount.saturating_neg() } else { row.amount }
    }

    /// What the net of a row should be, and whether it is; `None` for a row without one.
    pub(super) fn net(&self, row: &Row) -> Option<(i128, bool)> {
        let tax = if self.side(row.side).net_is_after_tax { row.tax } else { None };
        let net = i128::from(row.net?);
        let expected = net_of(row, tax);
        // Refunds are written with either sign, and so are their nets.
        let is_right = net == expected
            || (row.kind != Some(EventType::Charge)
                && (net == expected.wrapping_neg() || net == net_of_left(row, tax)));
        Some((if row.leaves() && net < 0 { net_of_left(row, tax) } else { expected }, is_right))
    }

    /// Whether the account of a row is one of the other side's, or as good as: nothing is known.
    pub(super) fn is_in_scope(&self, row: &Row) -> bool {
        let other = if row.side == Side::Ledger { Side::Settlement } else { Side::Ledger };
        let known = &self.side(other).accounts;
        let account: &str = row.account;
        account.is_empty() || known.is_empty() || known.binary_search(&account).is_ok()
    }
}

/// Amount less fee and tax.
fn net_of(row: &Row, tax: Option<i64>) -> i128 {
    let taken = i128::from(row.fee.unwrap_or_default()).wrapping_add(tax.unwrap_or_default().into());
    i128::from(row.amount).wrapping_sub(taken)
}

/// The same of what leaves and is written without a sign.
fn net_of_left(row: &Row, tax: Option<i64>) -> i128 {
    let taken = i128::from(row.fee.unwrap_or_default()).wrapping_add(tax.unwrap_or_default().into());
    i128::from(row.amount).wrapping_neg().wrapping_sub(taken)
}

/// What the rows of a side say, as far as they were counted.
#[derive(Debug, Default)]
struct SideVotes<'r> {
    fees: Votes,
    taxes: Votes,
    zoneless: Votes,
    accounts: Vec<&'r str>,
    has_bare: bool,
    has_fees: bool,
}

impl<'r> SideVotes<'r> {
    fn of(side: Side, cleared: &Cleared) -> Self {
        let [ours_timed, theirs_timed] = cleared.timed_sides;
        let timed = if side == Side::Ledger { ours_timed } else { theirs_timed };
        Self {
            fees: Votes { yes: cleared.told_fee, all: cleared.pairs },
            zoneless: Votes { yes: 0, all: timed },
            ..Self::default()
        }
    }

    /// Counts one row. A function that is called often, since an engine makes those fast, and not the loop that it is in.
    #[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
    fn count(&mut self, row: &'r Row<'r>) {
        self.fees.count(row.fee.is_some());
        if row.occurred_at.is_some() {
            self.zoneless.count(row.is_zoneless);
        }
        if let Some(net) = row.net.filter(|_| row.tax.is_some_and(|tax| tax != 0)) {
            self.taxes.count(net_of(row, row.tax) == i128::from(net));
        }
        let account: &str = row.account;
        if !account.is_empty()
            && let Err(at) = self.accounts.binary_search(&account)
        {
            self.accounts.insert(at, account);
        }
        self.has_bare |= !row.is_keyed;
        self.has_fees |= row.kind == Some(EventType::Fee);
    }

    fn told(self) -> SideHabits<'r> {
        let Self { fees, taxes, zoneless, accounts, has_bare, has_fees } = self;
        SideHabits {
            tells_fee: fees.is_nearly_all(),
            net_is_after_tax: taxes.all == 0 || taxes.is_most(),
            is_zoneless: zoneless.yes >= WITNESSES_MIN && zoneless.is_nearly_all(),
            accounts,
            has_bare,
            has_fees,
        }
    }
}

/// Whether two rows that should carry one moment are whole days apart.
pub(super) fn is_other_day(ours: &Row, theirs: &Row) -> bool {
    ours.occurred_at.zip(theirs.occurred_at).is_some_and(|(ours, theirs)| day_of(ours) != day_of(theirs))
}
