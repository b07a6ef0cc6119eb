//! A refused batch changes nothing: what it did before its refusal is undone, exactly, since sums are integers.

use super::chain::{Chain, Head, link};
use super::error::{Error, ErrorKind};
use super::ids::{AHEAD, Content, Ids};
use super::packed::{Packed, Transaction, misfit};
use super::page::{self, HEAD_BYTES, Holds, Lengths, Place, frame_end};
use super::slots::Slots;
use super::standings::Standings;
use crate::crypto::{encode_hex, sha256};
use crate::dedup::Fingerprint;
use crate::json;
use crate::ledger::{
    self, Account, Balance, CAUSE_BYTES_MAX, ErrorKind as LedgerErrorKind, ID_BYTES_MAX, Kind, POSTINGS_MAX,
    POSTINGS_MIN, Side, State, TrialBalance, checked_text,
};
use crate::money::{Amount, Currency};
use crate::prelude::*;
use crate::time::Timestamp;

/// Sums of 256 legs below this are exact in 64 bits.
const SMALL: u64 = 1 << 54;

/// Fewest words of a transaction that can be posted: 3, and 3 for each of two legs.
const WORDS_MIN: usize = 9;

/// Where a batch comes from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// What brought the news: the name of a file, the key of a request. 1 to 200 bytes.
    pub cause: &'a str,
    /// When the merchant's system learnt of it.
    pub recorded_at: Timestamp,
}

/// What is known already of an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// The same is there already.
    Same {
        /// Where it stands, from 1.
        position: u64,
    },
    /// It says something else, and nothing was posted for it.
    Different {
        /// Where it stands, from 1.
        position: u64,
        /// The first field that differs.
        field: &'static str,
    },
}

/// A transaction of a batch that was not new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Which, from 0.
    pub transaction: u64,
    /// What is there.
    pub known: Known,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drafted<'a> {
    /// How many transactions are new. They stand at `first` and behind it, in the order of the batch.
    pub created: u64,
    /// Position of the first new one, from 1.
    pub first: u64,
    /// The others, in the order of the batch.
    pub exceptions: &'a [Exception],
}

/// How to undo the last page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before {
    ids: usize,
    introduced: usize,
    head: Head,
    page: u64,
}

/// The books. Call [`BulkLedger::draft`], [`BulkLedger::seal`], store the page, in this order; where the page could not be
/// stored, [`BulkLedger::take_back`] and the batch was never posted.
#[derive(Debug)]
pub struct BulkLedger {
    pub(super) chain: Chain,
    pub(super) slots: Slots,
    pub(super) ids: Ids,
    pub(super) standings: Standings,
    pub(super) head: Head,
    /// How many pages there are.
    pub(super) pages: u64,
    /// How many slots stand in pages.
    pub(super) introduced: usize,
    /// The last page, empty where the last batch had nothing new.
    pub(super) page: Vec<u8>,
    /// Whether the last page waits for its head.
    unsealed: bool,
    pub(super) before: Option<Before>,
    exceptions: Vec<Exception>,
}

impl BulkLedger {
    /// Books without a transaction. The key must come from the host's generator and be kept secret.
    #[must_use]
    pub fn new(chain: Chain, key: [u8; 16]) -> Self {
        Self {
            chain,
            slots: Slots::default(),
            ids: Ids::new(key),
            standings: Standings::default(),
            head: [0; HEAD_BYTES],
            pages: 0,
            introduced: 0,
            page: Vec::new(),
            unsealed: false,
            before: None,
            exceptions: Vec::new(),
        }
    }

    /// How many transactions and standings there are.
    #[must_use]
    pub fn length(&self) -> u64 {
        count(self.ids.len())
    }

    /// How many pages there are.
    #[must_use]
    pub const fn pages(&self) -> u64 {
        self.pages
    }

    /// What stands for the whole journal, 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn head(&self) -> String {
        encode_hex(&self.head)
    }

    /// How many slots stand in pages. Those beyond it are forgotten when a batch is refused.
    #[must_use]
    pub const fn introduced(&self) -> usize {
        self.introduced
    }

    /// Makes room for so many transactions more, so that no batch has to.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Full`], [`ErrorKind::NoMemory`].
    pub fn reserve(&mut self, transactions: usize) -> Result<(), Error> {
        self.ids.reserve(transactions)
    }

    /// The slot of an account in a currency, for the batches to come. It stands in the journal with the first of them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Ledger`] for what is no account or no currency, [`ErrorKind::Full`].
    pub fn introduce(&mut self, account: &str, currency: &str) -> Result<u32, Error> {
        self.slots.introduce(account, currency)
    }

    /// Posts a batch: all of it or, after an error, none. Slots that no page has yet are forgotten then.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsealed`], [`ErrorKind::Ledger`] for the cause, [`ErrorKind::PageTooLong`], [`ErrorKind::Full`],
    /// [`ErrorKind::NoMemory`]; and for the first transaction that is refused [`ErrorKind::Packing`] or
    /// [`ErrorKind::Refused`].
    pub fn draft(&mut self, packed: Packed<'_>, origin: Origin<'_>) -> Result<Drafted<'_>, Error> {
        let drafted = self.try_draft(packed, origin);
        if drafted.is_err() && !self.unsealed {
            self.slots.truncate(self.introduced);
        }
        let (created, first) = drafted?;
        Ok(Drafted { created, first, exceptions: &self.exceptions })
    }

    fn try_draft(&mut self, packed: Packed<'_>, origin: Origin<'_>) -> Result<(u64, u64), Error> {
        if self.unsealed {
            return Err(ErrorKind::Unsealed.into());
        }
        given("cause", origin.cause)?;
        checked_text("cause", origin.cause, CAUSE_BYTES_MAX)?;
        let most = packed.words.len() / WORDS_MIN;
        let owners = self.slots.owners(self.introduced);
        let lengths = Lengths {
            transactions: most,
            cause: origin.cause.len(),
            accounts: owners.len(),
            account_bytes: page::account_bytes(owners),
            words: packed.words.len(),
            ids: packed.ids.len(),
        };
        let _ = lengths.page_bytes(self.chain, Holds::Transactions).ok_or(ErrorKind::PageTooLong)?;
        self.ids.reserve(most)?;
        self.exceptions.clear();
        self.page.clear();
        self.before = None;
        let start = self.ids.len();
        if let Err(error) = self.settle_all(packed) {
            self.undo(packed, start);
            return Err(error);
        }

        // From here on the batch is part of the books.
        let created = self.ids.len().saturating_sub(start);
        let first = count(start).saturating_add(1);
        if created > 0 {
            self.write(packed, origin, Lengths { transactions: created, ..lengths }, start);
        }
        Ok((count(created), first))
    }

    fn settle_all(&mut self, packed: Packed<'_>) -> Result<(), Error> {
        let mut transactions = packed.transactions();
        let mut ahead = transactions.clone();
        let mut number = 0;
        loop {
            let mut prints = [Fingerprint::default(); AHEAD];
            for print in &mut prints {
                let Some(Ok(transaction)) = ahead.next() else { break };
                *print = self.ids.print(transaction.id);
            }
            self.ids.look_ahead(&prints);
            for print in prints {
                let Some(transaction) = transactions.next() else { return Ok(()) };
                let transaction = transaction.map_err(|found| misfit(number, found))?;
                if let Some(known) = self.settle(number, &transaction, print)? {
                    self.exceptions.push(Exception { transaction: number, known });
                }
                number = number.wrapping_add(1);
            }
        }
    }

    /// Posts one transaction, or says what is known of its id.
    #[inline]
    fn settle(
        &mut self,
        number: u64,
        transaction: &Transaction<'_>,
        print: Fingerprint,
    ) -> Result<Option<Known>, Error> {
        let rules = self.look_at(number, transaction)?;
        let content = Content {
            legs: self.ids.legs_print(transaction.leg_bytes()),
            occurred_ms: transaction.occurred_ms,
        };
        if let Some((place, known)) = self.ids.find(&print) {
            let position = u64::from(place).wrapping_add(1);
            return Ok(Some(self.known(position, known, content)));
        }
        if rules != 0 {
            self.permit(number, transaction)?;
        }

        // From here on the transaction is part of the books, unless the batch is refused.
        self.ids.add(print, content);
        for leg in transaction.legs() {
            if let Some(column) = self.slots.column_mut(leg.slot) {
                column.add(leg.side, leg.minor);
            }
        }
        Ok(None)
    }

    fn known(&self, position: u64, known: Content, content: Content) -> Known {
        let field = if self.standings.stands_at(position) {
            "kind"
        } else if known.legs != content.legs {
            "postings"
        } else if known.occurred_ms != content.occurred_ms {
            "occurred_at"
        } else {
            return Known::Same { position };
        };
        Known::Different { position, field }
    }

    /// Whether a transaction could stand in any books; answers with the rules its accounts have.
    #[inline]
    pub(super) fn look_at(&self, number: u64, transaction: &Transaction<'_>) -> Result<u32, Error> {
        let (mut sum, mut sizes, mut rules, mut groups) = (0_i64, 0_u64, 0_u32, 0_u32);
        let mut group = None;
        for leg in transaction.legs() {
            let column = self.slots.column(leg.slot);
            let column = column.ok_or_else(|| misfit(number, "a slot that no account has"))?;
            groups |= column.group ^ *group.get_or_insert(column.group);
            rules |= column.rules;
            // What is zero is large as well here.
            sizes |= leg.minor.wrapping_sub(1);
            let minor = leg.minor.cast_signed();
            sum = match leg.side {
                Side::Debit => sum.wrapping_add(minor),
                Side::Credit => sum.wrapping_sub(minor),
            };
        }
        let usual = sum == 0
            && groups == 0
            && sizes < SMALL
            && transaction.occurred_ms <= Timestamp::MAX.unix_ms()
            && (POSTINGS_MIN..=POSTINGS_MAX).contains(&transaction.legs_count())
            && is_plain(transaction.id);
        if !usual {
            self.look_closer(number, transaction)?;
        }
        Ok(rules)
    }

    /// The same for everybody who is not like most, and in the order of the ledger.
    #[cold]
    fn look_closer(&self, number: u64, transaction: &Transaction<'_>) -> Result<(), Error> {
        let refused = |error: ledger::Error| Error::from(ErrorKind::Refused { transaction: number, error });
        if Timestamp::from_unix_ms(transaction.occurred_ms).is_none() {
            return Err(misfit(number, "a time after the year 9999"));
        }
        let id =
            core::str::from_utf8(transaction.id).map_err(|_| misfit(number, "an id that is not UTF-8"))?;
        given("id", id).map_err(refused)?;
        for leg in transaction.legs() {
            let owner = self.slots.owner(leg.slot);
            let owner = owner.ok_or_else(|| misfit(number, "a slot that no account has"))?;
            let _ = Amount::from_minor(leg.minor, owner.currency).map_err(|error| refused(error.into()))?;
        }
        checked_text("id", id, ID_BYTES_MAX).map_err(refused)?;
        let found = transaction.legs_count();
        if !(POSTINGS_MIN..=POSTINGS_MAX).contains(&found) {
            return Err(refused(LedgerErrorKind::PostingsCount { found }.into()));
        }
        let owners = transaction.legs().filter_map(|leg| Some((leg, self.slots.owner(leg.slot)?)));
        if let Some((_, owner)) = owners.clone().find(|(leg, _)| leg.minor == 0) {
            let account = owner.account.name().to_owned();
            return Err(refused(LedgerErrorKind::ZeroPosting { account }.into()));
        }
        for (memo, which) in [(false, "the postings"), (true, "the memo postings")] {
            let apart = owners.clone().filter(|(_, owner)| (owner.account.kind() == Kind::Memo) == memo);
            let mut currencies: Vec<Currency> = apart.clone().map(|(_, owner)| owner.currency).collect();
            currencies.sort_unstable();
            for currency in currencies {
                let sum = |side: Side| {
                    let here =
                        apart.clone().filter(|(leg, owner)| leg.side == side && owner.currency == currency);
                    here.fold(0_u128, |sum, (leg, _)| sum.wrapping_add(u128::from(leg.minor)))
                };
                let (debits, credits) = (sum(Side::Debit), sum(Side::Credit));
                if debits != credits {
                    let (debits, credits) = (Box::new(debits), Box::new(credits));
                    let kind = LedgerErrorKind::Unbalanced { currency, which, debits, credits };
                    return Err(refused(kind.into()));
                }
            }
        }
        Ok(())
    }

    /// Refuses what accounts do not allow.
    fn permit(&self, number: u64, transaction: &Transaction<'_>) -> Result<(), Error> {
        let refused = |kind: LedgerErrorKind| {
            Err(Error::from(ErrorKind::Refused { transaction: number, error: kind.into() }))
        };
        let legs = || {
            transaction
                .legs()
                .filter_map(|leg| Some((leg, self.slots.column(leg.slot)?, self.slots.owner(leg.slot)?)))
        };
        for (_, column, owner) in legs() {
            let account = || owner.account.name().to_owned();
            match column.state() {
                State::Blocked => return refused(LedgerErrorKind::AccountBlocked { account: account() }),
                State::Closed => return refused(LedgerErrorKind::AccountClosed { account: account() }),
                _ => {}
            }
        }
        for (leg, column, owner) in legs() {
            let limit = column.limit();
            let Some(side) = limit.kept() else { continue };
            let mut changed = *column;
            for other in transaction.legs().filter(|other| other.slot == leg.slot) {
                changed.add(other.side, other.minor);
            }
            let (available, after) = (column.balance().available(side), changed.balance().available(side));
            // What makes a debt smaller is allowed.
            if after < 0 && after < available {
                return refused(LedgerErrorKind::LimitReached {
                    account: owner.account.name().to_owned(),
                    key: None,
                    limit,
                    currency: owner.currency,
                    available: Box::new(available),
                    after: Box::new(after),
                });
            }
        }
        Ok(())
    }

    /// Undoes what was posted of a batch from the place `start` on.
    fn undo(&mut self, packed: Packed<'_>, start: usize) {
        let mut left = self.ids.len().saturating_sub(start);
        let mut exceptions = self.exceptions.iter().map(|exception| exception.transaction).peekable();
        let mut transactions = packed.transactions();
        let mut number = 0_u64;
        while left > 0
            && let Some(Ok(transaction)) = transactions.next()
        {
            if exceptions.next_if_eq(&number).is_none() {
                self.slots.take(transaction.legs());
                left = left.wrapping_sub(1);
            }
            number = number.wrapping_add(1);
        }
        self.ids.truncate(start);
    }

    /// Writes the page of a batch of which `lengths.transactions` are new.
    fn write(&mut self, packed: Packed<'_>, origin: Origin<'_>, lengths: Lengths, start: usize) {
        let runs = self.runs(packed);
        let (mut words, mut ids) = (0_usize, 0_usize);
        for (run_words, run_ids) in &runs {
            words = words.saturating_add(run_words.len());
            ids = ids.saturating_add(run_ids.len());
        }
        let lengths = Lengths { words, ids, ..lengths };
        let place = self.next_place(start);
        let total = lengths.page_bytes(self.chain, Holds::Transactions).unwrap_or_default();
        let mut page = core::mem::take(&mut self.page);
        page::begin(&mut page, Holds::Transactions, &place, origin.recorded_at.unix_ms(), lengths, total);
        page.extend_from_slice(origin.cause.as_bytes());
        page::push_accounts(&mut page, self.slots.owners(self.introduced));
        for (words, _) in &runs {
            page.extend_from_slice(words.as_flattened());
        }
        for (_, ids) in &runs {
            page.extend_from_slice(ids);
        }
        let mut head = [0; HEAD_BYTES];
        if self.chain == Chain::Transaction {
            head = sha256(page.get(..frame_end(lengths.cause, lengths.account_bytes)).unwrap_or_default());
            for (words, ids) in &runs {
                let mut transactions = Packed { words, ids }.transactions();
                while let Some(Ok(transaction)) = transactions.next() {
                    head = link(&head, &transaction);
                    page.extend_from_slice(&head);
                }
            }
        }
        page::end(&mut page, &head);
        self.page = page;
        self.turn(start, head);
    }

    /// The page is the last one from here on.
    pub(super) fn turn(&mut self, start: usize, head: Head) {
        self.before =
            Some(Before { ids: start, introduced: self.introduced, head: self.head, page: self.pages });
        self.introduced = self.slots.len();
        self.pages = self.pages.wrapping_add(1);
        self.head = head;
        self.unsealed = self.chain == Chain::Batch;
    }

    pub(super) fn next_place(&self, start: usize) -> Place {
        Place {
            chain: self.chain,
            number: self.pages.wrapping_add(1),
            first: count(start).wrapping_add(1),
            before: self.head,
        }
    }

    /// What is new in a batch, in as few pieces as there are between exceptions.
    fn runs<'p>(&self, packed: Packed<'p>) -> Vec<(&'p [[u8; 4]], &'p [u8])> {
        let mut runs = Vec::new();
        let (mut words, mut ids) = (packed.words, packed.ids);
        let mut rest = packed.transactions();
        let mut number = 0_u64;
        for exception in &self.exceptions {
            while number < exception.transaction && rest.next().is_some() {
                number = number.wrapping_add(1);
            }
            let new = rest.clone();
            let _ = rest.next();
            number = number.wrapping_add(1);
            runs.push((new.words_before(words), new.ids_before(ids)));
            (words, ids) = rest.left();
        }
        runs.push((words, ids));
        runs
    }

    /// What the head of the last page is the SHA-256 of; empty unless it waits for it.
    #[must_use]
    pub fn unsealed(&self) -> &[u8] {
        let end = self.page.len().saturating_sub(HEAD_BYTES);
        self.page.get(..end).filter(|_| self.unsealed).unwrap_or_default()
    }

    /// The last page, with zeros for a head that it waits for: empty, when the last batch had nothing new.
    #[must_use]
    pub fn page(&self) -> &[u8] {
        &self.page
    }

    /// Hashes what is to be hashed and answers with the page to be stored: empty, when the batch had nothing new.
    pub fn seal(&mut self) -> &[u8] {
        if self.unsealed {
            let digest = sha256(self.unsealed());
            return self.seal_with(digest);
        }
        &self.page
    }

    /// As [`BulkLedger::seal`], with the SHA-256 of [`BulkLedger::unsealed`] as the host found it.
    pub fn seal_with(&mut self, digest: [u8; 32]) -> &[u8] {
        if self.unsealed {
            if let Some(head) = self.page.last_chunk_mut() {
                *head = digest;
            }
            self.head = digest;
            self.unsealed = false;
        }
        &self.page
    }

    /// Undoes the last batch or standing, whose page could not be stored.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NothingToTakeBack`] when it had nothing new, or was taken back already.
    pub fn take_back(&mut self) -> Result<(), Error> {
        let before = self.before.take().ok_or(ErrorKind::NothingToTakeBack)?;

        // From here on the batch was never posted.
        let page = core::mem::take(&mut self.page);
        self.head = before.head;
        self.pages = before.page;
        self.unsealed = false;
        let place = self.next_place(before.ids);
        if let Ok(page) = page::Page::parse(&page, &place) {
            let mut transactions = page.packed.transactions();
            while let Some(Ok(transaction)) = transactions.next() {
                self.slots.take(transaction.legs());
            }
        }
        self.ids.truncate(before.ids);
        self.standings.forget(count(before.ids));
        self.slots.rule(self.standings.rulings());
        self.slots.truncate(before.introduced);
        self.introduced = before.introduced;
        Ok(())
    }

    /// The position of an id; `None` when it was never posted.
    #[must_use]
    pub fn position(&self, id: &str) -> Option<u64> {
        self.ids.find(&self.ids.print(id.as_bytes())).map(|(place, _)| u64::from(place).wrapping_add(1))
    }

    /// The gross sums of an account in a currency; zero where nothing was ever posted. Takes the same time however long
    /// the journal is.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Ledger`] for what is no account or no currency.
    pub fn balance(&self, account: &str, currency: &str) -> Result<Balance, Error> {
        let account = Account::parse(account)?;
        let currency = Currency::parse(currency).map_err(|error| ErrorKind::Ledger(error.into()))?;
        Ok(self.slots.balance(&account, currency))
    }

    /// All accounts and the proof that they sum to zero.
    #[must_use]
    pub fn trial_balance(&self) -> TrialBalance {
        self.slots.trial_balance()
    }
}

/// Refuses an empty text as a document would be refused for it.
fn given(field: &'static str, text: &str) -> Result<(), ledger::Error> {
    if !text.is_empty() {
        return Ok(());
    }
    let (expected, found) = ("a non-empty string", "an empty string".to_owned());
    Err(json::Error::from(json::ErrorKind::WrongField { field, expected, found }).into())
}

/// Whether an id is what nearly all ids are: 1 to 200 letters of ASCII, none of them a control character.
#[inline]
fn is_plain(id: &[u8]) -> bool {
    let odd = id.iter().fold(false, |odd, byte| odd | (byte.wrapping_sub(b' ') > b'~'.wrapping_sub(b' ')));
    !odd && !id.is_empty() && id.len() <= ID_BYTES_MAX
}

pub(super) fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
