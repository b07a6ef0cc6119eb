//! Files of the contract's columns are refused at a place in them, or every row of theirs is accounted for; bytes that no
//! engine has made are refused by the next one.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tillproof::advice::Diagnose;
use tillproof::reconcile::{self, Options, Source, Sources, Terms};

fuzz_target!(|input: (u8, &[u8], &[u8], &[u8])| {
    let (flags, ledger, settlement, bank) = input;
    // What crosses between artefacts may be anything, and is refused or judged.
    if flags & 1 == 1 {
        if let Ok(verdicts) = reconcile::judge_by(ledger, settlement) {
            let _ = reconcile::matches(&verdicts).expect("what was judged is told");
        }
        let _ = reconcile::report(bank);
        return;
    }
    let bank = [Source { name: "b", data: bank }];
    let sources = Sources {
        ledger: &[Source { name: "l", data: ledger }],
        settlement: &[Source { name: "s", data: settlement }],
        bank: if flags & 2 == 2 { &bank } else { &[] },
        ..Sources::default()
    };
    let terms = Terms { keeps_matches: flags & 4 == 4, ..Terms::default() };
    match reconcile::run_by(&sources, Options::default(), &terms) {
        Ok(found) => {
            let again = reconcile::run_by(&sources, Options::default(), &Terms::default());
            assert_eq!(again.as_ref(), Ok(&found), "what is kept changed what is found");
            let _: serde_json::Value = serde_json::from_str(&found.to_json()).expect("a report is JSON");
            // A row can be told of more than once, but none without a place.
            assert!(found.breaks.iter().all(|one| one.ledger.len() + one.settlement.len() + one.bank.len() > 0));
            assert!(found.matched <= found.rows.ledger + found.rows.settlement);
        }
        Err(error) => assert!(error.details().iter().any(|(name, _)| *name == "file"), "{error}"),
    }
});
