//! The treasury against a model that keeps a list of what was booked and adds it up anew each time.

#![allow(clippy::arithmetic_side_effects, reason = "the sums of a test are small")]

use alloc::collections::BTreeMap;

use proptest::prelude::*;

use super::super::books::{Books, OWN};
use super::*;
use crate::money::Currency;
use crate::time::Millis;

const START: u64 = 1_790_000_000_000;
const HOUR_MS: u64 = 60 * 60 * 1_000;

/// What a merchant and time may do.
#[derive(Clone, Debug)]
enum Step {
    Charge { account: usize, minor: u64, currency: usize, international: bool },
    Refund { account: usize, minor: u64, currency: usize },
    Dispute { account: usize, minor: u64, currency: usize },
    Transfer { minor: u64, currency: usize },
    PayOut { account: usize, minor: u64, currency: usize, instant: bool },
    Cancel { payout: usize },
    Reverse { payout: usize },
    Return { payout: usize },
    Schedule { account: usize, daily: bool },
    Wait { hours: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let account = 0..3_usize;
    let currency = 0..3_usize;
    let minor = prop_oneof![Just(1), 50..100_000_u64, Just((1 << 53) - 1)];
    prop_oneof![
        4 => (account.clone(), minor.clone(), currency.clone(), any::<bool>()).prop_map(
            |(account, minor, currency, international)| Step::Charge { account, minor, currency, international }
        ),
        2 => (account.clone(), minor.clone(), currency.clone())
            .prop_map(|(account, minor, currency)| Step::Refund { account, minor, currency }),
        1 => (account.clone(), minor.clone(), currency.clone())
            .prop_map(|(account, minor, currency)| Step::Dispute { account, minor, currency }),
        1 => (minor.clone(), currency.clone()).prop_map(|(minor, currency)| Step::Transfer { minor, currency }),
        2 => (account.clone(), minor, currency, any::<bool>()).prop_map(
            |(account, minor, currency, instant)| Step::PayOut { account, minor, currency, instant }
        ),
        1 => (0..8_usize).prop_map(|payout| Step::Cancel { payout }),
        1 => (0..8_usize).prop_map(|payout| Step::Reverse { payout }),
        1 => (0..8_usize).prop_map(|payout| Step::Return { payout }),
        1 => (account, any::<bool>()).prop_map(|(account, daily)| Step::Schedule { account, daily }),
        4 => (1..100_u64).prop_map(|hours| Step::Wait { hours }),
    ]
}

/// A treasury with three accounts: one that keeps its currencies, one that converts, one whose bank refuses payouts.
struct Bench {
    treasury: Treasury,
    books: Books,
    now: Timestamp,
    objects: usize,
}

impl Bench {
    fn new() -> Self {
        let mut treasury = Treasury::default();
        let keeping = treasury.open("keeping", Profile::united_states);
        let converting = treasury.open("converting", || Profile {
            country: "DE".to_owned(),
            currency: Currency::EUR,
            keeps_currencies: false,
            ..Profile::united_states()
        });
        let refused = treasury.open("refused", Profile::united_states);
        let bank = |currency, number: &str| Bank {
            country: "US".to_owned(),
            currency,
            number: number.to_owned(),
            routing: "110000000".to_owned(),
            holder: None,
            is_default: false,
            is_deleted: false,
            is_errored: false,
        };
        treasury.add_bank(converting, bank(Currency::EUR, "000123456789")).unwrap();
        treasury.add_bank(refused, bank(Currency::USD, "000111111116")).unwrap();
        assert_eq!((keeping, converting, refused), (0, 1, 2));
        let now = Timestamp::from_unix_ms(START).unwrap();
        Self { treasury, books: Books::default(), now, objects: 0 }
    }

    fn carry_out(&mut self, step: &Step) {
        let currencies = [Currency::USD, Currency::EUR, Currency::JPY];
        let (treasury, books, now) = (&mut self.treasury, &mut self.books, self.now);
        self.objects += 1;
        let before = treasury.transactions.len();
        let outcome = match *step {
            Step::Charge { account, minor, currency, international } => {
                let money = (minor, currencies[currency]);
                let booking = Booking::charge(account, Source::Charge(self.objects), money, international);
                treasury.book(books, &booking, now).map(drop)
            }
            Step::Refund { account, minor, currency } => {
                let booking =
                    Booking::refund(account, Source::Refund(self.objects), (minor, currencies[currency]));
                treasury.book(books, &booking, now).map(drop)
            }
            Step::Dispute { account, minor, currency } => {
                let booking =
                    Booking::dispute(account, Source::Dispute(self.objects), (minor, currencies[currency]));
                treasury.book(books, &booking, now).map(drop)
            }
            Step::Transfer { minor, currency } => {
                let order = TransferOrder {
                    from: 0,
                    to: 1,
                    minor,
                    currency: currencies[currency],
                    availability: Availability::Rolling,
                    is_backed: false,
                    application_fee: 0,
                };
                let (there, back) = (Source::Transfer(self.objects), Source::TransferReversal(self.objects));
                treasury.transfer(books, &order, there, now).and_then(|_| {
                    let half = TransferOrder { minor: minor / 2, ..order };
                    treasury.take_back(books, &half, back, now).map(drop)
                })
            }
            Step::PayOut { account, minor, currency, instant } => {
                let method = if instant { PayoutMethod::Instant } else { PayoutMethod::Standard };
                let order =
                    PayoutOrder { account, currency: currencies[currency], minor, method, bank: None };
                treasury.pay_out(books, &order, now).map(drop)
            }
            Step::Cancel { payout } => treasury.cancel_payout(books, payout, now),
            Step::Reverse { payout } => treasury.reverse_payout(books, payout, now).map(drop),
            Step::Return { payout } => {
                treasury.plan_return(payout, now.saturating_add(Millis::new(HOUR_MS)));
                Ok(())
            }
            Step::Schedule { account, daily } => {
                let schedule = if daily { PayoutSchedule::Daily } else { PayoutSchedule::Manual };
                treasury.change_profile(account, now, |profile| profile.schedule = schedule)
            }
            Step::Wait { hours } => {
                self.wait(hours);
                Ok(())
            }
        };
        if outcome.is_err() {
            assert_eq!(self.treasury.transactions.len(), before, "{outcome:?} left a trace of {step:?}");
        }
    }

    /// Invariant 13: time moves money between available and pending and to and from the banks, and nothing else.
    fn wait(&mut self, hours: u64) {
        self.now = self.now.saturating_add(Millis::new(hours * HOUR_MS));
        let before = self.treasury.transactions.len();
        while let Some((at, happened)) = self.treasury.step(&mut self.books, self.now).unwrap() {
            assert!(at <= self.now);
            for happening in happened {
                if let Happening::PayoutCreated { payout } = happening {
                    self.check_payout(payout);
                }
            }
        }
        for transaction in &self.treasury.transactions[before..] {
            assert!(matches!(transaction.kind, Kind::Payout | Kind::PayoutFailure), "{transaction:?}");
        }
    }

    /// Invariant 11, and that nothing available is left behind.
    fn check_payout(&self, number: usize) {
        let payout = self.treasury.payout(number).unwrap();
        let net = |number: &usize| i128::from(self.treasury.transaction(*number).unwrap().net());
        let lines: i128 = payout.lines.iter().map(net).sum();
        assert_eq!(i128::from(payout.minor), lines, "payout {number}");
        assert_eq!(net(&payout.transaction), -lines);
        let own = payout.lines.iter().chain([&payout.transaction]);
        assert!(own.clone().all(|line| self.treasury.transaction(*line).unwrap().payout == Some(number)));
        assert_eq!(own.count(), payout.lines.len() + 1);
    }

    /// Invariants 1 and 2.
    fn check(&self) {
        let mut sums: BTreeMap<(usize, Currency), Balance> = BTreeMap::new();
        for transaction in &self.treasury.transactions {
            let sum = sums.entry((transaction.account, transaction.currency)).or_default();
            let fees = transaction.fees;
            let parts = fees.processing + fees.conversion + fees.dispute + fees.application;
            let net = i128::from(transaction.gross) - i128::from(parts);
            if transaction.available_on <= self.now { sum.available += net } else { sum.pending += net }
        }
        for (number, account) in self.treasury.accounts.iter().enumerate() {
            let books = self.books.account(&account.name);
            for currency in [Currency::USD, Currency::EUR, Currency::JPY] {
                let expected = sums.get(&(number, currency)).copied().unwrap_or_default();
                assert_eq!(account.balance(currency), expected, "{} {currency}", account.name);
                let booked = books.and_then(|books| books.totals.get(&currency));
                assert_eq!(
                    booked.map_or(0, |totals| totals.balance()),
                    expected.available + expected.pending
                );
            }
        }
        for payout in &self.treasury.payouts {
            assert!(payout.reversal.is_none() || payout.reversed_by.is_none(), "came back twice: {payout:?}");
        }
        assert_eq!(self.books.totals(), self.books.recount());
        assert!(self.books.totals().values().all(|totals| totals.balance() == 0));
        for clearing in ["gateway:transfers", "gateway:applications"] {
            let rest = self.books.account(clearing).into_iter().flat_map(|found| found.totals.values());
            assert!(
                OWN.contains(&clearing) && rest.clone().all(|totals| totals.balance() == 0),
                "{clearing}"
            );
        }
    }
}

proptest! {
    #[test]
    fn books_balances_and_payouts_agree_with_the_list_of_what_was_booked(
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let mut bench = Bench::new();
        for step in &steps {
            bench.carry_out(step);
            bench.check();
        }
        // Once nothing is due any more, every payout has come to an end.
        bench.wait(24 * 40);
        bench.check();
        for payout in bench.treasury.payouts() {
            prop_assert!(!matches!(payout.state, PayoutState::Pending | PayoutState::InTransit));
        }
    }
}

#[test]
fn a_payout_that_its_bank_sends_back_is_not_fetched_back_as_well() {
    let mut bench = Bench::new();
    let steps = [
        Step::Charge { account: 0, minor: 10_000, currency: 0, international: false },
        Step::Wait { hours: 200 },
        Step::PayOut { account: 0, minor: 500, currency: 0, instant: true },
        Step::Wait { hours: 2 },
        Step::Return { payout: 0 },
        Step::Reverse { payout: 0 },
        Step::Wait { hours: 200 },
    ];
    for step in &steps {
        bench.carry_out(step);
        bench.check();
    }
    let states: Vec<PayoutState> = bench.treasury.payouts().iter().map(|payout| payout.state).collect();
    assert_eq!(states, [PayoutState::Failed]);
    assert_eq!(bench.treasury.payouts()[0].reversed_by, None);
}
