//! Which entry of a bank is which payout, where none is named, by holding every payout against every entry.
//!
//! The engine sorts both and looks where it must. This model writes down what that is meant to find.

use crate::random::Random;

pub(crate) const HOUR: u64 = 60;
pub(crate) const DAY: u64 = 24 * HOUR;

/// A payout or an entry.
#[derive(Clone, Debug)]
pub(crate) struct Transfer {
    pub(crate) amount: u64,
    pub(crate) currency: &'static str,
    /// Minute of the year 2026; of an entry the first of its day.
    pub(crate) minute: Option<u64>,
}

/// How long a payout may be on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    pub(crate) days: u64,
    pub(crate) is_business: bool,
}

/// What became of payouts and entries, by their places: the payouts that arrived, and the ties.
pub(crate) type Told = (Vec<usize>, Vec<(Vec<usize>, Vec<usize>)>);

impl Transfer {
    pub(crate) fn draw(random: &mut Random, is_entry: bool, days: u64) -> Self {
        let day = random.below(days) * DAY;
        Self {
            amount: 1_000 * (1 + random.below(4)),
            currency: if random.once_in(6) { "USD" } else { "EUR" },
            minute: (!random.once_in(40)).then(|| if is_entry { day } else { day + random.below(24) * HOUR }),
        }
    }

    fn value(&self) -> (&str, u64) {
        (self.currency, self.amount)
    }

    /// An entry is booked a day before the payout at the earliest, and a week after it was due at the latest.
    fn fits(&self, entry: &Self, reach: Reach) -> bool {
        let is_in_time = self
            .minute
            .zip(entry.minute)
            .is_none_or(|(at, booked)| booked + DAY >= at && booked <= reach.due(at) + 7 * DAY);
        self.value() == entry.value() && is_in_time
    }
}

impl Reach {
    /// The year 2026 begins on a Thursday.
    fn due(self, minute: u64) -> u64 {
        let (mut due, mut left) = (minute, self.days);
        while left > 0 {
            due += DAY;
            let is_off = self.is_business && [2, 3].contains(&(due / DAY % 7));
            left -= u64::from(!is_off);
        }
        due
    }
}

/// A payout and an entry that only fit each other are one. Of each amount that is left, the entries of the first payout that
/// has some, and all its payouts, are a tie.
pub(crate) fn told(payouts: &[Transfer], entries: &[Transfer], reach: Reach) -> Told {
    let of_payout = |payout: &Transfer| places(entries, |entry| payout.fits(entry, reach));
    let of_entry = |entry: &Transfer| places(payouts, |payout| payout.fits(entry, reach));
    let arrived: Vec<usize> =
        places(payouts, |payout| matches!(*of_payout(payout), [only] if of_entry(&entries[only]).len() == 1));
    let mut ties: Vec<(Vec<usize>, Vec<usize>)> = Vec::new();
    for (place, payout) in payouts.iter().enumerate() {
        let fitting = of_payout(payout);
        let is_told = ties.iter().any(|(payouts, _)| payouts.contains(&place));
        if fitting.is_empty() || is_told || arrived.contains(&place) {
            continue;
        }
        let mut alike = places(payouts, |other| other.value() == payout.value());
        alike.retain(|other| !arrived.contains(other));
        ties.push((alike, fitting));
    }
    ties.sort();
    (arrived, ties)
}

fn places(all: &[Transfer], is_meant: impl Fn(&Transfer) -> bool) -> Vec<usize> {
    (0..all.len()).filter(|place| is_meant(&all[*place])).collect()
}
