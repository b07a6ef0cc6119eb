//! Of a side whose times all lack a zone, rows go through as if they had one: the judge says it once of each file.
//!
//! It says so where nearly all rows of a side have none, and asks the rows that it sees. Whoever sees a few of them gets the
//! same answer if and only if there is nothing else to see: so the side has to be of one kind, whatever its rows are, as many
//! of its rows stay as the judge asks for at least, and of each file the first, which it names. Where some have a zone, those
//! without one are for the judge, each by itself.

use super::plain::{NO_TIME, Plain};
use super::{Sieve, Unfit};
use crate::reconcile::row::Side;

/// So many rows without a zone are a habit: see `habits`.
const WITNESSES: u8 = 3;

/// What the rows of a side have shown so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    /// None of them tells a time.
    #[default]
    Unknown,
    /// Some have a zone or are days, or others read some of the rows: those without one stay.
    Zoned,
    /// None has a zone.
    Zoneless,
}

/// What the rows of the side that is being read have shown.
#[derive(Debug, Default)]
pub(super) struct Zones {
    kind: Kind,
    /// Rows that stayed because they have no zone.
    witnesses: u8,
    /// Whether one of the file that is being read did.
    is_told: bool,
    /// Whether one without a zone was let through.
    has_passed: bool,
    /// Ledger and settlement: whether no time has a zone.
    zoneless: [bool; 2],
}

impl Zones {
    /// Begins a file; `is_new_side`: the first of its side. Of a share of a run it is not known what the other rows are.
    pub(super) fn begin(&mut self, is_new_side: bool, is_share: bool) {
        self.is_told = false;
        if is_new_side {
            self.kind = if is_share { Kind::Zoned } else { Kind::Unknown };
            (self.witnesses, self.has_passed) = (0, false);
        }
    }

    /// Whether no time of a side has a zone, so far.
    pub(super) const fn has_zoneless(&self) -> bool {
        matches!(self.zoneless, [true, _] | [_, true])
    }

    /// Whether every row has to be looked at: otherwise only those without a zone.
    #[inline(always)]
    pub(super) fn is_watching(&self) -> bool {
        self.kind != Kind::Zoned
    }

    /// Looks at a row of a side, and leaves it plain where it may go through; `is_zoneless`: of one that tells a time.
    ///
    /// # Errors
    ///
    /// [`Unfit`] where a side has times of both kinds, and rows of the first went through.
    #[inline(never)]
    pub(super) fn pass(
        &mut self,
        side: Side,
        is_zoneless: Option<bool>,
        plain: Option<Plain>,
    ) -> Result<Option<Plain>, Unfit> {
        let Some(is_zoneless) = is_zoneless else { return Ok(plain) };
        if self.kind == Kind::Unknown || (self.kind == Kind::Zoneless && !is_zoneless) {
            if self.has_passed {
                return Err(Unfit);
            }
            self.kind = if is_zoneless { Kind::Zoneless } else { Kind::Zoned };
            if let Some(own) = self.zoneless.get_mut(usize::from(side.byte())) {
                *own = is_zoneless;
            }
        }
        if !is_zoneless {
            return Ok(plain);
        }
        if self.kind == Kind::Zoneless && self.is_told && self.witnesses >= WITNESSES {
            self.has_passed |= plain.is_some();
            return Ok(plain);
        }
        self.is_told = true;
        self.witnesses = self.witnesses.saturating_add(1);
        Ok(None)
    }
}

impl Plain {
    /// Whether its time has no zone; `None` where it tells none.
    pub(super) fn zone(&self) -> Option<bool> {
        (self.time != NO_TIME).then_some(self.is_zoneless)
    }
}

impl Sieve {
    /// Takes out of what is known of rows that went through how many of a side tell a time, where none has a zone: those that
    /// stay are of that kind, and nobody has to know how many more are.
    pub(super) fn leave_out_zoneless(&mut self) {
        for (count, is_zoneless) in self.kept.cleared.timed_sides.iter_mut().zip(self.zones.zoneless) {
            if is_zoneless {
                *count = 0;
            }
        }
    }
}
