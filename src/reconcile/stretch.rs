//! A stretch of the breaks of a report, as bytes: whoever has no more than that prints it as it stands in the report.
//!
//! A stretch is a version, the form, the names of the files, the moment ages are counted to, how many findings there are, and
//! then these, in the order of the report. It parts none that are numbered because they are alike, so that no two stretches have
//! anything to say to each other, and it is never the first of its report.

use super::batch::{names, put_names};
use super::findings::Finding;
use super::packed::{Corrupt, Fields, put_count, put_maybe, put_moment};
use super::teller::{Form, Teller};
use super::verdicts::Carried;
use super::window::Window;
use crate::prelude::*;
use crate::time::Timestamp;

/// The first byte of a stretch.
const VERSION: u8 = 1;

/// A finding seldom has more bytes: a row on each side, and another that came near.
const FINDING_BYTES: usize = 448;

/// Packs findings in their order.
pub(super) fn pack<'f, 'r: 'f>(
    (form, files, window): (Form, &[Vec<&str>; 3], &Window),
    found: impl ExactSizeIterator<Item = &'f Finding<'r>>,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(found.len().saturating_mul(FINDING_BYTES));
    out.extend_from_slice(&[VERSION, form.byte()]);
    put_names(&mut out, files);
    put_maybe(&mut out, window.as_of, put_moment);
    put_count(&mut out, found.len());
    for found in found {
        found.pack(&mut out);
    }
    out
}

/// Hands a stretch that [`tell`](super::tell) has handed out to `write`, piece by piece, as it stands in the report. The
/// pieces are the same each time.
///
/// # Errors
///
/// [`Corrupt`] for bytes that are no stretch; of what stands before their place, pieces may have been written.
pub fn tell_stretch(stretch: &[u8], write: &mut dyn FnMut(&[u8])) -> Result<(), Corrupt> {
    let mut fields = Fields::of(stretch);
    let (form, files, as_of, count) = head(&mut fields).ok_or(Corrupt { at: 0 })?;
    let window = Window { as_of, ..Window::default() };
    let mut teller = Teller::new(form, &files, &window);
    let at = |fields: &Fields<'_>| Corrupt { at: stretch.len().saturating_sub(fields.rest.len()) };
    for _ in 0..count {
        let corrupt = at(&fields);
        tell_next(&mut fields, &mut teller, write).ok_or(corrupt)?;
    }
    if !fields.rest.is_empty() {
        return Err(at(&fields));
    }
    write(teller.rest().as_bytes());
    Ok(())
}

#[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
fn tell_next(fields: &mut Fields<'_>, teller: &mut Teller<'_>, write: &mut dyn FnMut(&[u8])) -> Option<()> {
    let carried = Carried::unpack(fields)?;
    teller.tell(&carried.finding(), write);
    Some(())
}

/// The form, the names of the files, the moment ages are counted to, and how many findings follow.
type Head<'a> = (Form, [Vec<&'a str>; 3], Option<Timestamp>, usize);

fn head<'a>(fields: &mut Fields<'a>) -> Option<Head<'a>> {
    if fields.byte()? != VERSION {
        return None;
    }
    Some((Form::of_byte(fields.byte()?)?, names(fields)?, fields.maybe(Fields::moment)?, fields.count()?))
}
