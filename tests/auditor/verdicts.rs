//! The classification by brute force: try every way to pair the rows of one reference and keep the best.
//!
//! The engine pairs in passes over sorted keys; this model writes down what the passes are meant to achieve (most equal
//! ids, then most equal rows, then most equal amounts) and searches all pairings for it. Only for a handful of rows.

use std::collections::{BTreeMap, BTreeSet};

/// A row of one reference in one currency, with an id and a status that moves money.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tiny {
    pub(crate) id: &'static str,
    pub(crate) amount: i64,
    pub(crate) fee: i64,
}

type Pairs = Vec<(usize, usize)>;
type Kinds = BTreeSet<&'static str>;

/// The kinds of each break, sorted, and the number of pairs that agree.
pub(crate) fn verdicts(charge: bool, ledger: &[Tiny], settlement: &[Tiny]) -> (Vec<Kinds>, usize) {
    let (left, right) = (by_id(ledger), by_id(settlement));
    if let Some(parts) = parts(&left, &right) {
        return parts;
    }
    let mut pairs = best(&left, &right);
    let rest = |used: &[usize], of: usize| (0..of).filter(|index| !used.contains(index)).collect::<Vec<_>>();
    let alone = |pairs: &Pairs| {
        let lefts: Vec<usize> = pairs.iter().map(|pair| pair.0).collect();
        let rights: Vec<usize> = pairs.iter().map(|pair| pair.1).collect();
        (rest(&lefts, left.len()), rest(&rights, right.len()))
    };
    if let (&[one], &[other]) = (&*alone(&pairs).0, &*alone(&pairs).1) {
        pairs.push((one, other));
    }
    let (lost_left, lost_right) = alone(&pairs);
    let values = |&(one, other): &(usize, usize)| differences(&left[one], &right[other]);
    let matched = pairs.iter().filter(|pair| values(pair).is_empty()).count();

    let mut identity = None;
    let amounts = |side: &[Vec<Tiny>]| side.iter().map(|rows| rows[0].amount).collect::<Vec<_>>();
    let (left_amounts, right_amounts) = (amounts(&left), amounts(&right));
    let set = |amounts: &[i64]| amounts.iter().copied().collect::<BTreeSet<_>>();
    if charge {
        let agrees = lost_left.is_empty() && lost_right.is_empty() && matched == pairs.len();
        if set(&left_amounts).len().max(set(&right_amounts).len()) > 1 && !agrees {
            identity = Some("reference_collision");
        } else if set(&left_amounts).len() < left.len() || set(&right_amounts).len() < right.len() {
            identity = Some("duplicate_charge");
        }
    }
    if identity.is_none() && !lost_left.is_empty() && !lost_right.is_empty() {
        identity = Some("ambiguous");
    }

    let mut breaks: Vec<Kinds> = Vec::new();
    let mut whole: Kinds = identity.into_iter().collect();
    if matches!(identity, Some("duplicate_charge" | "reference_collision")) && pairs.is_empty() {
        // What has no partner is held against each other as it stands.
        let (ours, theirs) = (left.concat(), right.concat());
        match (ours.is_empty(), theirs.is_empty()) {
            (false, false) => whole.extend(differences(&ours, &theirs)),
            (false, true) => whole.extend(["missing_in_settlement"]),
            (true, _) => whole.extend(["missing_in_mirror"]),
        }
    }
    let mut single = |kinds: Kinds, is_pair: bool| {
        let merged = identity.is_some() && !(identity == Some("ambiguous") && is_pair);
        if merged {
            whole.extend(kinds.into_iter().filter(|kind| !kind.starts_with("missing")));
        } else if !kinds.is_empty() {
            breaks.push(kinds);
        }
    };
    for pair in &pairs {
        let mut kinds = values(pair);
        kinds.extend(copied(&left[pair.0]));
        kinds.extend((right[pair.1].len() > 1).then_some("duplicate_record_s"));
        single(kinds, true);
    }
    for index in lost_left {
        let mut kinds = Kinds::from(["missing_in_settlement"]);
        kinds.extend(copied(&left[index]));
        single(kinds, false);
    }
    for index in lost_right {
        let mut kinds = Kinds::from(["missing_in_mirror"]);
        kinds.extend((right[index].len() > 1).then_some("duplicate_record_s"));
        single(kinds, false);
    }
    if identity.is_some() {
        breaks.push(whole);
    }
    breaks.sort();
    (breaks, matched)
}

/// One event on one side that stands in several smaller ones on the other: the whole, nearly the whole, or less.
fn parts(left: &[Vec<Tiny>], right: &[Vec<Tiny>]) -> Option<(Vec<Kinds>, usize)> {
    let shares_id = left.iter().any(|one| right.iter().any(|other| one[0].id == other[0].id));
    let (whole, parts, is_ours) = match (left, right) {
        ([whole], parts) if parts.len() > 1 => (whole, parts, true),
        (parts, [whole]) if parts.len() > 1 => (whole, parts, false),
        _ => return None,
    };
    let amounts: Vec<i64> = parts.iter().map(|rows| rows[0].amount).collect();
    let (sum, total) = (amounts.iter().sum::<i64>(), whole[0].amount);
    if shares_id || amounts.iter().any(|amount| *amount >= total) {
        return None;
    }
    let is_even = amounts.iter().max()? - amounts.iter().min()? <= 1;
    let kind = if sum == total {
        None
    } else if is_even && 2 * (sum - total).abs() <= amounts.len() as i64 {
        Some("rounding")
    } else if sum < total && is_ours {
        Some("split_incomplete")
    } else {
        return None;
    };
    let mut kinds: Kinds = kind.into_iter().collect();
    kinds.extend(left.iter().filter_map(|rows| copied(rows)));
    kinds.extend(right.iter().any(|rows| rows.len() > 1).then_some("duplicate_record_s"));
    let breaks = if kinds.is_empty() { Vec::new() } else { vec![kinds] };
    Some((breaks, usize::from(kind.is_none())))
}

/// What several rows of one id in the books are.
fn copied(rows: &[Tiny]) -> Option<&'static str> {
    let is_one = rows.iter().all(|row| row.amount == rows[0].amount);
    (rows.len() > 1).then_some(if is_one { "duplicate_record_m" } else { "idempotency_conflict" })
}

fn by_id(rows: &[Tiny]) -> Vec<Vec<Tiny>> {
    let mut found: BTreeMap<&str, Vec<Tiny>> = BTreeMap::new();
    for row in rows {
        found.entry(row.id).or_default().push(row.clone());
    }
    let mut found: Vec<_> = found.into_values().collect();
    found.iter_mut().for_each(|rows| rows.sort());
    found
}

fn differences(left: &[Tiny], right: &[Tiny]) -> Kinds {
    let mut kinds = Kinds::new();
    for (one, other) in left.iter().map(|row| (row, &right[0])).chain(right.iter().map(|row| (&left[0], row)))
    {
        kinds.extend((one.amount != other.amount).then_some("amount_mismatch"));
        kinds.extend((one.fee != other.fee).then_some(match (one.fee, other.fee) {
            (0, _) => "fee_unexpected",
            (_, 0) => "fee_missing",
            _ => "fee_mismatch",
        }));
    }
    kinds
}

/// The pairing with most equal ids, then most equal rows, then most equal amounts; of several the first.
fn best(left: &[Vec<Tiny>], right: &[Vec<Tiny>]) -> Pairs {
    let mut all = vec![Pairs::new()];
    for (one, our_rows) in left.iter().enumerate() {
        for pairs in all.clone() {
            for (other, their_rows) in right.iter().enumerate() {
                let free = pairs.iter().all(|pair| pair.1 != other);
                if free && rank(&our_rows[0], &their_rows[0]).is_some() {
                    let mut longer = pairs.clone();
                    longer.push((one, other));
                    all.push(longer);
                }
            }
        }
    }
    let score = |pairs: &Pairs| {
        let mut score = [0_i64; 3];
        for (one, other) in pairs {
            score[rank(&left[*one][0], &right[*other][0]).unwrap()] -= 1;
        }
        (score, pairs.clone())
    };
    all.into_iter().min_by_key(score).unwrap()
}

fn rank(one: &Tiny, other: &Tiny) -> Option<usize> {
    if one.id == other.id {
        return Some(0);
    }
    if one.amount != other.amount {
        return None;
    }
    Some(if one.fee == other.fee { 1 } else { 2 })
}
