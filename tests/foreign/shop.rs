//! A month of a shop that shares nothing with the engine or the simulator: its files, and what was done to them.
//!
//! What a break must be called is written down where the rows are changed, from the definitions of the taxonomy alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::random::Random;

/// A row of the ledger or the settlement.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    pub(crate) reference: String,
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) amount: i64,
    pub(crate) currency: &'static str,
    pub(crate) fee: i64,
    pub(crate) tax: i64,
    /// What the net is off by.
    pub(crate) net_off: i64,
    pub(crate) status: &'static str,
    /// Seconds of the month.
    pub(crate) at: i64,
    pub(crate) is_zoneless: bool,
    pub(crate) payout: String,
    pub(crate) parent: String,
    pub(crate) account: &'static str,
    pub(crate) original: Option<(i64, &'static str, &'static str)>,
}

/// An entry of the bank.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) reference: String,
    pub(crate) amount: i64,
    pub(crate) currency: &'static str,
    pub(crate) day: i64,
    pub(crate) text: String,
}

/// Reference, kind, and the kinds beside it.
pub(crate) type Verdict = (String, &'static str, BTreeSet<&'static str>);

/// Three sides and the truth.
#[derive(Debug, Default)]
pub(crate) struct Shop {
    pub(crate) ledger: Vec<Row>,
    pub(crate) settlement: Vec<Row>,
    pub(crate) bank: Vec<Entry>,
    pub(crate) truth: Vec<Verdict>,
}

/// Section 5.3 of the taxonomy, as far as the columns of the contract tell.
pub(crate) const PRECEDENCE: [&str; 27] = [
    "time_ambiguous",
    "wrong_scope",
    "duplicate_record_m",
    "duplicate_record_s",
    "reference_collision",
    "duplicate_charge",
    "missing_in_settlement",
    "missing_in_mirror",
    "currency_mismatch",
    "scale_suspect",
    "sign_suspect",
    "net_arithmetic",
    "rounding",
    "fx_rate_difference",
    "amount_mismatch",
    "fee_mismatch",
    "tax_mismatch",
    "fee_unexpected",
    "fee_missing",
    "status_stale",
    "status_mismatch",
    "illegal_transition",
    "late",
    "early",
    "period_shift",
    "bank_charge",
    "missing_in_bank",
];

const DAY: i64 = 86_400;

/// What may be done to the two rows of a charge, one of each group: scope, copies, value, net, fee, state, time.
const GROUPS: [&[&str]; 7] = [
    &["time_ambiguous", "wrong_scope"],
    &["duplicate_record_m", "duplicate_record_s"],
    &[
        "currency_mismatch",
        "scale_suspect",
        "sign_suspect",
        "rounding",
        "fx_rate_difference",
        "amount_mismatch",
    ],
    &["net_arithmetic"],
    &["fee_mismatch", "fee_unexpected", "fee_missing", "tax_mismatch"],
    &["status_stale", "status_mismatch", "illegal_transition"],
    &["late", "early", "period_shift"],
];

/// What is said of time only where the values agree.
const OF_TIME: &[&str] = GROUPS[6];

impl Shop {
    /// `busy`: how many things may be wrong with one payment.
    pub(crate) fn open(random: &mut Random, busy: u64) -> Self {
        let mut shop = Self::default();
        // Payouts are what was meant to be paid, or what the drifted lines sum to.
        let pays_lines = random.once_in(2);
        let lag = random.pick(&[0, 70, 3_000]);
        let mut paid: BTreeMap<(&'static str, i64), i64> = BTreeMap::new();
        for number in 0..60 + random.below(60) {
            let theirs = charge(random, number, lag);
            let ours = Row {
                at: theirs.at - lag,
                payout: String::new(),
                id: format!("entry{number}"),
                ..theirs.clone()
            };
            let before = (theirs.currency, theirs.at / DAY);
            let first = shop.settlement.len();
            let meant = shop.payment(random, ours, theirs, busy);
            let after: i64 = shop.settlement[first..]
                .iter()
                .filter(|row| row.currency == before.0)
                .map(|row| net(row) + row.net_off)
                .sum();
            let moved = if pays_lines { after } else { meant };
            *paid.entry(before).or_default() += moved;
        }
        shop.pay_out(random, paid);
        shop
    }

    fn note(&mut self, reference: &str, mut kinds: Vec<&'static str>) {
        kinds.sort_by_key(|kind| PRECEDENCE.iter().position(|known| known == kind).unwrap());
        self.truth.push((reference.to_owned(), kinds[0], kinds[1..].iter().copied().collect()));
    }

    /// Books one payment on both sides. Answers with what it really did to the balance.
    fn payment(&mut self, random: &mut Random, mut ours: Row, mut theirs: Row, busy: u64) -> i64 {
        let reference = ours.reference.clone();
        let meant = net(&theirs);
        match random.below(24) {
            0 => {
                self.note(&reference, vec!["missing_in_settlement"]);
                self.ledger.push(ours);
                return meant;
            }
            1 => {
                self.note(&reference, vec!["missing_in_mirror"]);
                self.settlement.push(theirs);
                return meant;
            }
            2 => {
                self.note(&reference, vec!["duplicate_charge"]);
                self.settlement.push(Row {
                    id: format!("{}b", theirs.id),
                    at: theirs.at + 5,
                    ..theirs.clone()
                });
                self.settlement.push(theirs);
                self.ledger.push(ours);
                // It was taken twice, and so it is paid out twice.
                return 2 * meant;
            }
            3 => {
                self.note(&reference, vec!["reference_collision"]);
                self.settlement.push(Row {
                    id: format!("{}c", theirs.id),
                    amount: theirs.amount + 1_700,
                    ..theirs.clone()
                });
                self.settlement.push(theirs);
                self.ledger.push(ours);
                return 2 * meant + 1_700;
            }
            // Half of all payments are as they should be.
            4..=13 => {
                self.ledger.push(ours);
                self.settlement.push(theirs);
                return meant;
            }
            _ => {}
        }
        let mut kinds = Vec::new();
        for _ in 0..1 + random.below(busy) {
            let group = random.pick(&GROUPS);
            if !group.iter().any(|kind| kinds.contains(kind)) {
                kinds.push(random.pick(group));
            }
        }
        // Of a currency without decimals the conversions below would be others.
        for kind in kinds.iter_mut().filter(|kind| ["rounding", "fx_rate_difference"].contains(kind)) {
            if ours.currency == "JPY" {
                *kind = "amount_mismatch";
            }
        }
        // A fee and a tax are compared by their own: where the amounts agree.
        let has_value = kinds.iter().any(|kind| GROUPS[2].contains(kind));
        if has_value {
            kinds.retain(|kind| !GROUPS[4].contains(kind));
        }
        if has_value || kinds.iter().any(|kind| GROUPS[3].contains(kind) || GROUPS[4].contains(kind)) {
            kinds.retain(|kind| !OF_TIME.contains(kind));
        }
        let (mut copies_m, mut copies_s) = (1, 1);
        let is_converted = kinds.iter().any(|kind| ["rounding", "fx_rate_difference"].contains(kind));
        for kind in &kinds {
            match *kind {
                "time_ambiguous" => theirs.is_zoneless = true,
                "wrong_scope" => theirs.account = "other",
                "duplicate_record_m" => copies_m = 2,
                "duplicate_record_s" => copies_s = 2,
                "currency_mismatch" => theirs.currency = if ours.currency == "GBP" { "CHF" } else { "GBP" },
                // Few alike, or all of them are one break of the file.
                "scale_suspect" => theirs.amount *= 10_i64.pow(1 + u32::try_from(ours.at % 4).unwrap()),
                "sign_suspect" => theirs.amount = -theirs.amount,
                "rounding" => {
                    (ours.amount, theirs.amount) = (9_187, 9_188);
                    let original = Some((8_500, "SEK", "1.08085"));
                    (ours.original, theirs.original) = (original, original);
                }
                "fx_rate_difference" => {
                    (ours.amount, theirs.amount) = (9_180, 9_223);
                    ours.original = Some((8_500, "SEK", "1.08"));
                    theirs.original = Some((8_500, "SEK", "1.085"));
                }
                "amount_mismatch" => theirs.amount -= 1 + i64::try_from(random.below(60)).unwrap(),
                "net_arithmetic" => theirs.net_off = 3,
                "fee_mismatch" => theirs.fee += 7,
                "fee_unexpected" => ours.fee = 0,
                "fee_missing" => theirs.fee = 0,
                "tax_mismatch" => theirs.tax += 2,
                "status_stale" => ours.status = "pending",
                "status_mismatch" => (ours.status, theirs.status) = ("refunded", "failed"),
                "illegal_transition" => theirs.status = "pending",
                "late" => theirs.at += 6 * DAY,
                "early" => theirs.at = ours.at - 3 * 3_600,
                _ => (ours.at, theirs.at) = (-600, 700),
            }
        }
        let meant = if is_converted { net(&Row { amount: ours.amount, ..theirs.clone() }) } else { meant };
        for copy in 0..copies_m {
            let _ = copy;
            self.ledger.push(ours.clone());
        }
        for copy in 0..copies_s {
            let _ = copy;
            self.settlement.push(theirs.clone());
        }
        if !kinds.is_empty() {
            self.note(&reference, kinds);
        }
        meant
    }

    /// Payouts of each currency and day, and their arrival.
    fn pay_out(&mut self, random: &mut Random, paid: BTreeMap<(&'static str, i64), i64>) {
        for ((currency, day), amount) in paid {
            if amount <= 0 {
                continue;
            }
            let id = name(currency, day);
            let at = (day + 1) * DAY + 3_600;
            self.settlement.push(Row {
                reference: id.clone(),
                id: format!("tr_{id}"),
                kind: "payout",
                amount,
                currency,
                status: "paid",
                at,
                payout: id.clone(),
                account: "shop",
                ..Row::default()
            });
            let mut arrived = amount;
            match random.below(20) {
                0 => {
                    self.note(&id, vec!["missing_in_bank"]);
                    continue;
                }
                1 => {
                    self.note(&id, vec!["bank_charge"]);
                    arrived -= 2;
                }
                _ => {}
            }
            self.bank.push(Entry {
                id: format!("b{}", self.bank.len()),
                reference: id.clone(),
                amount: arrived,
                currency,
                day: day + 2,
                text: format!("PSP {id}"),
            });
        }
    }
}

fn name(currency: &str, day: i64) -> String {
    format!("po-{currency}-{day}")
}

fn net(row: &Row) -> i64 {
    row.amount - row.fee - row.tax
}

fn charge(random: &mut Random, number: u64, lag: i64) -> Row {
    let currency = random.pick(&["EUR", "EUR", "USD", "JPY"]);
    let day = i64::try_from(random.below(20)).unwrap();
    let amount = 2_001 + i64::try_from(random.below(90_000)).unwrap() * 7;
    let fee = amount * 29 / 1_000 + 30;
    Row {
        reference: format!("ord-{number:04}"),
        id: format!("tx{:08x}", random.next() >> 32),
        kind: "charge",
        amount,
        currency,
        fee,
        tax: fee / 5,
        status: "paid",
        // In the middle of a day, so that a lag of an hour stays within it.
        at: day * DAY + 30_000 + i64::try_from(random.below(20_000)).unwrap() + lag,
        payout: name(currency, day),
        account: "shop",
        ..Row::default()
    }
}
