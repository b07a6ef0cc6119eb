//! The ledger and the naive books, side by side on random operations.
//!
//! Goal: whatever is asked, both say the same; after each operation the sums are zero, what was refused changed nothing,
//! and balances of any time are those of the model. Method: a few accounts, keys and ids, so that operations meet; half
//! of the entries come from templates in every currency, the others are made up, repeated, taken back, captured, or spoilt.
//! `LEDGER_OPERATIONS` is how many in all; a million take two minutes of a release build.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::books::{Operation, Rule, Verdict, reversed};
use tillproof::ledger::{Template, Watch};

/// Money, and notes about money; the last two are memo accounts.
const ACCOUNTS: [&str; 12] = [
    "Assets:Bank:main",
    "Assets:Clearing:Payout:native:EUR",
    "Assets:Gateway:native:Pending:EUR",
    "Liabilities:Escrow:EUR",
    "Liabilities:Provider:ben:EUR",
    "Liabilities:Wallet:anna:EUR",
    "Liabilities:Wallet:ben:EUR",
    "Income:Sales",
    "Expenses:GatewayFee",
    "Equity:Conversion:JPY",
    "Memo:Auth:Open",
    "Memo:Auth:Contra",
];
const MONEY: usize = 10;
const KEYS: [&str; 3] = ["order_1", "order_2", "po_1"];
const DAY: u64 = 86_400_000;
/// How many operations one pair of books sees: the model adds up everything at every question.
const STEPS: u64 = 250;

/// The entry as JSON, which is how it comes from outside.
pub(crate) fn document(entry: &Plain, cause: &str) -> String {
    let legs: Vec<String> = entry
        .legs
        .iter()
        .map(|leg| {
            let Leg { account, key, side, pending, currency, minor } = leg;
            let key = key.as_ref().map(|key| format!(r#","key":"{key}""#)).unwrap_or_default();
            let layer = if *pending { r#","layer":"pending""# } else { "" };
            format!(
                r#"{{"account":"{account}","side":"{side}","currency":"{currency}","amount_minor":"{minor}"{key}{layer}}}"#
            )
        })
        .collect();
    let links =
        entry.takes.iter().map(|(relation, id)| format!(r#"{{"relation":"{relation}","entry":"{id}"}}"#));
    let expires = entry.expires_at.map(|end| format!(r#","expires_at":{end}"#)).unwrap_or_default();
    format!(
        r#"{{"id":"{}","occurred_at":{},"recorded_at":{},"cause":"{cause}","description":"{}",
            "links":[{}],"postings":[{}]{expires}}}"#,
        entry.id,
        entry.occurred_at,
        entry.recorded_at,
        entry.description,
        links.collect::<Vec<_>>().join(","),
        legs.join(",")
    )
}

fn record(operation: &Operation) -> Result<Record, Error> {
    match operation {
        Operation::Post(plain) => Ok(read(&document(plain, "evt_7"))?.into()),
        Operation::Rule(rule) => {
            let Rule { id, account, state, limit, at } = rule;
            let limit = limit.map(|limit| format!(r#","limit":"{limit}""#)).unwrap_or_default();
            let text = format!(
                r#"{{"id":"{id}","account":"{account}","state":"{state}","occurred_at":{at},"recorded_at":1,
                    "cause":"clerk"{limit}}}"#
            );
            Ok(Standing::from_json(&json::parse(text.as_bytes())?)?.into())
        }
    }
}

fn verdict(answer: &Result<Answer, Error>) -> Verdict {
    match answer {
        Ok(Answer::Created(_)) => Verdict::Created,
        Ok(Answer::Exists { .. }) => Verdict::Exists,
        Ok(Answer::ExistsWithDifferent { field, .. }) => Verdict::Different(field),
        Err(error) => Verdict::Refused(error.code()),
    }
}

/// Balanced legs in one or two currencies and on one or two layers, now and then spoilt.
fn random_legs(random: &mut Random) -> Vec<Leg> {
    let mut legs: Vec<Leg> = Vec::new();
    for _ in 0..=random.below(2) {
        let currency = random.pick(&CURRENCIES).to_owned();
        let places = if random.once_in(6) { &ACCOUNTS[MONEY..] } else { &ACCOUNTS[..MONEY] };
        let pending = random.once_in(3);
        let total = if random.once_in(4) { random.edge_amount() } else { 1 + random.below(500) };
        let first = 1 + random.below(total);
        let mut add = |random: &mut Random, side, minor| {
            let key = random.once_in(3).then(|| random.pick(&KEYS).to_owned());
            let account = random.pick(places).to_owned();
            legs.push(Leg { account, key, side, pending, currency: currency.clone(), minor });
        };
        add(random, "debit", total);
        add(random, "credit", first);
        if first < total {
            add(random, "credit", total - first);
        }
    }
    match random.below(30) {
        0 => legs[0].minor += 1,
        1 => legs.truncate(1),
        2 => legs[0].minor = 0,
        3 => legs[0].pending = !legs[0].pending,
        4 => {
            legs[0].account =
                if legs[0].account.starts_with("Memo:") { ACCOUNTS[0] } else { ACCOUNTS[10] }.to_owned()
        }
        _ => {}
    }
    legs
}

/// A part of each leg, in proportion, so that the parts balance where the legs did and each pair is cut alike.
fn part(legs: &[Leg]) -> Vec<Leg> {
    let smallest = legs.iter().map(|leg| leg.minor).min().unwrap_or(1).max(1);
    let pair: Vec<Leg> = ["debit", "credit"]
        .into_iter()
        .filter_map(|side| legs.iter().find(|leg| leg.side == side).cloned())
        .collect();
    pair.into_iter().map(|leg| Leg { minor: smallest.min(leg.minor), ..leg }).collect()
}

/// An entry of a random template, read back as plain legs.
fn from_template(random: &mut Random, books: &Books, fresh: &Plain, seen: &mut BTreeSet<String>) -> Plain {
    let names: Vec<&str> = Template::names().collect();
    let name = random.pick(&names);
    let template = Template::named(name).unwrap();
    let currency = if random.once_in(2) { "EUR" } else { random.pick(&CURRENCIES) };
    let mut amounts = BTreeMap::new();
    for term in template.legs().iter().flat_map(|leg| &leg.sum) {
        if !term.optional || random.once_in(2) {
            let amount = if term.optional { random.below(40) } else { 1 + random.below(400) };
            let _ = amounts.insert(term.name.clone(), amount.to_string());
        }
    }
    let of = books.entries().filter(|entry| entry.legs.iter().any(|leg| leg.pending)).last();
    let values = [
        ("authorization", "order_1"),
        ("bank", "main"),
        ("bought_currency", "JPY"),
        ("dispute", "order_2"),
        ("from", "anna"),
        ("gateway", "native"),
        ("invoice", "order_1"),
        ("jurisdiction", "DE"),
        ("order", "order_1"),
        ("payment", "order_1"),
        ("payout", "po_1"),
        ("provider", "ben"),
        ("refund", "order_2"),
        ("to", "ben"),
        ("wallet", "anna"),
    ];
    let shown = format!("{:?}", template.legs());
    let asked =
        |value: &str| shown.contains(&format!("{{{value}}}")) || shown.contains(&format!("\"{value}\""));
    let names: BTreeMap<&str, &str> = values.into_iter().filter(|(name, _)| asked(name)).collect();
    let mut filled = serde_json::json!({
        "template": name, "id": fresh.id, "occurred_at": fresh.occurred_at, "recorded_at": fresh.recorded_at,
        "cause": "evt_7", "currency": currency, "amounts": amounts, "names": names,
    });
    if template.relation().is_some() {
        filled["of"] = of.map_or("nothing", |entry| entry.id.as_str()).into();
    }
    let filled = filled.to_string();
    let entry = Template::fill(&json::parse(filled.as_bytes()).unwrap()).unwrap();
    let _ = seen.insert(format!("{name} {currency}"));
    let document: serde_json::Value = serde_json::from_str(&entry.to_json()).unwrap();
    plain(&document)
}

fn plain(document: &serde_json::Value) -> Plain {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let legs = document["postings"].as_array().unwrap().iter().map(|posting| Leg {
        account: text(&posting["account"]),
        key: posting["key"].as_str().map(str::to_owned),
        side: if posting["side"] == "debit" { "debit" } else { "credit" },
        pending: posting["layer"] == "pending",
        currency: text(&posting["currency"]),
        minor: text(&posting["amount_minor"]).parse().unwrap(),
    });
    let link = &document["links"][0];
    Plain {
        id: text(&document["id"]),
        occurred_at: document["occurred_at"].as_u64().unwrap(),
        recorded_at: document["recorded_at"].as_u64().unwrap(),
        description: text(&document["description"]),
        expires_at: document["expires_at"].as_u64(),
        takes: link.is_object().then(|| (text(&link["relation"]), text(&link["entry"]))),
        legs: legs.collect(),
    }
}

fn random_operation(
    random: &mut Random,
    books: &Books,
    step: u64,
    templates: &mut BTreeSet<String>,
) -> Operation {
    let id = format!("e{}", random.below(1_000));
    if random.once_in(16) {
        // Blocked accounts are opened again soon, or nothing would be posted any more.
        let state = if random.once_in(2) { random.pick(&["blocked", "closed"]) } else { "open" };
        let limit = match random.below(4) {
            0 => Some(random.pick(&["unlimited", "no_debit_balance", "no_credit_balance"])),
            _ => None,
        };
        let below = [
            "Liabilities:Wallet",
            "Liabilities:Wallet:anna:EUR",
            "Assets:Bank:main",
            "Liabilities:Escrow:EUR",
        ];
        let known: Vec<&Rule> = books.rules().collect();
        if !known.is_empty() && random.once_in(3) {
            // Said again, or otherwise.
            let known = random.pick(&known).clone();
            let limit = if random.once_in(2) { limit } else { known.limit };
            let account =
                if random.once_in(4) { random.pick(&below).to_owned() } else { known.account.clone() };
            return Operation::Rule(Rule { account, state, limit, ..known });
        }
        let account = random.pick(&below).to_owned();
        return Operation::Rule(Rule { id, account, state, limit, at: random.below(2) });
    }
    let legs = random_legs(random);
    let hold = legs.iter().any(|leg| leg.pending);
    let fresh = Plain {
        id,
        occurred_at: random.below(4) * DAY + random.below(3),
        recorded_at: step,
        description: random.pick(&["", "order", "refund"]).to_owned(),
        expires_at: (hold != random.once_in(20) && random.once_in(2)).then(|| random.below(4) * DAY),
        takes: None,
        legs,
    };
    let known: Vec<&Plain> = books.entries().collect();
    if known.is_empty() || random.once_in(3) {
        return Operation::Post(from_template(random, books, &fresh, templates));
    }
    let original = random.pick(&known).clone();
    let takes = |relation: &str| Some((relation.to_owned(), original.id.clone()));
    let (money, held) = (reversed(&original.legs, false), reversed(&original.legs, true));
    let plain = Plain { expires_at: None, ..fresh.clone() };
    Operation::Post(match random.below(20) {
        // The same again, or with one field changed.
        0 => Plain { recorded_at: step, ..original },
        1 => Plain { description: fresh.description, ..original },
        2 => Plain { occurred_at: fresh.occurred_at, ..original },
        3 => Plain { legs: fresh.legs, ..original },
        4 => Plain { expires_at: fresh.expires_at, ..original },
        17 => {
            let relation = original.takes.as_ref().map_or("reverses", |(relation, _)| relation.as_str());
            Plain { takes: Some((relation.to_owned(), fresh.id)), ..original }
        }
        // Taken back, rightly or wrongly.
        5 | 6 => Plain { takes: takes("reverses"), legs: money, ..plain },
        7 => Plain { takes: takes("reverses"), legs: part(&money), ..plain },
        8 => Plain { takes: takes("reverses"), legs: original.legs.clone(), ..plain },
        9 => Plain { takes: Some(("reverses".to_owned(), fresh.id.clone())), ..plain },
        // Holds, likewise.
        10 | 11 => Plain { takes: takes("captures"), legs: [part(&held), fresh.legs].concat(), ..plain },
        18 => {
            // At the last moment, or after it.
            let occurred_at = original.expires_at.map_or(plain.occurred_at, |end| end + random.below(2));
            let sale = [("Assets:Bank:main", "debit"), ("Income:Sales", "credit")];
            let sale = sale.map(|(account, side)| leg(account, side, 7));
            Plain { takes: takes("captures"), occurred_at, legs: [held, sale.to_vec()].concat(), ..plain }
        }
        12 => Plain { takes: takes("captures"), legs: [held, fresh.legs].concat(), ..plain },
        13 => Plain { takes: takes("voids"), legs: held, ..plain },
        14 => Plain { takes: takes(random.pick(&["voids", "expires"])), legs: part(&held), ..plain },
        15 => Plain { takes: takes("expires"), legs: held, ..plain },
        16 => Plain { takes: Some(("voids".to_owned(), fresh.id.clone())), ..plain },
        _ => fresh,
    })
}

/// The running index, the statements and the sums of the model are three roads to one number.
fn same_balances(ledger: &Ledger, books: &Books, at: &str) {
    let legs: BTreeSet<(&str, Option<&str>, &str)> = books
        .entries()
        .flat_map(|entry| &entry.legs)
        .flat_map(|leg| {
            [None, leg.key.as_deref()].map(|key| (leg.account.as_str(), key, leg.currency.as_str()))
        })
        .collect();
    for (name, key, code) in legs {
        let (account, currency) = (Account::parse(name).unwrap(), Currency::parse(code).unwrap());
        let balance = match key {
            None => ledger.balance(&account, currency),
            Some(key) => ledger.balance_by_key(&account, key, currency),
        };
        let sums = [balance.debits, balance.credits, balance.pending_debits, balance.pending_credits];
        let expected = books.sum_now(name, key, code);
        let expected = [expected.0, expected.1, expected.2, expected.3];
        assert_eq!(sums.map(|sum| i128::try_from(sum).unwrap()), expected, "{at}: {name} {key:?} {code}");
        assert_eq!(balance.on(Side::Debit), expected[0] - expected[1]);
        assert_eq!(balance.on(Side::Credit), expected[1] - expected[0]);
        if key.is_none() {
            let statement = ledger.statement(&account);
            let last = statement.iter().rev().find(|line| line.amount.currency() == currency);
            assert_eq!(last.map(|line| line.after), Some(balance), "{at}: {name} {code}");
        }
    }
}

fn same_past(random: &mut Random, ledger: &Ledger, books: &Books, step: u64, at: &str) {
    // Those of templates have the currency in their names.
    let known: Vec<&Leg> = books.entries().flat_map(|entry| &entry.legs).collect();
    let (name, code) = if known.is_empty() || random.once_in(4) {
        (random.pick(&ACCOUNTS), random.pick(&CURRENCIES))
    } else {
        let leg = random.pick(&known);
        (leg.account.as_str(), leg.currency.as_str())
    };
    let (then, known) = (random.below(5) * DAY + random.below(3), random.below(step + 1));
    let known = random.once_in(2).then_some(known);
    let moment = |ms| Timestamp::from_unix_ms(ms).unwrap();
    let (account, currency) = (Account::parse(name).unwrap(), Currency::parse(code).unwrap());
    let found = ledger.balance_at(&account, currency, moment(then), known.map(moment));
    let sums = [found.debits, found.credits, found.pending_debits, found.pending_credits];
    let expected = books.sum(name, None, code, then, known.unwrap_or(u64::MAX));
    let expected = [expected.0, expected.1, expected.2, expected.3];
    assert_eq!(
        sums.map(|sum| i128::try_from(sum).unwrap()),
        expected,
        "{at}: {name} {code} at {then}, {known:?}"
    );
}

#[test]
fn the_ledger_and_the_naive_books_agree_on_every_random_operation() {
    let operations = std::env::var("LEDGER_OPERATIONS").map_or(10_000, |text| text.parse::<u64>().unwrap());
    let (mut seen, mut templates) = (BTreeSet::new(), BTreeSet::new());
    for seed in 1..=operations.div_ceil(STEPS) {
        let mut random = Random::new(seed);
        let (mut ledger, mut books, mut watch) = (Ledger::new(), Books::default(), Watch::new());
        for step in 0..STEPS {
            let at = format!("seed {seed}, step {step}");
            let operation = random_operation(&mut random, &books, step, &mut templates);
            let expected = books.verdict(&operation);
            let answer = record(&operation).and_then(|record| ledger.draft(record));
            assert_eq!(verdict(&answer), expected, "{at}: {operation:?}");
            if let Ok(Answer::Created(line)) = &answer {
                ledger.apply(line).unwrap();
                let watched = watch.step([line.text().as_bytes()], &ledger).unwrap();
                assert!(
                    watched.compared && watched.balanced && watched.differing.is_empty(),
                    "{at}: {watched:?}"
                );
                books.add(operation);
            } else {
                // Refused and repeated operations change nothing.
                let before = ledger.clone();
                let posted = record(&operation).and_then(|record| ledger.post(record));
                assert_eq!(verdict(&posted), expected, "{at}");
                assert_eq!(ledger, before, "{at}: {expected:?} changed the books");
            }
            let _ = seen.insert(format!("{expected:?}"));
            assert!(ledger.trial_balance().is_balanced(), "{at}");
            assert_eq!(ledger.length(), books.len() as u64, "{at}");
            same_past(&mut random, &ledger, &books, step, &at);
        }
        same_balances(&ledger, &books, &format!("seed {seed}"));
        let audit = ledger.audit();
        assert!(audit.balanced && audit.index_holds, "seed {seed}: {audit:?}");
        assert_eq!(reopen(&journal(&ledger)).unwrap(), ledger, "seed {seed}");
    }
    let all = [
        "Created",
        "Different(\"account\")",
        "Different(\"description\")",
        "Different(\"expires_at\")",
        "Different(\"kind\")",
        "Different(\"limit\")",
        "Different(\"links\")",
        "Different(\"occurred_at\")",
        "Different(\"postings\")",
        "Different(\"state\")",
        "Exists",
        "Refused(\"account_blocked\")",
        "Refused(\"account_closed\")",
        "Refused(\"account_not_empty\")",
        "Refused(\"already_reversed\")",
        "Refused(\"entry_layers_wrong\")",
        "Refused(\"entry_postings_count\")",
        "Refused(\"entry_unbalanced\")",
        "Refused(\"entry_zero_posting\")",
        "Refused(\"hold_closed\")",
        "Refused(\"hold_differs\")",
        "Refused(\"hold_exceeds\")",
        "Refused(\"hold_expired\")",
        "Refused(\"hold_not_expired\")",
        "Refused(\"hold_released_in_part\")",
        "Refused(\"hold_unknown\")",
        "Refused(\"limit_reached\")",
        "Refused(\"reversal_differs\")",
        "Refused(\"reversal_exceeds\")",
        "Refused(\"reversal_of_unknown\")",
    ];
    let missed: Vec<&&str> = all.iter().filter(|case| !seen.contains(**case)).collect();
    assert!(missed.is_empty(), "the workload misses {missed:?}");
    let every = Template::names().flat_map(|name| CURRENCIES.map(|currency| format!("{name} {currency}")));
    let unfilled: Vec<String> = every.filter(|case| !templates.contains(case)).collect();
    assert!(unfilled.is_empty(), "the workload misses the templates {unfilled:?}");
}
