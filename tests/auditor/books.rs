//! The ledger as a list: every question is answered by adding up everything again.

use std::collections::BTreeMap;

/// One leg of an entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Leg {
    pub(crate) account: String,
    pub(crate) key: Option<String>,
    pub(crate) side: &'static str,
    pub(crate) pending: bool,
    pub(crate) currency: String,
    pub(crate) minor: u64,
}

/// What the model says to an operation, in the words of the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Created,
    Exists,
    Different(&'static str),
    Refused(&'static str),
}

/// An entry as the model sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plain {
    pub(crate) id: String,
    pub(crate) occurred_at: u64,
    pub(crate) recorded_at: u64,
    pub(crate) description: String,
    pub(crate) expires_at: Option<u64>,
    /// How it takes from another entry, and its id.
    pub(crate) takes: Option<(String, String)>,
    pub(crate) legs: Vec<Leg>,
}

/// What may be posted to an account, as the model sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) account: String,
    pub(crate) state: &'static str,
    pub(crate) limit: Option<&'static str>,
    pub(crate) at: u64,
}

/// What is asked of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Post(Plain),
    Rule(Rule),
}

impl Operation {
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Post(entry) => &entry.id,
            Self::Rule(rule) => &rule.id,
        }
    }
}

/// Debits, credits, and what of each is held.
pub(crate) type Sum = (i128, i128, i128, i128);

/// Legs that balance each other: currency, memo or money, pending or posted.
type Group<'a> = (&'a str, bool, bool);

#[derive(Clone, Debug, Default)]
pub(crate) struct Books {
    all: Vec<Operation>,
}

/// What the chart promises without being asked.
const NEVER_IN_DEBIT: [&str; 3] = ["Liabilities:Escrow", "Liabilities:Provider", "Liabilities:Wallet"];

impl Books {
    pub(crate) fn verdict(&self, operation: &Operation) -> Verdict {
        if let Operation::Post(entry) = operation
            && let Some(code) = malformed(entry)
        {
            return Verdict::Refused(code);
        }
        if let Some(known) = self.all.iter().find(|known| known.id() == operation.id()) {
            return difference(known, operation);
        }
        let refused = match operation {
            Operation::Post(entry) => self.cannot_take(entry).or_else(|| self.not_permitted(entry)),
            Operation::Rule(rule) => self.cannot_rule(rule),
        };
        refused.map_or(Verdict::Created, Verdict::Refused)
    }

    pub(crate) fn add(&mut self, operation: Operation) {
        self.all.push(operation);
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &Plain> {
        self.all.iter().filter_map(|operation| match operation {
            Operation::Post(entry) => Some(entry),
            Operation::Rule(_) => None,
        })
    }

    pub(crate) fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.all.iter().filter_map(|operation| match operation {
            Operation::Rule(rule) => Some(rule),
            Operation::Post(_) => None,
        })
    }

    /// Everything on an account (or one key of it) that had happened at `at` and was known at `known`.
    pub(crate) fn sum(&self, account: &str, key: Option<&str>, currency: &str, at: u64, known: u64) -> Sum {
        let then = self.entries().filter(|entry| entry.occurred_at <= at && entry.recorded_at <= known);
        total(then, account, key, currency)
    }

    pub(crate) fn sum_now(&self, account: &str, key: Option<&str>, currency: &str) -> Sum {
        total(self.entries(), account, key, currency)
    }

    /// What is left of an entry on one layer, by place.
    fn rest(
        &self,
        original: &Plain,
        pending: bool,
    ) -> BTreeMap<(String, Option<String>, String, String), i128> {
        let mut rest = BTreeMap::new();
        let place = |leg: &Leg, side: &str| {
            (leg.account.clone(), leg.key.clone(), side.to_owned(), leg.currency.clone())
        };
        for leg in original.legs.iter().filter(|leg| leg.pending == pending) {
            *rest.entry(place(leg, leg.side)).or_default() += i128::from(leg.minor);
        }
        for taker in self.entries() {
            let takes = taker.takes.as_ref().filter(|(_, id)| *id == original.id);
            if takes.is_some_and(|(relation, _)| (relation != "reverses") == pending) {
                for leg in taker.legs.iter().filter(|leg| leg.pending == pending) {
                    *rest.entry(place(leg, opposite(leg.side))).or_default() -= i128::from(leg.minor);
                }
            }
        }
        rest
    }

    fn cannot_take(&self, entry: &Plain) -> Option<&'static str> {
        let (relation, id) = entry.takes.as_ref()?;
        let (reversal, pending) = (relation == "reverses", relation != "reverses");
        let pick = |for_reversal, for_hold| Some(if reversal { for_reversal } else { for_hold });
        let Some(original) = self.entries().find(|known| known.id == *id) else {
            return pick("reversal_of_unknown", "hold_unknown");
        };
        let mut rest = self.rest(original, pending);
        let touched = self.entries().any(|other| other.takes.as_ref().is_some_and(|(_, taken)| taken == id));
        if touched && rest.values().all(|left| *left == 0) {
            return pick("already_reversed", "hold_closed");
        }
        for leg in entry.legs.iter().filter(|leg| leg.pending == pending) {
            let place =
                (leg.account.clone(), leg.key.clone(), opposite(leg.side).to_owned(), leg.currency.clone());
            match rest.get_mut(&place) {
                None => return pick("reversal_differs", "hold_differs"),
                Some(_) if pending && !is_hold(original) => return Some("hold_differs"),
                Some(left) if *left < i128::from(leg.minor) => {
                    return pick("reversal_exceeds", "hold_exceeds");
                }
                Some(left) => *left -= i128::from(leg.minor),
            }
        }
        match (relation.as_str(), original.expires_at) {
            ("captures", Some(end)) if entry.occurred_at > end => return Some("hold_expired"),
            ("expires", None) => return Some("hold_not_expired"),
            ("expires", Some(end)) if entry.occurred_at < end => return Some("hold_not_expired"),
            _ => {}
        }
        let whole = relation == "voids" || relation == "expires";
        (whole && rest.values().any(|left| *left != 0)).then_some("hold_released_in_part")
    }

    fn not_permitted(&self, entry: &Plain) -> Option<&'static str> {
        let lets_go = entry.takes.is_some() && entry.legs.iter().all(|leg| leg.pending);
        if !lets_go {
            for leg in &entry.legs {
                let states: Vec<&str> = self.names_above(&leg.account).map(|name| self.state(name)).collect();
                if states.contains(&"closed") {
                    return Some("account_closed");
                }
                if states.contains(&"blocked") {
                    return Some("account_blocked");
                }
            }
        }
        let mut after = self.clone();
        after.add(Operation::Post(entry.clone()));
        for leg in &entry.legs {
            let kept = match self.limit(&leg.account) {
                "no_debit_balance" => "credit",
                "no_credit_balance" => "debit",
                _ => continue,
            };
            for key in [None, leg.key.as_deref()] {
                let left = |books: &Self| {
                    let (debits, credits, held_debits, held_credits) =
                        books.sum_now(&leg.account, key, &leg.currency);
                    if kept == "credit" {
                        credits - debits - held_debits
                    } else {
                        debits - credits - held_credits
                    }
                };
                if left(&after) < 0 && left(&after) < left(self) {
                    return Some("limit_reached");
                }
            }
        }
        None
    }

    fn cannot_rule(&self, rule: &Rule) -> Option<&'static str> {
        if self.names_above(&rule.account).any(|name| self.state(name) == "closed") {
            return Some("account_closed");
        }
        let stands = |leg: &Leg| {
            let beneath =
                leg.account == rule.account || leg.account.starts_with(&format!("{}:", rule.account));
            let (debits, credits, held_debits, held_credits) =
                self.sum_now(&leg.account, None, &leg.currency);
            beneath && (debits != credits || held_debits != 0 || held_credits != 0)
        };
        let full = self.entries().flat_map(|entry| &entry.legs).any(stands);
        (rule.state == "closed" && full).then_some("account_not_empty")
    }

    /// The names a rule may have to hold for an account.
    fn names_above<'a>(&self, account: &'a str) -> impl Iterator<Item = &'a str> {
        let ends = account.match_indices(':').map(|(at, _)| at).chain([account.len()]);
        ends.map(|end| account.split_at(end).0)
    }

    fn state(&self, name: &str) -> &'static str {
        let rules: Vec<&Rule> = self.rules().filter(|rule| rule.account == name).collect();
        rules.last().map_or("open", |rule| rule.state)
    }

    fn limit(&self, account: &str) -> &'static str {
        let mut found = "unlimited";
        for name in self.names_above(account) {
            if NEVER_IN_DEBIT.contains(&name) {
                found = "no_debit_balance";
            }
            if let Some(limit) =
                self.rules().filter(|rule| rule.account == name).filter_map(|rule| rule.limit).last()
            {
                found = limit;
            }
        }
        found
    }
}

fn malformed(entry: &Plain) -> Option<&'static str> {
    if entry.legs.len() < 2 {
        return Some("entry_postings_count");
    }
    if entry.legs.iter().any(|leg| leg.minor == 0) {
        return Some("entry_zero_posting");
    }
    let (pending, posted) =
        (entry.legs.iter().any(|leg| leg.pending), entry.legs.iter().any(|leg| !leg.pending));
    let wrong = match entry.takes.as_ref().map(|(relation, _)| relation.as_str()) {
        Some("reverses") => pending || entry.expires_at.is_some(),
        Some("captures") => !pending || !posted || entry.expires_at.is_some(),
        Some(_) => posted || entry.expires_at.is_some(),
        None => entry.expires_at.is_some() && !pending,
    };
    if wrong {
        return Some("entry_layers_wrong");
    }
    let mut sums: BTreeMap<Group<'_>, i128> = BTreeMap::new();
    for leg in &entry.legs {
        let signed = if leg.side == "debit" { i128::from(leg.minor) } else { -i128::from(leg.minor) };
        *sums.entry((&leg.currency, leg.account.starts_with("Memo:"), leg.pending)).or_default() += signed;
    }
    sums.values().any(|sum| *sum != 0).then_some("entry_unbalanced")
}

fn difference(known: &Operation, asked: &Operation) -> Verdict {
    let field = match (known, asked) {
        (Operation::Post(known), Operation::Post(asked)) => match known {
            known if known.legs != asked.legs => "postings",
            known if known.takes != asked.takes => "links",
            known if known.expires_at != asked.expires_at => "expires_at",
            known if known.occurred_at != asked.occurred_at => "occurred_at",
            known if known.description != asked.description => "description",
            _ => return Verdict::Exists,
        },
        (Operation::Rule(known), Operation::Rule(asked)) => match known {
            known if known.account != asked.account => "account",
            known if known.state != asked.state => "state",
            known if known.limit != asked.limit => "limit",
            known if known.at != asked.at => "occurred_at",
            _ => return Verdict::Exists,
        },
        _ => "kind",
    };
    Verdict::Different(field)
}

fn is_hold(entry: &Plain) -> bool {
    let releases = entry.takes.as_ref().is_some_and(|(relation, _)| relation != "reverses");
    !releases && entry.legs.iter().any(|leg| leg.pending)
}

fn total<'a>(
    entries: impl Iterator<Item = &'a Plain>,
    account: &str,
    key: Option<&str>,
    currency: &str,
) -> Sum {
    let (mut sum, mut let_go) = ((0, 0, 0, 0), (0, 0));
    for entry in entries {
        let releases = entry.takes.as_ref().is_some_and(|(relation, _)| relation != "reverses");
        for leg in &entry.legs {
            let here = leg.account == account && leg.currency == currency;
            if !here || (key.is_some() && leg.key.as_deref() != key) {
                continue;
            }
            let minor = i128::from(leg.minor);
            match (leg.pending, leg.side, releases) {
                (false, "debit", _) => sum.0 += minor,
                (false, _, _) => sum.1 += minor,
                (true, "debit", false) => sum.2 += minor,
                (true, _, false) => sum.3 += minor,
                (true, "debit", true) => let_go.1 += minor,
                (true, _, true) => let_go.0 += minor,
            }
        }
    }
    // In the past a hold may be unknown that was already let go of.
    (sum.0, sum.1, (sum.2 - let_go.0).max(0), (sum.3 - let_go.1).max(0))
}

pub(crate) fn opposite(side: &str) -> &'static str {
    if side == "debit" { "credit" } else { "debit" }
}

/// The legs of one layer, on their opposite sides.
pub(crate) fn reversed(legs: &[Leg], pending: bool) -> Vec<Leg> {
    let legs = legs.iter().filter(|leg| leg.pending == pending);
    legs.map(|leg| Leg { side: opposite(leg.side), ..leg.clone() }).collect()
}
