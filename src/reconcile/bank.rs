//! Each payout arrived at the bank in one entry, in several or with others, or what is missing is named; of equal
//! candidates none is picked.

use super::classes::{BreakKind, Hop, Kinds};
use super::differences::scale;
use super::findings::{BY_AMOUNT, BY_PAYOUT, BY_REFERENCE, BY_SUM, Finding, Findings, Flying, Rule, Shown};
use super::group::Unit;
use super::lone::Alike;
use super::matches::MadeBy;
use super::order::sorted;
use super::payouts::{Payout, Payouts, names};
use super::row::{Row, Side};
use super::rules::{Pass, Rules};
use super::subset::{self, Subset};
use super::unexpected::unexpected;
use super::window::{DAY_MS, Window};
use crate::ledger::EventType;
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

/// Entries or payouts that may come together.
const TOGETHER_MAX: usize = 5;

/// How far beyond its window an entry is still taken for a payout of its amount.
pub(super) const SLACK: Millis = Millis::new(7 * DAY_MS);

/// A bank keeps at most this many hundredths of a currency's unit, or a twentieth; what lacks more is a missing part.
const CHARGE_MAX: i64 = 50;

/// A payout on its way to the bank.
#[derive(Debug)]
pub(super) struct Transfer<'p, 'r> {
    pub(super) payout: &'p Payout<'r>,
    amount: i64,
    /// What may rightly arrive: its amount, and what else its lines explain.
    may: Vec<i64>,
    at: Option<Timestamp>,
    pub(super) entries: Vec<&'r Row<'r>>,
    /// What of its entries belongs to other payouts.
    others: i64,
    rule: Rule,
    made_by: MadeBy,
    is_settled: bool,
    /// Entries by which the whole amount went back.
    returned: Vec<&'r Row<'r>>,
    /// Entries that name it in another currency.
    strangers: Vec<&'r Row<'r>>,
}

/// The payouts with the entries that name them, and the entries that name none.
pub(super) struct Named<'p, 'r> {
    transfers: Vec<Transfer<'p, 'r>>,
    left: Vec<&'r Row<'r>>,
}

impl<'p, 'r> Named<'p, 'r> {
    /// Gives entries to the payouts they name.
    pub(super) fn of(
        entries: Vec<&'r Row<'r>>,
        payouts: &'p Payouts<'r>,
        findings: &mut Findings<'r>,
    ) -> Self {
        let entries = once(entries, findings);
        let mut transfers = payouts.all.iter().map(|payout| transfer(payouts, payout)).collect::<Vec<_>>();
        let left = by_name(&entries, &mut transfers);
        Self { transfers, left }
    }

    /// What came of each payout under its name.
    pub(super) fn came(&self) -> Vec<i64> {
        self.transfers.iter().map(|transfer| total(&transfer.entries)).collect()
    }
}

/// Holds the payouts against the entries of the bank.
#[cfg_attr(feature = "wasm-reconcile-sieve", inline(never))]
pub(super) fn judge<'r>(
    named: Named<'_, 'r>,
    payouts: &Payouts<'r>,
    rules: &Rules,
    window: &Window,
    findings: &mut Findings<'r>,
) {
    let Named { mut transfers, mut left } = named;
    if transfers.is_empty() {
        findings.set_aside = findings.set_aside.saturating_add(left.len());
        return;
    }
    for transfer in transfers.iter_mut().filter(|transfer| total(&transfer.entries) != transfer.amount) {
        transfer.may = payouts.may(transfer.payout, findings);
        part_returns(transfer);
    }
    if rules.has(Pass::BySum) {
        complete(&mut transfers, &mut left, window);
    }
    if rules.has(Pass::ByAmount) {
        by_amount(&mut transfers, &mut left, window, findings);
    }
    if rules.has(Pass::BySum) {
        by_sum(&mut transfers, &mut left, window);
    }
    for transfer in &mut transfers {
        // Where nothing came that may be held against it, what names the payout is its money all the same: with the other
        // sign, as it cannot have gone back, or in another currency.
        if transfer.entries.is_empty() && !transfer.is_settled {
            let is_turned = total(&transfer.returned) == transfer.amount.wrapping_neg();
            let named = if is_turned && !has_failed(transfer.payout) {
                &mut transfer.returned
            } else {
                &mut transfer.strangers
            };
            core::mem::swap(&mut transfer.entries, named);
        }
        left.append(&mut transfer.strangers);
        arrived(transfer, payouts, window, findings);
    }
    unexpected(&left, &transfers, findings);
}

/// Entries without those the statement repeats under the same id.
fn once<'r>(entries: Vec<&'r Row<'r>>, findings: &mut Findings<'r>) -> Vec<&'r Row<'r>> {
    let entries = sorted(entries, &|a, b| a.content().cmp(&b.content()).then(a.number.cmp(&b.number)));
    let mut kept = Vec::new();
    for same in entries
        .chunk_by(|a, b| a.id == b.id && !a.id.is_empty() && (a.amount, a.currency) == (b.amount, b.currency))
    {
        kept.extend(same.first());
        if same.len() > 1 {
            findings.add(BreakKind::DuplicateRecordB, Unit::of(same), Hop::Bank, BY_REFERENCE);
        }
    }
    kept
}

fn transfer<'p, 'r>(payouts: &Payouts<'r>, payout: &'p Payout<'r>) -> Transfer<'p, 'r> {
    let latest = payout.times().map(|[_, last]| last);
    let said = payout.paid.first().or_else(|| payout.booked.first()).and_then(|row| row.occurred_at);
    let amount = payouts.amount(payout);
    Transfer {
        payout,
        amount,
        may: vec![amount],
        at: said.or(latest),
        entries: Vec::new(),
        others: 0,
        rule: BY_REFERENCE,
        made_by: MadeBy::PAYOUT,
        is_settled: false,
        returned: Vec::new(),
        strangers: Vec::new(),
    }
}

/// Gives entries to the payouts they name. Returns the rest.
fn by_name<'r>(entries: &[&'r Row<'r>], transfers: &mut [Transfer<'_, 'r>]) -> Vec<&'r Row<'r>> {
    let mut known: Vec<(&str, usize)> = Vec::new();
    for (place, transfer) in transfers.iter().enumerate() {
        known.push((transfer.payout.key, place));
        for row in transfer.payout.paid.iter().chain(&transfer.payout.booked) {
            known.extend(names(row).into_iter().filter(|name| !name.is_empty()).map(|name| (name, place)));
        }
    }
    let known = sorted(known, &|a, b| a.cmp(b));
    let called = |name: &[u8]| {
        let at = known.partition_point(|(other, _)| other.as_bytes() < name);
        known.get(at).filter(|(other, _)| other.as_bytes() == name).map(|(_, place)| *place)
    };
    let mut left = Vec::new();
    for entry in entries {
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        let words = entry.note.as_bytes().split(|byte| !is_name(byte));
        let by_reference = called(entry.reference.as_bytes());
        let found = by_reference.or_else(|| words.filter(|word| word.len() > 2).find_map(called));
        match found.and_then(|place| transfers.get_mut(place)) {
            Some(transfer) if transfer.payout.currency != entry.currency => transfer.strangers.push(entry),
            Some(transfer) => {
                if by_reference.is_none() {
                    transfer.made_by = MadeBy::DESCRIPTION;
                }
                transfer.entries.push(entry);
            }
            None => left.push(*entry),
        }
    }
    left
}

/// Takes from the entries of a payout those by which all that may have come went back.
fn part_returns(transfer: &mut Transfer<'_, '_>) {
    let Transfer { amount, may, entries, returned, .. } = transfer;
    entries.retain(|entry| {
        let went = entry.amount.wrapping_neg();
        // A line with the wrong sign lets a payout be the same amount the other way.
        let is_return = went != 0 && (went < 0) == (*amount < 0) && may.contains(&went);
        if is_return {
            returned.push(*entry);
        }
        !is_return
    });
}

fn total(entries: &[&Row]) -> i64 {
    entries.iter().fold(0, |sum, entry| sum.wrapping_add(entry.amount))
}

/// Whether an entry may be a payout of that time.
pub(super) fn is_in_time(at: Option<Timestamp>, entry: &Row, window: &Window) -> bool {
    const DAY: Millis = Millis::new(DAY_MS);
    at.zip(entry.occurred_at).is_none_or(|(at, booked)| {
        booked.saturating_add(DAY) >= at && booked <= window.due(at).saturating_add(SLACK)
    })
}

/// What a named entry has too much belongs to other payouts, and what it lacks may stand in entries without a name.
fn complete<'r>(transfers: &mut [Transfer<'_, 'r>], left: &mut Vec<&'r Row<'r>>, window: &Window) {
    let open = open(transfers);
    for place in 0..transfers.len() {
        let Some(transfer) = transfers.get(place) else { continue };
        let Some(first) = transfer.entries.first() else { continue };
        let (amount, currency, at) = (transfer.amount, transfer.payout.currency, transfer.at);
        let came = total(&transfer.entries);
        let is_repeated = transfer.entries.iter().skip(1).any(|entry| entry.amount == amount);
        if came == amount || is_repeated {
            continue;
        }
        // What came with a payout that is late was due with it.
        let due = at.map(|at| window.due(at)).or(first.occurred_at);
        let punctual = Row { occurred_at: first.occurred_at.min(due), ..**first };
        let mut fitting = waiting(transfers, &open, &punctual, window);
        fitting.push(place);
        if let Some(others) = merged(transfers, place, &fitting, came) {
            if let Some(transfer) = transfers.get_mut(place) {
                transfer.others = others;
                (transfer.rule, transfer.made_by) = (BY_SUM, transfer.made_by.and(MadeBy::AMOUNT));
            }
            continue;
        }
        let missing = amount.wrapping_sub(came);
        let found = parts(left, missing, &|entry| {
            entry.currency == currency && !entry.is_keyed && is_in_time(at, entry, window)
        });
        if let Some((found, transfer)) = found.zip(transfers.get_mut(place)) {
            transfer.entries.extend(found);
            (transfer.rule, transfer.made_by) = (BY_SUM, transfer.made_by.and(MadeBy::AMOUNT));
        }
    }
}

/// Settles the only other payouts that came with this one, and says what they are of what came: what is left may be this
/// one, or, where one payout alone came with it, what a bank that keeps a charge leaves of it.
fn merged(transfers: &mut [Transfer<'_, '_>], place: usize, fitting: &[usize], came: i64) -> Option<i64> {
    let mut chosen = together(transfers, fitting, came);
    if chosen.is_none() {
        let whole = transfers.get(place)?;
        let mut charged = fitting.iter().filter_map(|other| {
            let amount = transfers.get(*other).filter(|_| *other != place)?.amount;
            is_charged(whole, came.wrapping_sub(amount)).then_some((*other, amount))
        });
        let only = charged.next().filter(|_| charged.next().is_none() && !is_charged(whole, came))?;
        chosen = Some(vec![only, (place, 0)]);
    }
    // Of what it may be alone, nothing is another's.
    let others: Vec<(usize, i64)> = chosen?;
    if others.len() < 2 || others.last().is_none_or(|(last, _)| *last != place) {
        return None;
    }
    let mut sum = 0_i64;
    for (other, amount) in others {
        if other != place {
            settle(transfers, other);
            sum = sum.wrapping_add(amount);
        }
    }
    Some(sum)
}

/// The only payouts of these places that make an amount together, and what came of each: what they say or their lines are,
/// and where those do not, what their lines would be without their breaks. Empty where several do.
fn together(transfers: &[Transfer<'_, '_>], fitting: &[usize], amount: i64) -> Option<Vec<(usize, i64)>> {
    [2, usize::MAX].into_iter().find_map(|most| {
        let (mut amounts, mut each) = (Vec::new(), Vec::new());
        for place in fitting {
            let may = transfers.get(*place).map_or(&[][..], |transfer| &transfer.may);
            let may = may.get(..most).unwrap_or(may);
            amounts.push(may.to_vec());
            each.extend(may.iter().map(|one| (*place, *one)));
        }
        match subset::find_one_of_each(&amounts, amount, TOGETHER_MAX) {
            Subset::Only(chosen) => Some(pick(&each, &chosen)),
            Subset::Several => Some(Vec::new()),
            Subset::None => None,
        }
    })
}

/// Takes the only entries that fit and make an amount together.
fn parts<'r>(
    left: &mut Vec<&'r Row<'r>>,
    amount: i64,
    fits: &dyn Fn(&&'r Row<'r>) -> bool,
) -> Option<Vec<&'r Row<'r>>> {
    let (mut fitting, mut amounts) = (Vec::new(), Vec::new());
    for (place, entry) in left.iter().enumerate() {
        if fits(entry) {
            fitting.push(place);
            amounts.push(entry.amount);
        }
    }
    match subset::find(&amounts, amount, TOGETHER_MAX) {
        Subset::Only(chosen) => Some(take(left, &pick(&fitting, &chosen))),
        _ => None,
    }
}

fn settle(transfers: &mut [Transfer<'_, '_>], place: usize) {
    if let Some(transfer) = transfers.get_mut(place) {
        transfer.is_settled = true;
    }
}

/// The payouts that nothing is held against yet.
fn open(transfers: &[Transfer<'_, '_>]) -> Vec<usize> {
    let mut places = Vec::new();
    for (place, transfer) in transfers.iter().enumerate() {
        if is_open(transfer) {
            places.push(place);
        }
    }
    places
}

/// Those of them that an entry may be a part of, or the whole.
fn waiting(transfers: &[Transfer<'_, '_>], open: &[usize], entry: &Row, window: &Window) -> Vec<usize> {
    let mut fitting = Vec::new();
    for place in open {
        let Some(transfer) = transfers.get(*place) else { continue };
        let is_alike = transfer.payout.currency == entry.currency;
        if is_alike && is_in_time(transfer.at, entry, window) && is_open(transfer) {
            fitting.push(*place);
        }
    }
    fitting
}

fn pick<T: Clone>(items: &[T], places: &[usize]) -> Vec<T> {
    places.iter().filter_map(|place| items.get(*place).cloned()).collect()
}

/// Takes the items of these places, which are in order.
fn take<T>(items: &mut Vec<T>, places: &[usize]) -> Vec<T> {
    places.iter().rev().map(|place| items.remove(*place)).collect()
}

/// Payouts and entries that only fit each other; several that fit alike are left to a person.
fn by_amount<'r>(
    transfers: &mut [Transfer<'_, 'r>],
    left: &mut Vec<&'r Row<'r>>,
    window: &Window,
    findings: &mut Findings<'r>,
) {
    let Some(entry) = left.first().copied() else { return };
    // Payouts are looked up as rows are: of one amount there may be very many.
    let mut rows: Vec<(Row<'_>, usize)> = Vec::new();
    for place in open(transfers) {
        let Some(transfer) = transfers.get(place) else { continue };
        let (amount, currency, occurred_at) = (transfer.amount, transfer.payout.currency, transfer.at);
        rows.push((Row { side: Side::Ledger, amount, currency, occurred_at, ..*entry }, place));
    }
    let (mut payouts, mut entries, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    for (row, place) in &rows {
        payouts.push((row, *place));
    }
    for entry in core::mem::take(left) {
        entries.push((entry, entries.len()));
        rest.push(Some(entry));
    }
    let (payouts, entries) = (Alike::of(payouts, BY_PAYOUT, window), Alike::of(entries, BY_PAYOUT, window));
    // Each pair is the only one for both, so that it leaves no other without an alternative.
    for (row, place) in &rows {
        let only = entries.only(row, &payouts).and_then(|only| rest.get_mut(only)?.take());
        if let Some((entry, transfer)) = only.zip(transfers.get_mut(*place)) {
            transfer.entries.push(entry);
            (transfer.rule, transfer.made_by) = (BY_AMOUNT, MadeBy::AMOUNT.and(MadeBy::TIME));
        }
    }
    for (row, place) in &rows {
        if !transfers.get(*place).is_some_and(|transfer| is_open(transfer)) {
            continue;
        }
        let mut tied = Vec::new();
        for (_, place) in entries.fitting(row, usize::MAX) {
            tied.extend(rest.get_mut(place).and_then(Option::take));
        }
        if tied.is_empty() {
            continue;
        }
        let came = total(&tied);
        let (mut name, mut said) = (None, 0_i64);
        for (_, place) in payouts.alike(row) {
            if let Some(transfer) = transfers.get_mut(*place).filter(|transfer| is_open(transfer)) {
                tied.extend(transfer.payout.row());
                name = name.or(Some(transfer.payout.key));
                said = said.wrapping_add(transfer.amount);
                transfer.is_settled = true;
            }
        }
        let mut tie = Finding::new(Kinds::only(BreakKind::Ambiguous), Unit::of(&tied), Hop::Bank, BY_AMOUNT);
        tie.reference = name;
        let (expected, found) = (Some(said.into()), Some(came.into()));
        tie.shown = Some(Box::new(Shown { currency: row.currency, expected, found }));
        findings.breaks.push(tie);
    }
    for entry in rest {
        left.extend(entry);
    }
}

fn is_open(transfer: &Transfer<'_, '_>) -> bool {
    transfer.entries.is_empty()
        && !transfer.is_settled
        && (!has_failed(transfer.payout) || !transfer.returned.is_empty())
}

fn has_failed(payout: &Payout<'_>) -> bool {
    let state = payout.paid.first().or_else(|| payout.booked.first()).and_then(|row| row.state());
    !payout.back.is_empty() || state.is_some_and(|state| !state.moves_money() && !state.is_open())
}

/// One entry for several payouts, and several entries for one.
fn by_sum<'r>(transfers: &mut [Transfer<'_, 'r>], left: &mut Vec<&'r Row<'r>>, window: &Window) {
    let open = open(transfers);
    let mut rest = Vec::new();
    for entry in core::mem::take(left) {
        let fitting = waiting(transfers, &open, entry, window);
        match together(transfers, &fitting, entry.amount).filter(|chosen| chosen.len() > 1) {
            Some(chosen) => chosen.into_iter().for_each(|(place, _)| settle(transfers, place)),
            None => rest.push(entry),
        }
    }
    for transfer in transfers.iter_mut().filter(|transfer| is_open(transfer)) {
        let found = parts(&mut rest, transfer.amount, &|entry| {
            entry.currency == transfer.payout.currency && is_in_time(transfer.at, entry, window)
        });
        if let Some(found) = found {
            transfer.entries = found;
            (transfer.rule, transfer.made_by) = (BY_SUM, MadeBy::AMOUNT.and(MadeBy::TIME));
        }
    }
    *left = rest;
}

/// What a payout lacks of its size. A negative payout is a debit; its entry is judged by its size.
fn lacks(transfer: &Transfer<'_, '_>, found: i64) -> Option<i64> {
    let missing = transfer.amount.wrapping_abs().wrapping_sub(found.wrapping_abs());
    (missing >= 0 && (transfer.amount < 0) == (found < 0)).then_some(missing)
}

/// Whether a payout lacks no more than a bank may keep.
fn is_charged(transfer: &Transfer<'_, '_>, found: i64) -> bool {
    let most = i64::from(transfer.payout.currency.minor_units()).wrapping_mul(CHARGE_MAX);
    let most = most.max(transfer.amount.wrapping_abs().div_euclid(20));
    lacks(transfer, found).is_some_and(|missing| missing <= most)
}

/// Whether an entry counts from a day that is further from its booking than the window allows.
fn has_other_value_date(entry: &Row<'_>, window: &Window) -> bool {
    let dates = entry.value_at.zip(entry.occurred_at);
    dates.is_some_and(|(value, booked)| window.is_late(value.min(booked), value.max(booked)))
}

/// What became of one payout.
fn arrived<'r>(
    transfer: &Transfer<'_, 'r>,
    payouts: &Payouts<'r>,
    window: &Window,
    findings: &mut Findings<'r>,
) {
    let payout = transfer.payout;
    let Some(row) = payout.row().filter(|_| !transfer.is_settled) else { return };
    let window = window.of(row.account);
    let found = total(&transfer.entries).wrapping_sub(transfer.others);
    let expected = transfer.amount;
    let is_foreign = transfer.entries.first().is_some_and(|entry| entry.currency != payout.currency);
    let mut kinds = Kinds::default();
    if transfer.entries.is_empty() {
        let says = row.is_payout();
        let is_open = says && row.state().is_some_and(|state| state.is_open());
        // Where the settlement lists its payouts, lines alone announce none.
        let is_listed = says || !payouts.has_rows();
        let never_came = has_failed(payout) && transfer.returned.is_empty();
        if never_came || is_open || expected == 0 || !is_listed {
            return;
        }
        // Lines alone do not say when they are paid out.
        let slack = if says { Millis::ZERO } else { SLACK };
        let at = transfer.at.map(|at| at.saturating_add(slack));
        if let Some(at) = at.filter(|_| !window.is_over(at)) {
            let Payout { key: reference, currency, .. } = *payout;
            let (due, kind) = (window.due(at), Some(EventType::Payout));
            findings.in_flight.push(Flying { reference, due, kind, amount: expected, currency });
            return;
        }
        kinds.insert(BreakKind::MissingInBank);
    } else if is_foreign {
        kinds.insert(BreakKind::CurrencyMismatch);
    } else if found != expected && !payouts.may_arrive(payout, found, findings) {
        let several = transfer.entries.len() > 1;
        kinds.insert(if several && transfer.entries.iter().all(|entry| entry.amount == expected) {
            BreakKind::DuplicateRecordB
        } else if found == expected.wrapping_neg() {
            BreakKind::SignSuspect
        } else if !several && scale(expected, found).is_some() {
            BreakKind::ScaleSuspect
        } else if !several && is_charged(transfer, found) {
            BreakKind::BankCharge
        } else if lacks(transfer, found).is_some() {
            BreakKind::SplitIncomplete
        } else {
            BreakKind::AmountMismatch
        });
    } else {
        let last = transfer.entries.iter().filter_map(|entry| entry.occurred_at).max();
        if row.is_payout() && transfer.at.zip(last).is_some_and(|(at, last)| window.is_late(at, last)) {
            kinds.insert(BreakKind::Late);
        }
        if transfer.entries.iter().any(|entry| has_other_value_date(entry, window)) {
            kinds.insert(BreakKind::ValueDateShift);
        }
    }
    // It came and went back; the settlement must know.
    if !transfer.returned.is_empty() && !has_failed(payout) {
        kinds.insert(BreakKind::PayoutNotReversed);
    }
    let rows = [&[row], &*transfer.entries, &*transfer.returned].concat();
    let unit = Unit { made_by: transfer.made_by, ..Unit::of(&rows) };
    if kinds.is_empty() {
        // A payout that is only lines, and one that came in parts, are told by their lines and parts.
        findings.see(&unit, Hop::Bank, transfer.rule);
        return;
    }
    let mut break_ = Finding::new(kinds, unit, Hop::Bank, transfer.rule);
    break_.reference = Some(payout.key);
    // What came in another currency stands in its rows.
    let found = (!transfer.entries.is_empty() && !is_foreign).then_some(found.into());
    break_.shown =
        Some(Box::new(Shown { currency: payout.currency, expected: Some(expected.into()), found }));
    findings.breaks.push(break_);
}
