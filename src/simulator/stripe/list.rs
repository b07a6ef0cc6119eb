//! Lists are newest first, complete and without repetition, whatever is added while somebody walks them.
//!
//! Source: <https://docs.stripe.com/api/pagination>. A cursor is the id of an object of the same kind and account.

use super::expand::Expand;
use super::object::Kind;
use super::params::{Params, Patch};
use super::refusal::{Refusal, Result};
use super::sheet::Reader;
use super::work::Work;
use crate::prelude::*;
use crate::time::Timestamp;

const LIMIT_DEFAULT: usize = 10;
const LIMIT_MAX: u64 = 100;

/// The part of a list that is asked for.
#[derive(Clone, Debug)]
pub(super) struct Page {
    limit: usize,
    /// Older than the object of this number.
    after: Option<usize>,
    /// Newer than the object of this number.
    before: Option<usize>,
}

/// The bounds of a moment: `created[gte]=1&created[lt]=2`, or the exact second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    /// The first second inside.
    from: u64,
    /// The last second inside; `None` for no end.
    to: Option<u64>,
}

impl Page {
    /// Reads `limit`, `starting_after` and `ending_before`.
    ///
    /// # Errors
    ///
    /// The limit is not from 1 to 100, a cursor names nothing, or both cursors are given.
    pub(super) fn read<T: Kind>(work: &Work<'_>, params: &mut Params) -> Result<Self> {
        let limit = limit(params)?;
        let mut cursor = |name| match params.text(name)? {
            None => Ok(None),
            Some(id) => work.find_param::<T>(&id, name).map(Some),
        };
        let (after, before) = (cursor("starting_after")?, cursor("ending_before")?);
        if after.is_some() && before.is_some() {
            let message = "Only one of starting_after and ending_before may be given".to_owned();
            return Err(Refusal::param(None, "starting_after", message));
        }
        Ok(Self { limit, after, before })
    }

    /// The numbers of the objects on this page, newest first, and whether there are more beyond it.
    pub(super) fn of<T: Kind>(
        &self,
        work: &Work<'_>,
        mut is_wanted: impl FnMut(&T) -> bool,
    ) -> (Vec<usize>, bool) {
        let rows = T::table(&work.world.stripe.tables).rows();
        // What lives by a test clock may be of the future: only a list that lags behind is cut.
        let lags = work.as_of < work.now;
        let mut is_mine = |number: &usize| {
            rows.get(*number).is_some_and(|row| {
                let head = row.head();
                head.account == work.account && (!lags || head.created <= work.as_of) && is_wanted(row)
            })
        };
        let one_more = self.limit.saturating_add(1);
        let found: Vec<usize> = match self.before {
            Some(before) => {
                (before.saturating_add(1)..rows.len()).filter(&mut is_mine).take(one_more).collect()
            }
            None => (0..self.after.unwrap_or(rows.len())).rev().filter(&mut is_mine).take(one_more).collect(),
        };
        self.cut(found)
    }

    /// As [`Page::of`], of some objects only, whose numbers come oldest first: what an index already knows.
    pub(super) fn among<T: Kind>(
        &self,
        work: &Work<'_>,
        numbers: impl DoubleEndedIterator<Item = usize>,
        mut is_wanted: impl FnMut(&T) -> bool,
    ) -> (Vec<usize>, bool) {
        let rows = T::table(&work.world.stripe.tables).rows();
        let is_mine = |number: &usize| {
            rows.get(*number).is_some_and(|row| {
                row.head().account == work.account && row.head().created <= work.as_of && is_wanted(row)
            })
        };
        let one_more = self.limit.saturating_add(1);
        let found = match self.before {
            Some(before) => {
                numbers.filter(|number| *number > before).filter(is_mine).take(one_more).collect()
            }
            None => {
                let older = numbers.rev().filter(|number| self.after.is_none_or(|after| *number < after));
                older.filter(is_mine).take(one_more).collect()
            }
        };
        self.cut(found)
    }

    /// What was found, walking away from the cursor: as much as is asked for, newest first, and whether there is more.
    fn cut(&self, mut found: Vec<usize>) -> (Vec<usize>, bool) {
        let has_more = found.len() > self.limit;
        found.truncate(self.limit);
        if self.before.is_some() {
            found.reverse();
        }
        (found, has_more)
    }
}

/// Reads `limit`: how many objects a page holds at most.
///
/// # Errors
///
/// It is not from 1 to 100.
pub(super) fn limit(params: &mut Params) -> Result<usize> {
    let Some(found) = params.integer("limit")? else { return Ok(LIMIT_DEFAULT) };
    match u64::try_from(found).ok().filter(|limit| (1..=LIMIT_MAX).contains(limit)) {
        Some(limit) => Ok(usize::try_from(limit).unwrap_or(LIMIT_DEFAULT)),
        None => {
            let message = format!("Invalid limit: expected 1 to {LIMIT_MAX}, found {found}");
            Err(Refusal::param(Some("parameter_invalid_integer"), "limit", message))
        }
    }
}

impl Span {
    /// Reads a filter on a moment, such as `created`.
    ///
    /// # Errors
    ///
    /// A bound is no whole number of seconds, or unknown.
    pub(super) fn read(params: &mut Params, name: &str) -> Result<Self> {
        if !params.has(name) {
            return Ok(Self::default());
        }
        if let Ok(Some(exact)) = params.clone().natural(name) {
            let _ = params.take(name);
            return Ok(Self { from: exact, to: Some(exact) });
        }
        let Patch::Set(mut bounds) = params.object(name)? else { return Ok(Self::default()) };
        let (gt, gte) = (bounds.natural("gt")?, bounds.natural("gte")?);
        let (lt, lte) = (bounds.natural("lt")?, bounds.natural("lte")?);
        bounds.finish()?;
        let from = gt.map(|second| second.saturating_add(1)).into_iter().chain(gte).max().unwrap_or(0);
        let nothing = lt == Some(0);
        let to = lt.map(|second| second.saturating_sub(1)).into_iter().chain(lte).min();
        Ok(if nothing { Self { from: 1, to: Some(0) } } else { Self { from, to } })
    }

    /// Whether a moment is inside.
    pub(super) fn holds(self, at: Timestamp) -> bool {
        let second = at.unix_seconds();
        second >= self.from && self.to.is_none_or(|to| second <= to)
    }
}

/// A list object as JSON.
pub(super) fn written<T: Kind>(
    reader: Reader<'_>,
    url: &str,
    (numbers, has_more): &(Vec<usize>, bool),
    expand: &Expand,
) -> String {
    let mut data = crate::json::ArrayWriter::new();
    for number in numbers {
        if let Some(found) = T::table(reader.tables).get(*number) {
            data = data.raw(&reader.object(&T::object(found.clone()), expand));
        }
    }
    crate::json::ObjectWriter::new()
        .text("object", "list")
        .raw("data", &data.finish())
        .flag("has_more", *has_more)
        .text("url", url)
        .finish()
}
