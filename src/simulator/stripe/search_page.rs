//! A page of a search holds what fits the query, newest first; the next one goes on where this one ended.
//!
//! Search is consistent here at once. How far it may lag behind is a fault that a plan injects.

use super::super::ids::Ids;
use super::expand::Expand;
use super::list;
use super::object::{Kind, Metadata};
use super::params::Params;
use super::refusal::{Refusal, Result};
use super::routes::Answer;
use super::search::{Content, Field, Query};
use super::sheet::Reader;
use super::work::Work;
use crate::json::{ArrayWriter, ObjectWriter};
use crate::prelude::*;

/// What page tokens begin with.
const PREFIX: &str = "page";

/// The content of one field of an object, by name and, of metadata, by key.
type Look<T> = fn(&T, &Ids, &'static str, &str) -> Content;

/// Answers a search for objects of one kind, as far as they are there.
///
/// # Errors
///
/// The query cannot be read, or the page is none.
pub(super) fn answer<T: Kind>(
    work: &Work<'_>,
    mut params: Params,
    (url, fields): (&str, &'static [Field]),
    is_there: fn(&T) -> bool,
    look: Look<T>,
) -> Result<Answer> {
    let text = params.required_text("query")?;
    let limit = list::limit(&mut params)?;
    let rows = T::table(&work.world.stripe.tables).rows();
    let below = match params.text("page")? {
        None => rows.len(),
        Some(token) => work.world.ids.number(PREFIX, &token).ok_or_else(|| {
            Refusal::param(None, "page", "Invalid page: give the next_page of the page before".to_owned())
        })?,
    };
    params.finish()?;
    let query = Query::parse(&text, fields).map_err(|message| Refusal::param(None, "query", message))?;
    let ids = &work.world.ids;
    // What lives by a test clock may be of the future: only a search that lags behind is cut.
    let lags = work.as_of < work.now;
    let fits = |number: &usize| {
        rows.get(*number).is_some_and(|row| {
            row.head().account == work.account
                && (!lags || row.head().created <= work.as_of)
                && is_there(row)
                && query.matches(|name, key| look(row, ids, name, key))
        })
    };
    let one_more = limit.saturating_add(1);
    let mut found: Vec<usize> = (0..below.min(rows.len())).rev().filter(fits).take(one_more).collect();
    let has_more = found.len() > limit;
    found.truncate(limit);
    Ok(Answer::Page { url: url.to_owned(), numbers: (found, has_more), write: written::<T> })
}

/// The value of a key of metadata.
pub(super) fn metadata(metadata: &Metadata, key: &str) -> Content {
    let pairs = metadata.iter().flat_map(|pairs| pairs.iter());
    Content::maybe(pairs.into_iter().find(|(name, _)| name == key).map(|(_, value)| value.clone()))
}

/// A search result as JSON.
fn written<T: Kind>(
    reader: Reader<'_>,
    url: &str,
    (numbers, has_more): &(Vec<usize>, bool),
    expand: &Expand,
) -> String {
    let found = numbers.iter().filter_map(|number| T::table(reader.tables).get(*number));
    let data = found
        .fold(ArrayWriter::new(), |data, row| data.raw(&reader.object(&T::object(row.clone()), expand)))
        .finish();
    let last = numbers.last().filter(|_| *has_more).map(|last| reader.ids.id(PREFIX, *last));
    let result =
        ObjectWriter::new().text("object", "search_result").raw("data", &data).flag("has_more", *has_more);
    match last {
        Some(token) => result.text("next_page", &token),
        None => result.null("next_page"),
    }
    .text("url", url)
    .finish()
}
