//! What stays of a run of one share is judged in the memory it stands in: nobody has to find out again in which order.

use super::payouts::Payouts;
use super::rows::Kept;
use super::words::Words;
use crate::prelude::*;
use crate::reconcile::batch::{self, Head};
use crate::reconcile::clear::Cleared;
use crate::reconcile::parts::PartError;
use crate::reconcile::summed::{self, Summed};
use crate::reconcile::teller::Form;
use crate::reconcile::telling::{self, Piece, Tellers};
use crate::reconcile::window::Window;

/// The rows of a run that stay.
#[derive(Debug)]
pub struct Rest {
    names: [Vec<String>; 3],
    window: Window,
    cleared: Cleared,
    /// Packed, in the order of the judge: what is looked at together stands together.
    rows: Vec<u8>,
    count: usize,
    payouts: Payouts,
    words: Words,
}

/// Whether the judge of such rows asks for no line that is known as part of a sum alone.
#[inline(never)]
pub(super) fn is_enough(rows: &[u8], summed: &[Summed<'_>]) -> bool {
    let mut unpacked = Vec::new();
    if summed.is_empty() {
        return true;
    }
    if batch::unpack_rows(rows, &mut unpacked).is_err() {
        return false;
    }
    let asked = summed::asked(&mut unpacked, summed);
    asked.iter().zip(summed).all(|(asked, own)| *asked <= own.has)
}

impl Rest {
    pub(super) fn of(
        names: [Vec<String>; 3],
        window: Window,
        (kept, rows): (&Kept, Vec<u8>),
        (payouts, words): (Payouts, Words),
    ) -> Self {
        Self { names, window, cleared: kept.cleared, rows, count: kept.count(), payouts, words }
    }

    fn head(&self) -> Head<'_> {
        let Self { names, window, cleared, payouts, words, .. } = self;
        Head {
            names: names.each_ref().map(|names| names.iter().map(|name| &**name).collect()),
            window: window.clone(),
            cleared: *cleared,
            summed: payouts.summed(words),
            of: 1,
            is_in_order: true,
            ..Head::default()
        }
    }

    /// What [`tell`](crate::reconcile::tell) does with a part.
    ///
    /// # Errors
    ///
    /// Those of [`tell`](crate::reconcile::tell).
    pub fn tell(
        &self,
        terms: &[u8],
        how: (Tellers, Form),
        take: &mut dyn FnMut(Piece<'_>),
    ) -> Result<usize, PartError> {
        let mut unpacked = Vec::with_capacity(self.count);
        batch::unpack_rows(&self.rows, &mut unpacked)?;
        telling::tell_rows((self.head(), unpacked), terms, how, take)
    }
}
