//! The routes of the Stripe dialect: one row each, in the file of its resource, and here the list of those files.

use super::super::native;
use super::expand::{Expand, Gives};
use super::list;
use super::object::{Kind, Object};
use super::params::Params;
use super::refusal::Result;
use super::sheet::Reader;
use super::work::Work;
use super::{
    accounts, application_fees, balance, balance_transactions, bank_accounts, billing, charges, customers,
    disputes, events, files, fraud_warnings, payment_intents, payment_methods, payout_settings, payouts,
    prices, products, refunds, setup_intents, sources, test_clocks, tokens, transfer_reversals, transfers,
    webhook_endpoints,
};
use crate::json::{self, ArrayWriter, ObjectWriter, Value};
use crate::prelude::*;

/// Every resource.
const RESOURCES: &[&[Row]] = &[
    accounts::ROUTES,
    application_fees::ROUTES,
    balance::ROUTES,
    balance_transactions::ROUTES,
    bank_accounts::ROUTES,
    billing::INVOICES,
    billing::INVOICE_ITEMS,
    billing::INVOICE_PAYMENTS,
    billing::SUBSCRIPTIONS,
    billing::SUBSCRIPTION_ITEMS,
    charges::ROUTES,
    customers::ROUTES,
    disputes::ROUTES,
    events::ROUTES,
    files::ROUTES,
    fraud_warnings::ROUTES,
    payment_intents::ROUTES,
    payment_methods::ROUTES,
    payout_settings::ROUTES,
    payouts::ROUTES,
    prices::ROUTES,
    products::ROUTES,
    refunds::ROUTES,
    setup_intents::ROUTES,
    sources::ROUTES,
    test_clocks::ROUTES,
    tokens::ROUTES,
    transfer_reversals::ROUTES,
    transfers::ROUTES,
    webhook_endpoints::ROUTES,
];

const fn rows_in_all() -> usize {
    let (mut count, mut rest) = (0_usize, RESOURCES);
    while let Some((rows, after)) = rest.split_first() {
        count = count.wrapping_add(rows.len());
        rest = after;
    }
    count
}

/// Every row beside its mark, which stand close together: each request looks at all of them.
static MARKED: ([Mark; rows_in_all()], [Option<&Row>; rows_in_all()]) = {
    let mut marks = [0; rows_in_all()];
    let mut rows: [Option<&Row>; rows_in_all()] = [None; rows_in_all()];
    let (mut marks_left, mut rows_left): (&mut [Mark], &mut [Option<&Row>]) = (&mut marks, &mut rows);
    let mut resources = RESOURCES;
    while let Some((resource, others)) = resources.split_first() {
        let mut rest: &[Row] = resource;
        while let Some((row, after)) = rest.split_first() {
            (marks_left, rows_left) = match (marks_left, rows_left) {
                ([mark, marks @ ..], [slot, rows @ ..]) => {
                    (*mark, *slot) = (row.mark, Some(row));
                    (marks, rows)
                }
                none => none,
            };
            rest = after;
        }
        resources = others;
    }
    (marks, rows)
};

/// How much of what Stripe documents for a route is simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// All that a merchant's server can ask for with cards.
    Whole,
    /// The parameters most integrations use; others are refused by name.
    Most,
    /// The least that other routes need.
    Basic,
}

impl Level {
    const fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Most => "most",
            Self::Basic => "basic",
        }
    }
}

/// Carries a request out, after everything in it was checked.
pub(super) type Handler = fn(&mut Work<'_>, Params) -> Result<Answer>;

/// One route.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) method: &'static str,
    /// `:id` stands for one id.
    pub(super) pattern: &'static str,
    pub(super) run: Handler,
    pub(super) gives: Gives,
    level: Level,
    /// What is missing or different, in a sentence; empty when nothing is.
    note: &'static str,
    /// What tells a row from nearly all others.
    mark: Mark,
}

/// The first letter of the method, a hash of the resource, and how many parts the path has, in one number.
type Mark = u32;

/// Where the name of a resource begins in every path.
const VERSION: &[u8] = b"/v1/";

const fn mark(method: &str, path: &str) -> Mark {
    let verb = match method.as_bytes().first() {
        Some(verb) => *verb,
        None => 0,
    };
    let mut rest = match path.as_bytes().split_at_checked(VERSION.len()) {
        Some((_, behind)) => behind,
        None => &[],
    };
    let (mut parts, mut hash) = (0_u8, 0_u16);
    while let Some((byte, after)) = rest.split_first() {
        if *byte == b'/' {
            parts = parts.saturating_add(1);
        } else if parts == 0 {
            let [low, high] = hash.rotate_left(5).to_le_bytes();
            hash = u16::from_le_bytes([low ^ *byte, high]);
        }
        rest = after;
    }
    let [low, high] = hash.to_le_bytes();
    u32::from_be_bytes([verb, low, high, parts])
}

impl Row {
    pub(super) const fn new(
        method: &'static str,
        pattern: &'static str,
        run: Handler,
        gives: Gives,
        level: Level,
    ) -> Self {
        Self { method, pattern, run, gives, level, note: "", mark: mark(method, pattern) }
    }

    /// The same row, saying what is missing.
    pub(super) const fn noting(mut self, note: &'static str) -> Self {
        self.note = note;
        self
    }
}

/// What a handler answers.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// A version of an object.
    Object(Object),
    /// A new object whose answer shows a secret that is never shown again.
    New(Object),
    /// A page of a list: the address and how it is written.
    Page { url: String, numbers: (Vec<usize>, bool), write: PageWriter },
    /// A list that is a member of an object, such as its lines, or the element of it that has this id.
    Member { object: Object, name: &'static str, id: Option<String> },
    /// JSON without an id, such as the balance.
    Text(String),
}

type PageWriter = fn(Reader<'_>, &str, &(Vec<usize>, bool), &Expand) -> String;

impl Answer {
    /// A page of a list of one kind.
    pub(super) fn list<T: Kind>(url: &str, numbers: (Vec<usize>, bool)) -> Self {
        Self::Page { url: url.to_owned(), numbers, write: list::written::<T> }
    }

    /// The object that is answered; `None` for a list and for what has no id.
    pub(super) const fn object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) | Self::New(object) => Some(object),
            Self::Page { .. } | Self::Member { .. } | Self::Text(_) => None,
        }
    }

    /// The answer as JSON.
    pub(super) fn written(&self, reader: Reader<'_>, expand: &Expand) -> String {
        match self {
            Self::Object(object) => reader.object(object, expand),
            Self::New(object) => Reader { is_new: true, ..reader }.object(object, expand),
            Self::Page { url, numbers, write } => write(reader, url, numbers, expand),
            Self::Member { object, name, id } => {
                let whole = reader.object(object, expand);
                member(&whole, name, id.as_deref()).unwrap_or_else(|| "null".to_owned())
            }
            Self::Text(json) => json.clone(),
        }
    }
}

/// A list inside an object, or one of its elements, as it stands there.
fn member(whole: &str, name: &str, id: Option<&str>) -> Option<String> {
    let whole = json::parse(whole.as_bytes()).ok()?;
    let list = whole.get(name)?;
    let Some(id) = id else { return Some(list.to_text()) };
    let mut elements = list.get("data")?.as_array()?.iter();
    let is_it = |element: &&Value<'_>| element.get("id").and_then(Value::as_str) == Some(id);
    elements.find(is_it).map(Value::to_text)
}

/// The row of a request and the ids in its path; `None` when nothing is simulated there.
pub(super) fn find(method: &str, path: &str) -> Option<(&'static Row, Vec<String>)> {
    // Four bytes pass over nearly all rows, at a hundredth of what comparing texts costs.
    let mark = mark(method, path);
    let (mut marks, mut rows): (&[Mark], &[Option<&Row>]) = (&MARKED.0, &MARKED.1);
    // A literal goes before an id: `/v1/customers/search` is no customer.
    let mut best: Option<(&'static Row, Vec<String>)> = None;
    while let Some(place) = place_of(mark, marks) {
        let [row, others @ ..] = rows.get(place..)? else { break };
        (marks, rows) = (marks.get(place.saturating_add(1)..)?, others);
        let Some(row) = row.filter(|row| row.method == method && fits(row.pattern, path)) else { continue };
        let Some(ids) = ids(row.pattern, path) else { continue };
        if best.as_ref().is_none_or(|(_, found)| ids.len() < found.len()) {
            best = Some((row, ids));
        }
    }
    best
}

/// Where a mark stands. Sixteen are compared at once, without a jump between them.
fn place_of(mark: Mark, marks: &[Mark]) -> Option<usize> {
    const AT_ONCE: usize = 16;
    let is_it = |found: &Mark| *found == mark;
    let chunks = marks.as_chunks::<AT_ONCE>().0;
    let passed = chunks.iter().position(|chunk| chunk.iter().fold(false, |any, found| any | is_it(found)));
    let passed = passed.unwrap_or(chunks.len()).saturating_mul(AT_ONCE);
    let place = marks.get(passed..)?.iter().position(is_it)?;
    passed.checked_add(place)
}

/// Whether a path is that of a pattern, as far as its letters say. Nothing is kept for a row that is another one.
fn fits(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.as_bytes(), path.as_bytes());
    let behind = |text: &[u8]| text.iter().position(|byte| *byte == b'/').unwrap_or(text.len());
    // Byte by byte: taking paths apart would be a tenth of a request.
    while let Some((expected, after)) = pattern.split_first() {
        (pattern, path) = match path.split_first() {
            _ if *expected == b':' => {
                let (id, place) = (behind(pattern), behind(path));
                (pattern.get(id..).unwrap_or_default(), path.get(place..).unwrap_or_default())
            }
            Some((found, rest)) if found == expected => (after, rest),
            _ => return false,
        };
    }
    path.is_empty()
}

/// The ids in a path; `None` when the pattern is another one.
fn ids(pattern: &str, path: &str) -> Option<Vec<String>> {
    const ID: &[u8] = b"id";
    let mut ids = Vec::new();
    let (mut pattern, mut rest) = (pattern.as_bytes(), path.as_bytes());
    // Byte by byte: taking paths apart would be a tenth of a request.
    loop {
        match (pattern.split_first(), rest.split_first()) {
            (None, None) => return Some(ids),
            (Some((b':', after)), _) => {
                let end = rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len());
                let (id, behind) = rest.split_at_checked(end)?;
                let id = core::str::from_utf8(id).ok().and_then(native::decode);
                ids.push(id.filter(|id| !id.is_empty())?);
                (pattern, rest) = (after.strip_prefix(ID)?, behind);
            }
            (Some((expected, after)), Some((found, behind))) if expected == found => {
                (pattern, rest) = (after, behind);
            }
            _ => return None,
        }
    }
}

/// The table `tillproof simulate --routes` prints: a JSON list of method, path, level and note.
pub(in crate::simulator) fn coverage() -> String {
    let rows = RESOURCES.iter().flat_map(|rows| rows.iter());
    rows.fold(ArrayWriter::new(), |list, row| {
        list.raw(
            &ObjectWriter::new()
                .text("method", row.method)
                .text("path", row.pattern)
                .text("level", row.level.name())
                .text("note", row.note)
                .finish(),
        )
    })
    .finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_rows_answer_the_same_request() {
        let rows: Vec<&Row> = RESOURCES.iter().flat_map(|rows| rows.iter()).collect();
        let marked = MARKED.1.iter().flatten().map(|row| row.pattern);
        assert!(marked.eq(rows.iter().map(|row| row.pattern)), "every row has its mark");
        for (at, row) in rows.iter().enumerate() {
            let twin = rows
                .iter()
                .skip(at.saturating_add(1))
                .find(|other| other.method == row.method && other.pattern == row.pattern);
            assert!(twin.is_none(), "{} {}", row.method, row.pattern);
            assert!(row.pattern.starts_with("/v1/"), "{}", row.pattern);
        }
    }
}
