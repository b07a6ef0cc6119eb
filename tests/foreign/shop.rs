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
pub(crate) const PRECEDENCE: [&str; 41] = [
    "row_unknown_type",
    "time_ambiguous",
    "wrong_scope",
    "duplicate_record_m",
    "idempotency_conflict",
    "duplicate_record_s",
    "reference_collision",
    "duplicate_charge",
    "split_incomplete",
    "missing_in_settlement",
    "missing_in_mirror",
    "missing_in_bank",
    "unexpected_bank_entry",
    "orphan_child",
    "currency_mismatch",
    "scale_suspect",
    "sign_suspect",
    "net_arithmetic",
    "partial_capture_shape",
    "rounding",
    "fx_rate_difference",
    "amount_mismatch",
    "fee_mismatch",
    "tax_mismatch",
    "fee_unexpected",
    "fee_missing",
    "reserve_or_netting",
    "bank_charge",
    "over_refund",
    "group_sum_mismatch",
    "residual_unexplained",
    "status_stale",
    "status_mismatch",
    "illegal_transition",
    "hold_not_closed",
    "payout_not_reversed",
    "stuck",
    "late",
    "early",
    "period_shift",
    "duplicate_record_b",
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
        for number in 0..8 + random.below(8) {
            let line = charge(random, 1_000 + number, lag);
            let (currency, day, first) = (line.currency, line.at / DAY, shop.settlement.len());
            shop.story(random, line, lag);
            *paid.entry((currency, day)).or_default() +=
                shop.settlement[first..].iter().map(net).sum::<i64>();
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

    /// What takes more than the two rows of a charge. All of it is paid out as it stands in the settlement.
    fn story(&mut self, random: &mut Random, theirs: Row, lag: i64) {
        let ours = |row: &Row, name: &str| Row {
            at: row.at - lag,
            payout: String::new(),
            id: format!("entry-{name}"),
            ..row.clone()
        };
        let plain = Row { fee: 0, tax: 0, ..theirs.clone() };
        let follow = |kind, name: &str, amount, parent: &str| Row {
            reference: format!("{name}-{}", theirs.reference),
            id: format!("{name}{}", theirs.id),
            kind,
            amount,
            parent: parent.to_owned(),
            ..plain.clone()
        };
        let (reference, amount) = (theirs.reference.clone(), theirs.amount);
        let mut both = |row: &Row, name: &str| {
            self.ledger.push(ours(row, &format!("{name}{}", row.id)));
            self.settlement.push(row.clone());
        };
        match random.below(13) {
            0 => {
                both(&theirs, "");
                both(&follow("refund", "re", amount / 3, &reference), "re");
            }
            1 => {
                let orphan = follow("refund", "re", 500, "an-order-of-last-year");
                both(&orphan, "re");
                self.note(&orphan.reference, vec!["orphan_child"]);
            }
            2 => {
                both(&theirs, "");
                both(&follow("refund", "r1", amount - 100, &reference), "r1");
                both(&follow("refund", "r2", 101, &reference), "r2");
                self.note(&reference, vec!["over_refund"]);
            }
            3 => {
                self.ledger.push(ours(&theirs, "whole"));
                for (name, part) in [("p1", amount / 2), ("p2", amount / 5)] {
                    self.settlement.push(Row {
                        id: format!("{}{name}", theirs.id),
                        amount: part,
                        ..plain.clone()
                    });
                }
                self.note(&reference, vec!["split_incomplete"]);
            }
            4 => {
                self.ledger.push(Row { status: "processing", ..ours(&theirs, "open") });
                self.note(&reference, vec!["stuck"]);
            }
            5 => {
                self.ledger.push(Row { status: "requires_capture", ..ours(&theirs, "hold") });
                self.note(&reference, vec!["hold_not_closed"]);
            }
            6 => {
                let held = follow("adjustment", "reserve", -900, "");
                self.note(&held.reference, vec!["reserve_or_netting"]);
                self.settlement.push(held);
            }
            7 => {
                let fee = Row { amount: 45, ..follow("fee", "fee", 45, "") };
                self.note(&fee.reference, vec!["missing_in_mirror", "fee_unexpected"]);
                self.settlement.push(fee);
            }
            8 => {
                let tip = follow("tip", "tip", 70, "");
                self.note(&tip.reference, vec!["row_unknown_type"]);
                self.settlement.push(tip);
            }
            9 => {
                self.ledger.push(Row { amount: amount - 400, ..ours(&plain, "part") });
                let back = follow("adjustment", "back", -400, &reference);
                self.settlement.extend([plain.clone(), back]);
                self.note(&reference, vec!["partial_capture_shape"]);
            }
            10 => {
                // One id of the books, two amounts: one of them is that of the settlement.
                both(&theirs, "");
                let wrong = ours(&theirs, &theirs.id);
                self.ledger.push(Row { amount: amount + 1_700, ..wrong });
                self.note(&reference, vec!["idempotency_conflict", "amount_mismatch"]);
            }
            11 => {
                // The fee in a row of its own is the fee that the books have with the payment.
                self.ledger.push(ours(&theirs, "apart"));
                let fee = Row { amount: theirs.fee, ..follow("fee", "fee", 0, &reference) };
                self.settlement.extend([Row { fee: 0, ..theirs.clone() }, fee]);
            }
            _ => {
                let id = format!("po-XYZ-{reference}");
                self.bank.push(Entry {
                    id: format!("bx{reference}"),
                    reference: id.clone(),
                    amount: 4_321,
                    currency: theirs.currency,
                    day: 9,
                    text: "PSP".to_owned(),
                });
                self.note(&id, vec!["unexpected_bank_entry"]);
            }
        }
    }

    /// Payouts of each currency and day, and their arrival.
    fn pay_out(&mut self, random: &mut Random, paid: BTreeMap<(&'static str, i64), i64>) {
        for ((currency, day), amount) in paid {
            if amount <= 0 {
                continue;
            }
            let id = name(currency, day);
            let at = (day + 1) * DAY + 3_600;
            let fate = random.below(24);
            // Lines that are in no failed payout may be in a later one: then the money is back.
            let has_lines = self.settlement.iter().any(|row| row.payout == id);
            let fate = if has_lines { fate } else { fate.max(4) };
            let amount = if fate == 2 { amount + 7_777 } else { amount };
            self.settlement.push(Row {
                reference: id.clone(),
                id: format!("tr_{id}"),
                kind: "payout",
                amount,
                currency,
                status: if fate == 3 { "failed" } else { "paid" },
                at,
                payout: id.clone(),
                account: "shop",
                ..Row::default()
            });
            let mut arrived = amount;
            match fate {
                0 => {
                    self.note(&id, vec!["missing_in_bank"]);
                    continue;
                }
                1 => {
                    self.note(&id, vec!["bank_charge"]);
                    arrived -= 2;
                }
                2 => self.note(&id, vec!["group_sum_mismatch", "residual_unexplained"]),
                3 => {
                    self.note(&id, vec!["payout_not_reversed"]);
                    continue;
                }
                _ => {}
            }
            let entry = Entry {
                id: format!("b{}", self.bank.len()),
                reference: id.clone(),
                amount: arrived,
                currency,
                day: day + 2,
                text: format!("PSP {id}"),
            };
            if fate == 4 {
                self.note(&id, vec!["duplicate_record_b"]);
                self.bank.push(entry.clone());
            }
            self.bank.push(entry);
        }
    }
}

fn name(currency: &str, day: i64) -> String {
    format!("po-{currency}-{day}")
}

/// What a row does to the balance.
pub(crate) fn net(row: &Row) -> i64 {
    let signed = if ["refund", "fee"].contains(&row.kind) { -row.amount } else { row.amount };
    signed - row.fee - row.tax
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
