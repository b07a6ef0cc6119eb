//! What was checked once is not read again: a step reads the lines that are new, and compares the accounts they touch.
//!
//! A [`Watch`] goes along with a ledger and holds the stored journal against it: the chain goes on from the last line that
//! was checked, every entry balances and has a cause, and a second sum of each account, made from the stored lines alone,
//! equals the running balance. A step takes as long as what is new; a watch that begins anew looks at the whole.
//!
//! A line that is refused stays the next one: the watch says so until the journal is mended.

use alloc::collections::BTreeMap;

use super::account::Account;
use super::balance::Sums;
use super::digest::Digest;
use super::index::keyed;
use super::{Error, ErrorKind, Ledger, Line};
use crate::prelude::*;

/// Most accounts that are named as differing: one is enough to stop, ten show a pattern.
pub const DIFFERING_MAX: usize = 10;

/// The sums of one account, or of one key in it, as the stored lines make them.
#[derive(Debug)]
struct Page {
    account: Account,
    key: Option<String>,
    sums: Sums,
    /// Whether something was added since it was last found equal.
    touched: bool,
}

/// What was checked of a journal so far.
#[derive(Debug)]
pub struct Watch {
    position: u64,
    head: Digest,
    pages: Vec<Page>,
    /// Place in `pages` of each account, and of each key in it.
    places: BTreeMap<String, u64>,
    /// Places of the pages that are touched.
    touched: Vec<u64>,
    totals: Sums,
}

/// What a step found. In sound books `balanced` is true and nothing differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// Position of the last line that was checked; 0 before the first.
    pub position: u64,
    /// The hash of that line.
    pub head: String,
    /// Whether the debits of all lines so far equal their credits in every currency, on both layers.
    pub balanced: bool,
    /// Whether running balances were compared: only where the books are as long as what was checked.
    pub compared: bool,
    /// Accounts whose running balance, or that of one of their keys, is not the sum of the stored lines; at most
    /// [`DIFFERING_MAX`].
    pub differing: Vec<Account>,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            position: 0,
            head: Digest::zero(),
            pages: Vec::new(),
            places: BTreeMap::new(),
            touched: Vec::new(),
            totals: Sums::default(),
        }
    }
}

impl Watch {
    /// A watch that has looked at nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Checks the texts of the stored lines that come next, and compares the running balances of `ledger` with their sum.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BrokenChain`] with the first bad position; the lines before it are checked.
    pub fn step<'a>(
        &mut self,
        lines: impl IntoIterator<Item = &'a [u8]>,
        ledger: &Ledger,
    ) -> Result<Watched, Error> {
        for text in lines {
            let position = self.position.saturating_add(1);
            let line = Line::parse(text, position)?;
            if !line.follows(self.head) {
                let found = "it does not follow the line before it";
                return Err(Error::from(ErrorKind::BrokenChain { position, found }));
            }

            // From here on the line is checked: that it balances and has a cause is part of being a line.
            self.add(&line);
        }
        let compared = ledger.length() == self.position;
        let differing = if compared { self.compare(ledger) } else { Vec::new() };
        let even = self
            .totals
            .iter()
            .all(|(_, total)| total.debits == total.credits && total.pending_debits == total.pending_credits);
        let (position, head) = (self.position, self.head.text());
        Ok(Watched { position, head, balanced: even, compared, differing })
    }

    fn add(&mut self, line: &Line) {
        (self.position, self.head) = (line.position(), line.digest());
        let Some(entry) = line.entry() else { return };
        for posting in entry.postings() {
            let (currency, change) = (posting.amount.currency(), entry.change(posting));
            self.totals.add(currency, change);
            for key in [Some(None), posting.key.as_deref().map(Some)].into_iter().flatten() {
                if let Some(page) = self.touch(&posting.account, key) {
                    page.sums.add(currency, change);
                }
            }
        }
    }

    /// The page of an account or of one key in it, made where there is none; always `Some`.
    fn touch(&mut self, account: &Account, key: Option<&str>) -> Option<&mut Page> {
        let name = key.map_or_else(|| account.name().to_owned(), |key| keyed(account, key));
        let next = u64::try_from(self.pages.len()).unwrap_or(u64::MAX);
        let place = *self.places.entry(name).or_insert(next);
        if place == next {
            let (account, key) = (account.clone(), key.map(str::to_owned));
            self.pages.push(Page { account, key, sums: Sums::default(), touched: false });
        }
        let page = self.pages.get_mut(usize::try_from(place).ok()?)?;
        if !page.touched {
            page.touched = true;
            self.touched.push(place);
        }
        Some(page)
    }

    /// The accounts of touched pages that the books say otherwise of. They stay touched.
    fn compare(&mut self, ledger: &Ledger) -> Vec<Account> {
        let mut differing: Vec<Account> = Vec::new();
        for place in core::mem::take(&mut self.touched) {
            let page = usize::try_from(place).ok().and_then(|place| self.pages.get_mut(place));
            let Some(page) = page else { continue };
            let (account, key) = (&page.account, page.key.as_deref());
            page.touched =
                page.sums.iter().any(|(currency, sum)| ledger.balance_of(account, key, currency) != sum);
            if page.touched {
                if differing.len() < DIFFERING_MAX && !differing.contains(account) {
                    differing.push(account.clone());
                }
                self.touched.push(place);
            }
        }
        differing
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::Entry;
    use super::*;
    use crate::json;

    fn posted(ledger: &mut Ledger, id: &str, minor: u64) -> String {
        let text = format!(
            r#"{{"id":"{id}","occurred_at":1,"recorded_at":1,"cause":"evt","postings":[
                {{"account":"Assets:Clearing","side":"debit","amount_minor":"{minor}","currency":"EUR","key":"po_1"}},
                {{"account":"Income:Sales","side":"credit","amount_minor":"{minor}","currency":"EUR"}}]}}"#
        );
        let entry = Entry::from_json(&json::parse(text.as_bytes()).unwrap()).unwrap();
        let _ = ledger.post(entry).unwrap();
        ledger.lines().last().unwrap().text()
    }

    #[test]
    fn steps_that_follow_each_other_say_what_one_over_the_whole_says() {
        let (mut ledger, mut watch) = (Ledger::new(), Watch::new());
        let mut lines = Vec::new();
        for (id, minor) in [("a", 5), ("b", 6), ("c", 7), ("d", 8)] {
            lines.push(posted(&mut ledger, id, minor));
            let step = watch.step(lines.last().map(String::as_bytes), &ledger).unwrap();
            let whole = Watch::new().step(lines.iter().map(String::as_bytes), &ledger).unwrap();
            assert_eq!(step, whole);
            assert!(step.balanced && step.compared && step.differing.is_empty(), "{step:?}");
            assert_eq!((step.position, step.head), (ledger.length(), ledger.head()));
        }
        // Nothing new takes nothing.
        assert!(watch.step([], &ledger).unwrap().compared);
    }

    #[test]
    fn what_was_stored_otherwise_than_it_is_in_the_books_differs_until_it_is_mended() {
        let (mut ledger, mut other) = (Ledger::new(), Ledger::new());
        let _ = posted(&mut ledger, "a", 5);
        let stored = posted(&mut other, "a", 6);
        let mut watch = Watch::new();
        let found = watch.step([stored.as_bytes()], &ledger).unwrap();
        let names: Vec<&str> = found.differing.iter().map(Account::name).collect();
        assert_eq!(names, ["Assets:Clearing", "Income:Sales"]);
        assert_eq!(watch.step([], &ledger).unwrap().differing, found.differing);
        assert!(watch.step([], &other).unwrap().differing.is_empty());
        // Books that are behind are not compared.
        let behind = watch.step([posted(&mut other, "b", 7).as_bytes()], &ledger).unwrap();
        assert!(!behind.compared && behind.differing.is_empty());
    }

    #[test]
    fn a_line_that_is_not_the_next_is_refused_and_stays_the_next() {
        let mut ledger = Ledger::new();
        let lines = [posted(&mut ledger, "a", 5), posted(&mut ledger, "b", 5), posted(&mut ledger, "c", 5)];
        let mut other = Ledger::new();
        let _ = posted(&mut other, "x", 9);
        let stranger = posted(&mut other, "b", 5);
        let mut watch = Watch::new();
        let _ = watch.step([lines[0].as_bytes()], &ledger).unwrap();
        // line, reason
        let table = [
            (lines[1].replace("evt", "evT"), "its hash is not that of its content"),
            (lines[2].clone(), "another position is written in it"),
            (stranger, "it does not follow the line before it"),
        ];
        for (line, reason) in table {
            let error = watch.step([line.as_bytes()], &ledger).unwrap_err();
            let expected = ErrorKind::BrokenChain { position: 2, found: reason };
            assert_eq!(error, Error::from(expected));
        }
        let rest = lines[1..].iter().map(String::as_bytes);
        assert_eq!(watch.step(rest, &ledger).unwrap().position, 3);
    }
}
