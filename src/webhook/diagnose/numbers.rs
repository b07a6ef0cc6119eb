//! A number that was parsed and written again keeps its value at best, never its text.
//!
//! JavaScript writes `2` for `2.00` and `820982911946154500` for `820982911946154508`. What was there before is not in
//! the body any more, but there are only so many texts it can have been, and a signature that holds over one of them
//! says which.

use super::layout::Renumbered;
use crate::json::Value;
use crate::prelude::*;

/// Numbers beyond this many are rewritten all together or one by one, not in every combination.
const COMBINED_MAX: usize = 6;

/// In a document with more numbers than this, they are rewritten all together only.
const NUMBERS_MAX: usize = 256;

/// Most integers that one rounded integer can have been, and are tried: beyond 2^63 there would be more.
const ROUNDED_MAX: u64 = 2_048;

/// Bits a double keeps of an integer.
const DOUBLE_BITS: u32 = 53;

/// Names of members that hold money, in whatever spelling.
const MONEY: &[&str] = &["amount", "price", "total", "fee", "tax", "cost", "value", "balance", "rate", "sum"];

/// A number of the document, and the name of the member it stands under.
struct Found<'v> {
    lexeme: &'v str,
    name: &'v str,
}

/// Ways in which the numbers of a document may have been written, the likeliest first. Lazily, as there may be
/// thousands and the first ones mostly hold.
pub(super) fn plans<'v>(
    document: &'v Value<'_>,
    strings: &'v [&'v str],
) -> impl Iterator<Item = Vec<Renumbered>> + 'v {
    let mut numbers = Vec::new();
    collect(document, "", &mut numbers);
    let uniform = uniform(&numbers);
    numbers.truncate(if numbers.len() > NUMBERS_MAX { 0 } else { NUMBERS_MAX });
    let (named, guessed) = unrounded(&numbers, strings);
    named.into_iter().chain(uniform).chain(guessed).chain(single(&numbers)).chain(combined(&numbers))
}

fn collect<'v>(value: &'v Value<'_>, name: &'v str, numbers: &mut Vec<Found<'v>>) {
    match value {
        Value::Number(lexeme) => numbers.push(Found { lexeme, name }),
        Value::Array(items) => items.iter().for_each(|item| collect(item, name, numbers)),
        Value::Object(members) => members.iter().for_each(|(name, item)| collect(item, name, numbers)),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// Another text of a number with the same value, under one of the habits of writers; `None` where it is the same.
type Habit = fn(&str) -> Option<String>;

const HABITS: &[Habit] = &[two_decimals, one_decimal, no_trailing_zeros];

/// The same habit for all numbers, for those that are called after money, and for those with a fraction.
fn uniform(numbers: &[Found<'_>]) -> Vec<Vec<Renumbered>> {
    let filters: [fn(&Found<'_>) -> bool; 3] = [|_| true, is_money, |found| found.lexeme.contains('.')];
    let mut plans: Vec<Vec<Renumbered>> = Vec::new();
    for habit in HABITS {
        for filter in filters {
            let chosen = numbers.iter().enumerate().filter(|(_, found)| filter(found));
            let plan: Vec<_> = chosen.filter_map(|(at, found)| Some((at, habit(found.lexeme)?))).collect();
            if !plan.is_empty() && !plans.contains(&plan) {
                plans.push(plan);
            }
        }
    }
    plans
}

/// One number alone.
fn single(numbers: &[Found<'_>]) -> Vec<Vec<Renumbered>> {
    let each = numbers.iter().enumerate();
    each.flat_map(|(at, found)| HABITS.iter().filter_map(move |habit| Some(vec![(at, habit(found.lexeme)?)])))
        .collect()
}

/// Two decimals or none, in every combination of few numbers.
fn combined(numbers: &[Found<'_>]) -> Vec<Vec<Renumbered>> {
    let candidates: Vec<Renumbered> = numbers
        .iter()
        .enumerate()
        .filter_map(|(at, found)| Some((at, two_decimals(found.lexeme)?)))
        .collect();
    if candidates.len() > COMBINED_MAX {
        return Vec::new();
    }
    let sets = 0..1_u32.wrapping_shl(u32::try_from(candidates.len()).unwrap_or(0));
    // One alone, and all of them, were there before.
    sets.filter(|set| set.count_ones() > 1)
        .map(|set| {
            let chosen = candidates.iter().zip(0_u32..).filter(|(_, bit)| set.wrapping_shr(*bit) & 1 == 1);
            chosen.map(|(candidate, _)| candidate.clone()).collect()
        })
        .collect()
}

fn is_money(found: &Found<'_>) -> bool {
    let name = found.name.to_ascii_lowercase();
    MONEY.iter().any(|word| name.contains(word))
}

fn is_plain(lexeme: &str) -> bool {
    lexeme.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-' || byte == b'.')
}

/// `2` and `2.5` as `2.00` and `2.50`.
fn two_decimals(lexeme: &str) -> Option<String> {
    if !is_plain(lexeme) {
        return None;
    }
    match lexeme.split_once('.') {
        None => Some(glued(&[lexeme, ".00"])),
        Some((_, fraction)) if fraction.len() == 1 => Some(glued(&[lexeme, "0"])),
        Some(_) => None,
    }
}

/// `2` as `2.0`.
fn one_decimal(lexeme: &str) -> Option<String> {
    (is_plain(lexeme) && !lexeme.contains('.')).then(|| glued(&[lexeme, ".0"]))
}

/// `2.50` and `2.0` as `2.5` and `2`.
fn no_trailing_zeros(lexeme: &str) -> Option<String> {
    if !is_plain(lexeme) || !lexeme.contains('.') {
        return None;
    }
    let short = lexeme.trim_end_matches('0').trim_end_matches('.');
    (short != lexeme).then(|| short.to_owned())
}

/// The integers that a JavaScript number made of rounded ones: digits that stand in a string elsewhere first (Shopify
/// writes `gid://shopify/Order/…` beside the id), and, if one is left open, all that round to the same.
fn unrounded(
    numbers: &[Found<'_>],
    strings: &[&str],
) -> (Option<Vec<Renumbered>>, impl Iterator<Item = Vec<Renumbered>> + use<>) {
    let rounded: Vec<(usize, u64, Neighbours)> = numbers
        .iter()
        .enumerate()
        .filter_map(|(at, found)| {
            let value = found.lexeme.parse().ok()?;
            Some((at, value, Neighbours::of(value)?))
        })
        .collect();
    let mut known: Vec<Renumbered> = Vec::new();
    let mut open: Option<(u64, Neighbours)> = None;
    let mut too_many = false;
    for (at, value, neighbours) in &rounded {
        match strings.iter().find_map(|text| neighbours.named_in(text)) {
            Some(digits) => known.push((*at, digits)),
            None => {
                too_many |= open.is_some_and(|(other, _)| other != *value);
                open = Some((*value, *neighbours));
            }
        }
    }
    let open = open.filter(|_| !too_many);
    let places: Vec<usize> = rounded
        .iter()
        .filter(|(_, value, _)| open.is_some_and(|(other, _)| other == *value))
        .map(|(at, ..)| *at)
        .collect();
    let named = (!known.is_empty()).then(|| known.clone());
    let each = open.into_iter().flat_map(|(_, neighbours)| neighbours.lowest..=neighbours.highest);
    let guessed = each.map(move |value| {
        let mut plan = known.clone();
        plan.extend(places.iter().map(|at| (*at, value.digits())));
        plan.sort_unstable();
        plan
    });
    (named, guessed)
}

/// The integers that round to the same double.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Neighbours {
    lowest: u64,
    highest: u64,
}

impl Neighbours {
    /// `None` for an integer that every double keeps, and for one that too many others round to.
    fn of(value: u64) -> Option<Self> {
        let bits = u64::BITS.checked_sub(value.leading_zeros())?;
        let lost = bits.checked_sub(DOUBLE_BITS).filter(|lost| *lost > 0)?;
        let step = 1_u64.checked_shl(lost)?;
        let half = step.wrapping_div(2);
        // The nearest multiple of the step is what the double holds; ends of the interval may round to a neighbour, and
        // trying two too many costs nothing.
        let above = value.checked_add(half)?;
        let nearest = above.checked_sub(above.checked_rem(step)?)?;
        let (lowest, highest) = (nearest.checked_sub(half)?, nearest.checked_add(half)?);
        (step <= ROUNDED_MAX).then_some(Self { lowest, highest })
    }

    /// The digits of one of them, standing alone in a text.
    fn named_in(&self, text: &str) -> Option<String> {
        let runs = text.split(|character: char| !character.is_ascii_digit());
        runs.filter_map(|run| run.parse().ok())
            .find(|value| (self.lowest..=self.highest).contains(value))
            .map(Digits::digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    #[test]
    fn the_neighbours_of_a_rounded_integer_are_those_that_a_double_rounds_to_it() {
        // What JavaScript wrote, the least and the greatest integer it may have read.
        let table = [
            (9_007_199_254_740_991, None),
            (9_007_199_254_740_996, Some((9_007_199_254_740_995, 9_007_199_254_740_997))),
            (820_982_911_946_154_500, Some((820_982_911_946_154_432, 820_982_911_946_154_560))),
            (9_000_000_000_000_000_000, Some((8_999_999_999_999_999_488, 9_000_000_000_000_000_512))),
            (18_446_744_073_709_551_615, None),
        ];
        for (written, expected) in table {
            let found = Neighbours::of(written).map(|found| (found.lowest, found.highest));
            assert_eq!(found, expected, "{written}");
        }
    }

    #[test]
    fn plans_go_from_all_numbers_to_single_ones_and_name_no_number_twice() {
        let document = parse(br#"{"amount":2,"n":[3,2.5],"fee":1.10,"e":1e3}"#).unwrap();
        let plans: Vec<_> = plans(&document, &[]).collect();
        let text = |plan: &Vec<Renumbered>| {
            plan.iter().map(|(at, text)| format!("{at}={text}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(text(&plans[0]), "0=2.00 1=3.00 2=2.50");
        assert_eq!(text(&plans[1]), "0=2.00");
        assert_eq!(text(&plans[2]), "2=2.50");
        assert_eq!(text(&plans[3]), "0=2.0 1=3.0");
        assert!(plans.iter().map(text).any(|plan| plan == "0=2.00 2=2.50"));
        assert!(plans.len() < 40, "{}", plans.len());
    }

    #[test]
    fn digits_that_stand_in_a_text_beside_come_first() {
        let document = parse(br#"{"id":820982911946154500}"#).unwrap();
        let strings = ["gid://shopify/Order/820982911946154508"];
        let first = plans(&document, &strings).next().unwrap();
        assert_eq!(first, [(0, "820982911946154508".to_owned())]);
        assert_eq!(plans(&document, &[]).count(), 4 + 129);
    }
}
