//! Bulk books beside the ledger, which says what is right.

use tillproof::advice::Diagnose;
use tillproof::bulk::{BulkLedger, Chain, Error, Exception, Known, Origin, Packing};
use tillproof::json;
use tillproof::ledger::{Answer, Entry, Ledger, Side, Standing};
use tillproof::time::Timestamp;

/// When everything here is recorded.
const RECORDED_MS: u64 = 9;

#[derive(Clone, Debug)]
pub(crate) struct Leg {
    pub(crate) account: String,
    pub(crate) currency: &'static str,
    pub(crate) side: Side,
    pub(crate) minor: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Plain {
    pub(crate) id: String,
    pub(crate) occurred_ms: u64,
    pub(crate) legs: Vec<Leg>,
}

impl Leg {
    pub(crate) fn new(account: &str, side: Side, minor: u64) -> Self {
        Self { account: account.to_owned(), currency: "EUR", side, minor }
    }
}

impl Plain {
    pub(crate) fn new(id: &str, legs: Vec<Leg>) -> Self {
        Self { id: id.to_owned(), occurred_ms: 1, legs }
    }

    fn entry(&self) -> Result<Entry, tillproof::ledger::Error> {
        let postings: Vec<serde_json::Value> = self
            .legs
            .iter()
            .map(|leg| {
                serde_json::json!({
                    "account": leg.account, "side": leg.side.name(),
                    "amount_minor": leg.minor.to_string(), "currency": leg.currency,
                })
            })
            .collect();
        let document = serde_json::json!({
            "id": self.id, "occurred_at": self.occurred_ms, "recorded_at": RECORDED_MS,
            "cause": "test", "postings": postings,
        });
        Entry::from_json(&json::parse(document.to_string().as_bytes()).unwrap())
    }
}

pub(crate) fn sale(id: &str, minor: u64) -> Plain {
    Plain::new(
        id,
        vec![Leg::new("Assets:Bank:EUR", Side::Debit, minor), Leg::new("Income:Sales", Side::Credit, minor)],
    )
}

/// Books with the shell's part done.
#[derive(Debug)]
pub(crate) struct Opened(BulkLedger);

pub(crate) fn opened(chain: Chain) -> Opened {
    Opened(BulkLedger::new(chain, [7; 16]))
}

impl std::ops::Deref for Opened {
    type Target = BulkLedger;

    fn deref(&self) -> &BulkLedger {
        &self.0
    }
}

impl std::ops::DerefMut for Opened {
    fn deref_mut(&mut self) -> &mut BulkLedger {
        &mut self.0
    }
}

impl Opened {
    pub(crate) fn draft_only(&mut self, batch: &[Plain]) -> Result<(u64, u64, Vec<Exception>), Error> {
        let mut packing = Packing::default();
        for plain in batch {
            let mut legs = Vec::new();
            for leg in &plain.legs {
                legs.push((self.0.introduce(&leg.account, leg.currency).unwrap(), leg.side, leg.minor));
            }
            packing.add(&plain.id, Timestamp::from_unix_ms(plain.occurred_ms).unwrap(), &legs);
        }
        let origin = Origin { cause: "test", recorded_at: Timestamp::from_unix_ms(RECORDED_MS).unwrap() };
        let drafted = self.0.draft(packing.packed(), origin)?;
        Ok((drafted.created, drafted.first, drafted.exceptions.to_vec()))
    }

    /// How many are new, and the page.
    pub(crate) fn post(&mut self, batch: &[Plain]) -> Result<(u64, Vec<u8>), Error> {
        let (created, ..) = self.draft_only(batch)?;
        Ok((created, self.0.seal().to_vec()))
    }
}

/// Both, and the pages so far.
pub(crate) struct Both {
    chain: Chain,
    books: Opened,
    ledger: Ledger,
    pages: Vec<Vec<u8>>,
    accounts: Vec<(String, &'static str)>,
}

impl Both {
    pub(crate) fn new(chain: Chain) -> Self {
        let (books, ledger) = (opened(chain), Ledger::new());
        Self { chain, books, ledger, pages: Vec::new(), accounts: Vec::new() }
    }

    /// Posts a batch to both; `unstored` batches are taken back.
    pub(crate) fn post(&mut self, batch: &[Plain], unstored: bool) {
        let before = (self.ledger.clone(), self.books.head(), self.books.pages());
        let found = self.books.draft_only(batch);
        let mut expected = Vec::new();
        let mut refused = None;
        for (number, plain) in batch.iter().enumerate() {
            match plain.entry().and_then(|entry| self.ledger.post(entry)) {
                Ok(answer) => expected.push(answer),
                Err(error) => {
                    refused = Some((number, error));
                    break;
                }
            }
        }
        self.accounts.extend(
            batch.iter().flat_map(|plain| &plain.legs).map(|leg| (leg.account.clone(), leg.currency)),
        );
        match (found, refused) {
            (Err(found), Some((number, expected))) => {
                assert_eq!(found.code(), expected.code());
                assert_eq!(found.advice(), expected.advice());
                let mut details = expected.details();
                details.push(("transaction", number.to_string()));
                assert_eq!(found.details(), details);
                assert_eq!(found.to_string(), format!("transaction {number} of the batch: {expected}"));
                self.ledger = before.0;
                assert_eq!((self.books.head(), self.books.pages()), (before.1, before.2));
            }
            (Ok((created, first, exceptions)), None) => {
                assert_eq!(
                    answers(batch.len(), first, &exceptions),
                    expected.iter().map(known).collect::<Vec<_>>()
                );
                assert_eq!(created as usize + exceptions.len(), batch.len());
                let page = self.books.seal().to_vec();
                assert_eq!(page.is_empty(), created == 0);
                if unstored && created > 0 {
                    self.books.take_back().unwrap();
                    self.ledger = before.0;
                    assert_eq!((self.books.head(), self.books.pages()), (before.1, before.2));
                } else if created > 0 {
                    self.pages.push(page);
                }
            }
            (found, expected) => panic!("{found:?} where the ledger says {expected:?}"),
        }
        self.compare();
    }

    /// Sets what may be posted to an account, in both.
    pub(crate) fn rule(&mut self, id: &str, account: &str, state: &str) {
        let limit = if state == "open" { r#""limit":"no_debit_balance","# } else { "" };
        let text = format!(
            r#"{{"account":"{account}","cause":"test","id":"{id}",{limit}"occurred_at":1,"recorded_at":2,"state":"{state}"}}"#
        );
        let standing = Standing::from_json(&json::parse(text.as_bytes()).unwrap()).unwrap();
        let expected = self.ledger.post(Box::new(standing.clone()).as_ref().clone());
        match (self.books.draft_standing(&standing), expected) {
            (Ok(None), Ok(Answer::Created(_))) => self.pages.push(self.books.seal().to_vec()),
            (Ok(Some(found)), Ok(expected)) => assert_eq!(Some(found), known(&expected).1),
            (Err(found), Err(expected)) => {
                assert_eq!((found.code(), found.to_string()), (expected.code(), expected.to_string()));
            }
            (found, expected) => panic!("{found:?} where the ledger says {expected:?}"),
        }
        self.compare();
    }

    fn compare(&self) {
        compare(&self.books, &self.ledger);
        for (account, currency) in &self.accounts {
            let expected = self.ledger.balance(
                &tillproof::ledger::Account::parse(account).unwrap(),
                tillproof::money::Currency::parse(currency).unwrap(),
            );
            assert_eq!(self.books.balance(account, currency).unwrap(), expected);
        }
    }

    /// The pages make the same books again.
    pub(crate) fn replay(&self) {
        let mut again = BulkLedger::new(self.chain, [8; 16]);
        for page in &self.pages {
            again.replay(page).unwrap();
        }
        assert_eq!((again.head(), again.pages()), (self.books.head(), self.books.pages()));
        compare(&again, &self.ledger);
        for line in self.ledger.lines() {
            assert_eq!(again.position(line.record().id()), Some(line.position()));
        }
    }
}

fn compare(books: &BulkLedger, ledger: &Ledger) {
    assert_eq!(books.trial_balance(), ledger.trial_balance());
    assert!(books.trial_balance().is_balanced());
    assert_eq!(books.length(), ledger.length());
}

/// Position of a new one, or what is known.
type Said = (Option<u64>, Option<Known>);

fn known(answer: &Answer) -> Said {
    match answer {
        Answer::Created(line) => (Some(line.position()), None),
        Answer::Exists { position } => (None, Some(Known::Same { position: *position })),
        Answer::ExistsWithDifferent { position, field } => {
            (None, Some(Known::Different { position: *position, field }))
        }
    }
}

fn answers(length: usize, first: u64, exceptions: &[Exception]) -> Vec<Said> {
    let mut next = first;
    let answer = |number: usize| {
        let exception = exceptions.iter().find(|exception| exception.transaction == number as u64);
        if let Some(exception) = exception {
            return (None, Some(exception.known));
        }
        next += 1;
        (Some(next - 1), None)
    };
    (0..length).map(answer).collect()
}
