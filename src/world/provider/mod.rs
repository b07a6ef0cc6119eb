//! A key executes at most once while it is remembered, and what was charged stands in the books whatever is answered.
//!
//! A Stripe-v1-like provider: keys are bound to the body, live for a window and are then forgotten; the first answer is
//! stored with its status, a 500 included, and replayed with a mark; a key in work answers 409; the limiter stands before
//! the keys. What happened is shown by a query only after a while, and told by webhooks, which may come first.

pub(super) mod books;
mod dialect;
mod hint;

use alloc::collections::BTreeMap;

use self::books::{Books, Payment, PaymentState};
use self::dialect::Asked;
use self::hint::slow_down;
use super::chaos::{Chaos, Dice};
use super::conditions::Conditions;
use super::event::{Letter, Name, Notice};
use crate::payments::HttpRequest;
use crate::prelude::*;

/// What every provider promises about its keys, as the world knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contract {
    /// For how long a key is surely remembered, in milliseconds.
    pub(super) window_ms: u64,
}

/// An answer on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
    /// The moment before which nobody is to come back, where the answer names one that can be understood.
    pub(super) not_before: Option<u64>,
}

impl Answer {
    pub(super) fn plain(status: u16, body: String) -> Self {
        Self { status, headers: Vec::new(), body, not_before: None }
    }
}

/// What the provider does with a request that arrives.
#[derive(Clone, Debug)]
pub(super) enum Receipt {
    /// It answers at once.
    Answered(Answer),
    /// It executes, and that takes a while.
    Executing { takes_ms: u64 },
}

/// What an execution led to.
#[derive(Clone, Debug)]
pub(super) struct Execution {
    pub(super) answer: Answer,
    pub(super) notice: Option<Notice>,
    /// A payment that waits for its customer.
    pub(super) challenged: Option<usize>,
}

/// A key as the provider remembers it.
#[derive(Clone, Debug)]
struct Key {
    first_at: u64,
    forgotten_at: u64,
    body: Option<String>,
    /// `None` while it is executed.
    stored: Option<(u16, String)>,
}

/// The provider.
#[derive(Clone, Debug)]
pub(super) struct Provider {
    contract: Contract,
    books: Books,
    keys: BTreeMap<String, Key>,
    notices: u64,
}

const KEY_HEADER: &str = "Idempotency-Key";

impl Provider {
    pub(super) fn new(contract: Contract) -> Self {
        Self { contract, books: Books::default(), keys: BTreeMap::new(), notices: 0 }
    }

    pub(super) const fn books(&self) -> &Books {
        &self.books
    }

    /// When the provider first saw a key that it still remembers, or remembered until now.
    pub(super) fn first_seen(&self, key: &str) -> Option<u64> {
        self.keys.get(key).map(|key| key.first_at)
    }

    /// A request arrives.
    pub(super) fn receive(
        &mut self,
        now: u64,
        request: &HttpRequest,
        conditions: &Conditions,
        dice: &mut Dice,
    ) -> Receipt {
        let asked = dialect::read(request);
        if let Asked::List { .. } | Asked::Show { .. } = asked {
            let failed = dice.strikes(conditions.query_failed_ppm);
            let body = if failed { None } else { self.shown(now, &asked) };
            return Receipt::Answered(match body {
                Some(body) => Answer::plain(200, body),
                None if failed => Answer::plain(500, dialect::error("internal")),
                None => refused(404, "payment_not_found"),
            });
        }
        // Stripe: the limiter and the front door stand before the keys, so nothing is stored.
        if dice.strikes(conditions.limited_ppm) {
            return Receipt::Answered(slow_down(now, 429, "rate_limited", dice));
        }
        if dice.strikes(conditions.unavailable_ppm) {
            return Receipt::Answered(slow_down(now, 503, "unavailable", dice));
        }
        let Some(key) = key_of(request) else {
            return Receipt::Answered(refused(400, "idempotency_key_missing"));
        };
        if asked == Asked::Nonsense {
            return Receipt::Answered(refused(400, "invalid_request"));
        }
        match self.keys.get(key).filter(|key| now < key.forgotten_at) {
            Some(known) if known.body != request.body => {
                Receipt::Answered(refused(422, "idempotency_key_mismatch"))
            }
            Some(Key { stored: None, .. }) => Receipt::Answered(refused(409, "idempotency_key_in_use")),
            Some(Key { stored: Some((status, body)), .. }) => Receipt::Answered(Answer {
                status: *status,
                headers: vec![("idempotent-replayed", "true".to_owned())],
                body: body.clone(),
                not_before: None,
            }),
            None => {
                let (low, high) = conditions.forgets_ms;
                let lives_ms = self.contract.window_ms.saturating_add(dice.between(low, high));
                let forgotten_at = now.saturating_add(lives_ms);
                let body = request.body.clone();
                self.keys.insert(key.to_owned(), Key { first_at: now, forgotten_at, body, stored: None });
                let (low, high) =
                    if dice.strikes(conditions.slow_ppm) { conditions.slow_ms } else { (20, 400) };
                Receipt::Executing { takes_ms: dice.between(low, high) }
            }
        }
    }

    /// A request has been executed: the books change, and the answer is stored under its key.
    pub(super) fn execute(
        &mut self,
        now: u64,
        letter: &Letter,
        conditions: &Conditions,
        chaos: &mut Chaos,
    ) -> Execution {
        let dice = &mut chaos.provider;
        let shown_from =
            now.saturating_add(dice.between(conditions.query_lag_ms.0, conditions.query_lag_ms.1));
        let (charged_500, idle_500) =
            (dice.strikes(conditions.charged_500_ppm), dice.strikes(conditions.idle_500_ppm));
        let (declined, challenged) =
            (dice.chooses(conditions.declined_ppm), dice.chooses(conditions.challenged_ppm));
        let state = if declined {
            PaymentState::Declined
        } else if challenged {
            PaymentState::Challenged
        } else {
            PaymentState::Charged
        };
        let server_error = || (500, dialect::error("internal"));
        let mut made = None;
        let (status, body) = match dialect::read(&letter.request) {
            _ if idle_500 => server_error(),
            Asked::Charge { merchant, reference, amount, currency } => {
                let (reference, refunds) = (Name::from(reference), Vec::new());
                let id = glued(&["pay_", &self.books.len().saturating_add(1).digits()]);
                let payment =
                    Payment { id, reference, merchant, amount, currency, state, refunds, shown_from };
                let body = dialect::shown(&payment);
                made = Some(self.books.add(payment));
                (201, body)
            }
            Asked::Refund { payment, amount } => self.refund(&payment, amount),
            Asked::Void { payment } => self.void(&payment),
            Asked::List { .. } | Asked::Show { .. } | Asked::Nonsense => {
                (400, dialect::error("invalid_request"))
            }
        };
        let (status, body) = if charged_500 { server_error() } else { (status, body) };
        if let Some(key) = key_of(&letter.request).and_then(|key| self.keys.get_mut(key)) {
            key.stored = Some((status, body.clone()));
        }
        let notice = made.and_then(|payment| self.notice(payment));
        let challenged = made.filter(|_| state == PaymentState::Challenged);
        Execution { answer: Answer::plain(status, body), notice, challenged }
    }

    /// What a query shows: what was done a while ago.
    fn shown(&self, now: u64, asked: &Asked) -> Option<String> {
        match asked {
            Asked::List { reference } => {
                let shown = self.books.of(reference).filter(|payment| payment.shown_from <= now);
                let shown: Vec<&Payment> = shown.collect();
                Some(dialect::list(shown.into_iter()))
            }
            Asked::Show { payment } => self.books.named(payment).map(dialect::shown),
            Asked::Charge { .. } | Asked::Refund { .. } | Asked::Void { .. } | Asked::Nonsense => None,
        }
    }

    /// Lets go of a payment that waits for its customer.
    fn void(&mut self, payment: &str) -> (u16, String) {
        match self.books.position(payment).and_then(|at| self.books.get_mut(at)) {
            Some(open) if open.state == PaymentState::Challenged => {
                open.state = PaymentState::Voided;
                (200, dialect::shown(open))
            }
            Some(_) => (409, dialect::error("invalid_transition")),
            None => (404, dialect::error("payment_not_found")),
        }
    }

    /// Gives money back, never more than was taken.
    fn refund(&mut self, payment: &str, amount: Option<u64>) -> (u16, String) {
        let Some(charge) = self.books.position(payment).and_then(|at| self.books.get_mut(at)) else {
            return (404, dialect::error("payment_not_found"));
        };
        let left = charge.amount.saturating_sub(charge.refunded());
        let amount = amount.unwrap_or(left);
        if charge.state != PaymentState::Charged || amount > left || amount == 0 {
            return (409, dialect::error("invalid_transition"));
        }
        let id = glued(&["re_", &charge.id, "_", &charge.refunds.len().saturating_add(1).digits()]);
        charge.refunds.push((id, amount));
        (200, dialect::shown(charge))
    }

    /// A customer has done, or left, what his bank asked for.
    pub(super) fn conclude(&mut self, payment: usize, confirmed: bool) -> Option<Notice> {
        let open = self.books.get_mut(payment).filter(|payment| payment.state == PaymentState::Challenged)?;
        open.state = if confirmed { PaymentState::Charged } else { PaymentState::Abandoned };
        self.notice(payment)
    }

    /// The webhook about a payment as it stands.
    fn notice(&mut self, payment: usize) -> Option<Notice> {
        let payment = self.books.get(payment)?;
        self.notices = self.notices.saturating_add(1);
        let id = glued(&["evt_", &self.notices.digits()]);
        let kind = match payment.state {
            PaymentState::Charged => "payment.completed",
            PaymentState::Declined => "payment.failed",
            PaymentState::Challenged => "payment.requires_action",
            PaymentState::Abandoned => "payment.expired",
            PaymentState::Voided => "payment.voided",
        };
        let body = dialect::event(&id, kind, payment);
        Some(Notice { id, body, is_forged: false, deliveries: 0 })
    }
}

/// The key of a request.
pub(super) fn key_of(request: &HttpRequest) -> Option<&str> {
    let header = request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(KEY_HEADER));
    header.map(|(_, value)| value.as_str())
}

fn refused(status: u16, code: &str) -> Answer {
    Answer::plain(status, dialect::error(code))
}
