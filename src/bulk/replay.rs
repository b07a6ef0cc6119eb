//! Books are the fold of their pages: the same pages give the same sums and the same head, and a page that is refused
//! changes nothing.
//!
//! Limits are not decided again: a stored page is history. That its transactions balance is, and that no id comes twice.

use super::books::{BulkLedger, count};
use super::chain::{Chain, Head, link};
use super::check::Check;
use super::error::{Error, ErrorKind};
use super::ids::Content;
use super::locate::tampered_byte;
use super::page::{HEAD_BYTES, Holds, Page, Place};
use crate::crypto::sha256;
use crate::json;
use crate::ledger::{CAUSE_BYTES_MAX, Standing, checked_text};
use crate::time::Timestamp;

impl BulkLedger {
    /// Adds the next page of the journal.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsealed`]; [`ErrorKind::BrokenPage`] with the first byte that is not as it was written, where that can
    /// be told; [`ErrorKind::Full`], [`ErrorKind::NoMemory`]. Nothing has changed then.
    pub fn replay(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if !self.unsealed().is_empty() {
            return Err(ErrorKind::Unsealed.into());
        }
        let place = self.next_place(self.ids.len());
        let broken = |found, byte: Option<usize>| {
            Error::from(ErrorKind::BrokenPage { page: place.number, found, byte: byte.map(count) })
        };
        let page = whole(bytes, &place).map_err(|found| broken(found, tampered_byte(bytes, &place)))?;
        self.ids.reserve(page.transactions)?;
        // Introduced, but in no page: the slots of a page come next.
        self.slots.truncate(self.introduced);
        let (start, introduced) = (self.ids.len(), self.introduced);
        let added = match page.holds {
            Holds::Transactions => self.add_transactions(&page),
            Holds::Standing => self.add_standing(&page),
        };
        if let Err(found) = added {
            let mut transactions = page.packed.transactions();
            for _ in start..self.ids.len() {
                if let Some(Ok(transaction)) = transactions.next() {
                    self.slots.take(transaction.legs());
                }
            }
            self.ids.truncate(start);
            self.slots.truncate(introduced);
            return Err(broken(found, None));
        }

        // From here on the page is part of the books.
        self.introduced = self.slots.len();
        self.pages = place.number;
        self.head = page.head;
        self.page.clear();
        self.before = None;
        Ok(())
    }

    fn add_transactions(&mut self, page: &Page<'_>) -> Result<(), &'static str> {
        const FORGED: &str = "no ledger writes what it says";
        let cause = core::str::from_utf8(page.cause).map_err(|_| FORGED)?;
        checked_text("cause", cause, CAUSE_BYTES_MAX).map_err(|_| FORGED)?;
        if Timestamp::from_unix_ms(page.recorded_ms).is_none() || page.transactions == 0 {
            return Err(FORGED);
        }
        for (name, currency) in page.account_names().ok_or(FORGED)? {
            let next = self.slots.len();
            let slot = self.introduce(name, currency).map_err(|_| FORGED)?;
            if u64::from(slot) != count(next) {
                return Err("it introduces an account that is known");
            }
        }
        let mut transactions = page.packed.transactions();
        for _ in 0..page.transactions {
            let transaction = transactions.next().and_then(Result::ok).ok_or(FORGED)?;
            let _ = self.look_at(0, &transaction).map_err(|_| FORGED)?;
            let print = self.ids.print(transaction.id);
            if self.ids.find(&print).is_some() {
                return Err("the id of one of its transactions stands in the journal already");
            }
            let legs = self.ids.legs_print(transaction.leg_bytes());
            self.ids.add(print, Content { legs, occurred_ms: transaction.occurred_ms });
            for leg in transaction.legs() {
                if let Some(column) = self.slots.column_mut(leg.slot) {
                    column.add(leg.side, leg.minor);
                }
            }
        }
        if transactions.next().is_some() { Err(FORGED) } else { Ok(()) }
    }

    fn add_standing(&mut self, page: &Page<'_>) -> Result<(), &'static str> {
        const FORGED: &str = "no ledger writes what it says";
        let standing = json::parse(page.account_bytes).ok().and_then(|text| Standing::from_json(&text).ok());
        let standing = standing.ok_or(FORGED)?;
        let same = standing.to_json().as_bytes() == page.account_bytes
            && standing.recorded_at().unix_ms() == page.recorded_ms
            && page.cause.is_empty()
            && (page.transactions, page.accounts) == (1, 0)
            && page.packed.words.is_empty()
            && page.packed.ids.is_empty();
        if !same {
            return Err(FORGED);
        }
        if self.position(standing.id()).is_some() {
            return Err("the id of its standing stands in the journal already");
        }
        self.adopt_standing(standing);
        Ok(())
    }
}

/// A page whose every byte is as it was written, as far as check and chain can tell.
pub(super) fn whole<'a>(bytes: &'a [u8], place: &Place) -> Result<Page<'a>, &'static str> {
    let page = Page::parse(bytes, place)?;
    if Check::of(page.checked) != page.check {
        return Err("its check is not that of its content");
    }
    if head_of(&page, place.chain) != Some(page.head) {
        return Err("its head is not that of its content");
    }
    Ok(page)
}

/// The head a page should have; `None` where one of its links is wrong.
pub(super) fn head_of(page: &Page<'_>, chain: Chain) -> Option<Head> {
    match chain {
        Chain::None => Some([0; HEAD_BYTES]),
        Chain::Batch => Some(sha256(page.hashed)),
        Chain::Transaction => {
            let mut head = sha256(page.frame);
            let mut transactions = page.packed.transactions();
            for written in page.links {
                let Some(Ok(transaction)) = transactions.next() else { return None };
                head = link(&head, &transaction);
                if head != *written {
                    return None;
                }
            }
            Some(head)
        }
    }
}
