//! What may be posted to an account is decided by pages of the journal, as in `ledger`, and by the same rules.

use super::books::{BulkLedger, Known, count};
use super::error::{Error, ErrorKind};
use super::ids::Content;
use super::page::{self, HEAD_BYTES, Holds, Lengths};
use crate::crypto::sha256;
use crate::ledger::{Balance, ErrorKind as LedgerErrorKind, Rulings, Standing, State, is_within};
use crate::prelude::*;

/// The standings of the books, in the order of their positions. A list: there are few.
#[derive(Clone, Debug, Default)]
pub(super) struct Standings(Vec<(u64, Standing)>);

impl Standings {
    fn at(&self, position: u64) -> Option<&Standing> {
        let found = self.0.binary_search_by_key(&position, |(position, _)| *position).ok()?;
        self.0.get(found).map(|(_, standing)| standing)
    }

    pub(super) fn stands_at(&self, position: u64) -> bool {
        self.at(position).is_some()
    }

    pub(super) fn add(&mut self, position: u64, standing: Standing) {
        self.0.push((position, standing));
    }

    /// Forgets those beyond a position.
    pub(super) fn forget(&mut self, beyond: u64) {
        self.0.retain(|(position, _)| *position <= beyond);
    }

    /// What all of them come to.
    pub(super) fn rulings(&self) -> Rulings {
        let mut rulings = Rulings::default();
        for (_, standing) in &self.0 {
            rulings.add(standing);
        }
        rulings
    }
}

impl BulkLedger {
    /// Opens, blocks or closes an account and all beneath it, or sets their limit. Its page waits for its seal, as that of
    /// a batch does. `None` says that it is new.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsealed`], [`ErrorKind::Full`], [`ErrorKind::NoMemory`], and what the ledger has against it.
    pub fn draft_standing(&mut self, standing: &Standing) -> Result<Option<Known>, Error> {
        if !self.unsealed().is_empty() {
            return Err(ErrorKind::Unsealed.into());
        }
        let print = self.ids.print(standing.id().as_bytes());
        if let Some((place, _)) = self.ids.find(&print) {
            let position = u64::from(place).wrapping_add(1);
            let field = match self.standings.at(position) {
                Some(known) => known.difference(standing),
                None => Some("kind"),
            };
            self.page.clear();
            self.before = None;
            return Ok(Some(match field {
                None => Known::Same { position },
                Some(field) => Known::Different { position, field },
            }));
        }
        self.permit_standing(standing)?;
        self.ids.reserve(1)?;

        // From here on the standing holds.
        let start = self.ids.len();
        self.slots.truncate(self.introduced);
        self.write_standing(standing, start);
        self.adopt_standing(standing.clone());
        Ok(None)
    }

    fn permit_standing(&self, standing: &Standing) -> Result<(), Error> {
        let name = standing.account();
        if self.slots.rulings().state(name) == State::Closed {
            return Err(LedgerErrorKind::AccountClosed { account: name.name().to_owned() }.into());
        }
        if standing.state() != State::Closed {
            return Ok(());
        }
        for row in self.trial_balance().accounts {
            if is_within(row.account.name(), name.name()) && !Balance::is_settled(row.balance) {
                let (account, currency) = (row.account.name().to_owned(), row.currency);
                return Err(LedgerErrorKind::AccountNotEmpty { account, currency }.into());
            }
        }
        Ok(())
    }

    /// A standing becomes part of the books; there is room for its id.
    pub(super) fn adopt_standing(&mut self, standing: Standing) {
        let print = self.ids.print(standing.id().as_bytes());
        self.ids.add(print, Content { legs: 0, occurred_ms: 0 });
        self.standings.add(count(self.ids.len()), standing);
        self.slots.rule(self.standings.rulings());
    }

    fn write_standing(&mut self, standing: &Standing, start: usize) {
        let document = standing.to_json();
        let lengths = Lengths { transactions: 1, account_bytes: document.len(), ..Lengths::default() };
        let place = self.next_place(start);
        let total = lengths.page_bytes(self.chain, Holds::Standing).unwrap_or_default();
        let mut page = core::mem::take(&mut self.page);
        let recorded_ms = standing.recorded_at().unix_ms();
        page::begin(&mut page, Holds::Standing, &place, recorded_ms, lengths, total);
        page.extend_from_slice(document.as_bytes());
        let head = match self.chain {
            super::Chain::Transaction => sha256(&page),
            _ => [0; HEAD_BYTES],
        };
        page::end(&mut page, &head);
        self.page = page;
        self.turn(start, head);
    }
}
