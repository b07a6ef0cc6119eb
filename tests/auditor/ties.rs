//! Pairs and ties of rows without a common reference, by holding every row against every other.
//!
//! The engine sorts, and looks where it must; this model writes down what that is meant to find: rows that only fit each
//! other are a pair, and of the rest whatever hangs together is a tie.

use crate::random::Random;

pub(crate) const DAY: u64 = 1_440;

/// A row, with a name of its own that no other row has.
#[derive(Clone, Debug)]
pub(crate) struct Bare {
    pub(crate) name: String,
    pub(crate) is_ours: bool,
    /// Whether its name stands as a reference; as an id otherwise.
    pub(crate) is_keyed: bool,
    pub(crate) is_refund: bool,
    pub(crate) has_failed: bool,
    pub(crate) amount: u64,
    /// Minute of the month.
    pub(crate) minute: Option<u64>,
}

/// How long something may be on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    pub(crate) days: u64,
    pub(crate) is_business: bool,
}

/// A break or a pair: what it is, and the names in it.
pub(crate) type Told = (&'static str, Vec<String>);

impl Bare {
    /// Few prices and days, so that there are ties; references on one side at most, as a file has them or has none.
    pub(crate) fn draw(random: &mut Random, keyed: u64, number: usize) -> Self {
        let is_ours = random.once_in(2);
        Self {
            name: format!("n{number}"),
            is_ours,
            is_keyed: keyed == u64::from(is_ours) && random.once_in(2),
            is_refund: random.once_in(5),
            has_failed: is_ours && random.once_in(8),
            amount: 500 + random.below(3),
            minute: (!random.once_in(30)).then(|| random.below(29 * DAY)),
        }
    }

    fn fits(&self, other: &Self, reach: Reach) -> bool {
        let is_near = self.minute.zip(other.minute).is_none_or(|(a, b)| a.max(b) <= reach.due(a.min(b)));
        self.is_ours != other.is_ours
            && !(self.is_keyed && other.is_keyed)
            && (self.is_refund, self.amount) == (other.is_refund, other.amount)
            && is_near
    }
}

impl Reach {
    /// The month is March 2026, which begins on a Sunday.
    fn due(self, minute: u64) -> u64 {
        let (mut due, mut left) = (minute, self.days);
        while left > 0 {
            due += DAY;
            let is_off = self.is_business && [0, 6].contains(&(due / DAY % 7));
            left -= u64::from(!is_off);
        }
        due
    }
}

/// What becomes of the rows, sorted; those that failed and have no partner are in none of it.
pub(crate) fn told(rows: &[Bare], reach: Reach, as_of: u64) -> Vec<Told> {
    let mut told = Vec::new();
    let mut rest: Vec<&Bare> = rows.iter().collect();
    for counts_all in [true, false] {
        let taking_part: Vec<&Bare> =
            rest.iter().filter(|row| counts_all || !row.has_failed).copied().collect();
        for group in groups(&taking_part, reach) {
            let ours = group.iter().filter(|row| row.is_ours).count();
            let theirs = group.len() - ours;
            let overdue = group
                .iter()
                .filter(|row| row.is_ours && row.minute.is_none_or(|minute| reach.due(minute) < as_of));
            let kind = match (ours, theirs) {
                (0, _) | (_, 0) => continue,
                (1, 1) => "pair",
                _ if counts_all => continue,
                _ if overdue.count() > theirs => "ambiguous +missing_in_settlement",
                _ if theirs > ours => "ambiguous +missing_in_mirror",
                _ => "ambiguous",
            };
            rest.retain(|row| group.iter().all(|other| other.name != row.name));
            told.push((kind, group.iter().map(|row| row.name.clone()).collect()));
        }
    }
    for row in rest {
        let kind = match row.minute {
            _ if !row.is_ours => "missing_in_mirror",
            _ if row.has_failed => continue,
            Some(minute) if reach.due(minute) >= as_of => "in_flight",
            _ => "missing_in_settlement",
        };
        told.push((kind, vec![row.name.clone()]));
    }
    sorted(told)
}

pub(crate) fn sorted(mut told: Vec<Told>) -> Vec<Told> {
    told.iter_mut().for_each(|(_, names)| names.sort());
    told.sort();
    told
}

/// Rows that hang together by fitting each other.
fn groups<'a>(rows: &[&'a Bare], reach: Reach) -> Vec<Vec<&'a Bare>> {
    let mut groups: Vec<Vec<&Bare>> = Vec::new();
    for row in rows {
        let (joined, mut others): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|group| group.iter().any(|other| row.fits(other, reach)));
        let mut whole = joined.concat();
        whole.push(row);
        others.push(whole);
        groups = others;
    }
    groups
}
