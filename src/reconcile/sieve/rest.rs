//! What stays of a run of one share is judged where it stands: as a part it would be put together, to be taken apart again.

use super::rows::Kept;
use crate::prelude::*;
use crate::reconcile::batch::Head;
use crate::reconcile::packed::{Corrupt, Fields};
use crate::reconcile::parts::{PartError, Share};
use crate::reconcile::row::Row;
use crate::reconcile::telling::{self, Form};
use crate::reconcile::window::Window;

/// The rows of a run that stay.
#[derive(Debug)]
pub struct Rest {
    pub(super) names: [Vec<String>; 3],
    pub(super) window: Window,
    pub(super) kept: Kept,
}

impl Rest {
    /// What [`tell`](crate::reconcile::tell) does with a part.
    ///
    /// # Errors
    ///
    /// Those of [`tell`](crate::reconcile::tell).
    pub fn tell(
        &self,
        terms: &[u8],
        how: (Share, Form),
        write: &mut dyn FnMut(&[u8]),
    ) -> Result<usize, PartError> {
        let Self { names, window, kept } = self;
        let head = Head {
            names: names.each_ref().map(|names| names.iter().map(|name| &**name).collect()),
            window: window.clone(),
            cleared: kept.cleared,
            of: 1,
            is_in_order: true,
            ..Head::default()
        };
        let mut rows = Vec::with_capacity(kept.count());
        for packed in kept.in_order() {
            rows.push(Row::unpack(&mut Fields::of(packed)).ok_or(PartError::Corrupt(Corrupt { at: 0 }))?);
        }
        telling::tell_rows((head, rows), terms, how, write)
    }
}
