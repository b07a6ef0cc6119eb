//! Stretches of a report: who is handed one prints it as it stands there, and refuses what is none.
#![cfg(not(target_family = "wasm"))]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has done its work"
)]

#[allow(dead_code, reason = "other tests need more of it")]
#[path = "auditor/telling.rs"]
mod telling;

use telling::{told, told_by};
use tillproof::reconcile::{self, Form, Options, Piece, Source, Sources, Tellers, tell_stretch};

const HEADER: &str =
    "reference,id,type,amount_minor,currency,fee_minor,status,occurred_at,payout_id,parent_reference\n";

/// A month with breaks of many kinds: missing, wrong amounts and fees, copies, several of one reference, a refund without its
/// charge, payouts whose sum is wrong or that never reach the bank, and rows that came near to a partner.
fn batch() -> Vec<u8> {
    let (mut ledger, mut settlement) = (HEADER.to_owned(), HEADER.to_owned());
    for row in 0_u32..40 {
        let line = |reference: &str, amount: u32, fee: u32, payout: &str| {
            format!(
                "{reference},,charge,{amount},EUR,{fee},paid,2026-03-{:02}T10:00:00Z,{payout},\n",
                1 + row % 28
            )
        };
        let (reference, amount) = (format!("order_{row}"), 1_000 + 7 * row);
        let payout = format!("po_{}", row % 3);
        if row % 7 != 1 {
            ledger += &line(&reference, amount, 30, "");
        }
        match row % 7 {
            2 => {}
            3 => settlement += &line(&reference, amount + 1, 30, &payout),
            4 => settlement += &line(&reference, amount, 31, &payout),
            5 => settlement += &line(&format!("other_{row}"), amount, 30, &payout),
            6 => settlement += &line(&reference, amount, 30, &payout).repeat(3),
            _ => settlement += &line(&reference, amount, 30, &payout),
        }
    }
    for row in 0..12 {
        // Several of one name that nothing it is called by tells apart.
        ledger += &format!("twin_{},,adjustment,{},EUR,{row},,,,\n", row % 2, 100 + row % 3);
        settlement += &format!("back_{row},,refund,{},EUR,0,paid,2026-03-09,po_1,nothing_{row}\n", 50 + row);
    }
    settlement += "po_1,,payout,1234,EUR,0,paid,2026-03-30,,\n";
    settlement += "po_2,,payout,99,EUR,0,paid,2026-03-01,,\n";
    let bank = "reference,type,amount_minor,currency,occurred_at\npo_2,payout,98,EUR,2026-03-03\n";
    let [ledger, settlement, bank] =
        [("l \"1\".csv", &*ledger), ("s.csv", &*settlement), ("b\nank.csv", bank)]
            .map(|(name, text)| [Source { name, data: text.as_bytes() }]);
    let sources = Sources { ledger: &ledger, settlement: &settlement, bank: &bank, ..Sources::default() };
    reconcile::read(&sources, Options::default()).unwrap()
}

/// The stretches that are handed out.
fn stretches(how: (Tellers, Form)) -> Vec<Vec<u8>> {
    let mut stretches = Vec::new();
    reconcile::tell(&batch(), &[], how, &mut |piece| {
        if let Piece::Stretch(stretch) = piece {
            stretches.push(stretch.to_vec());
        }
    })
    .unwrap();
    stretches
}

#[test]
fn a_report_of_many_kinds_is_the_same_whoever_tells_it() {
    let batch = batch();
    let report = reconcile::report(&reconcile::judge(&batch).unwrap()).unwrap();
    assert!(report.by_kind().len() > 6 && report.breaks.len() > 40, "{:?}", report.by_kind());
    assert!(report.breaks.iter().any(|found| found.nearest.is_some()));
    let tell = |how, take: &mut dyn FnMut(Piece<'_>)| reconcile::tell(&batch, &[], how, take);
    assert!(told(tell) == (report.printed(), report.breaks.len()));
    // Most breaks have a stretch of their own then.
    assert!(told_by((100, 1), Form::Json, tell) == (report.printed(), report.breaks.len()));
}

#[test]
fn others_are_handed_their_part_in_stretches_where_there_is_enough_for_one() {
    let breaks = reconcile::report(&reconcile::judge(&batch()).unwrap()).unwrap().breaks.len();
    let handed = |most, each| stretches((Tellers { most, each }, Form::Lines)).len();
    assert_eq!(stretches((Tellers::ALONE, Form::Json)).len(), 0);
    assert_eq!(handed(5, breaks + 1), 0);
    assert_eq!(handed(5, breaks / 2 + 1), 0);
    assert_eq!(handed(5, breaks / 2), 1);
    // A third of them is kept, and the others are cut.
    assert!((breaks / 10..=breaks / 5).contains(&handed(3, 4)), "{} of {breaks}", handed(3, 4));
    assert!(handed(5, 1) > handed(2, 1) && handed(2, 1) > breaks / 4);
}

#[test]
fn a_report_without_breaks_is_told_alone() {
    let files = [Source { name: "l.csv", data: HEADER.as_bytes() }];
    let sources = Sources { ledger: &files, settlement: &files, ..Sources::default() };
    let batch = reconcile::read(&sources, Options::default()).unwrap();
    for form in [Form::Json, Form::Lines] {
        let (text, breaks) = told_by((5, 1), form, |how, take| reconcile::tell(&batch, &[], how, take));
        assert_eq!(breaks, 0);
        assert!(text.ends_with(if form == Form::Json { b"\"in_flight\": []\n}\n" } else { b"\n" }));
    }
}

#[test]
fn a_stretch_that_was_cut_or_changed_is_refused_or_told_and_nothing_else() {
    // Small ones, as each is told thousands of times.
    let all = stretches((Tellers { most: 24, each: 2 }, Form::Json));
    let told = |bytes: &[u8]| {
        let mut text = Vec::new();
        tell_stretch(bytes, &mut |piece| text.extend_from_slice(piece)).map(|()| text)
    };
    let (mut changes, mut refused) = (0, 0);
    for stretch in &all {
        assert!(told(stretch).unwrap().len() > stretch.len());
        for length in 0..stretch.len() {
            let error = told(&stretch[..length]).unwrap_err();
            assert!(error.at <= length, "{length}: {error:?}");
        }
        let longer = [&**stretch, &[0]].concat();
        assert_eq!(told(&longer).unwrap_err().at, stretch.len());
        for place in 0..stretch.len() {
            let mut changed = stretch.clone();
            changed[place] ^= [1, 0x80, 0xff][place % 3];
            changes += 1;
            refused += usize::from(told(&changed).is_err());
        }
    }
    assert!(all.len() > 20 && refused * 8 > changes, "{refused} of {changes}");
    let [stretch, ..] = &*all else { panic!("none") };
    for front in [[0, 0], [2, 0], [1, 2], [1, 0xff]] {
        assert_eq!(told(&[&front, &stretch[2..]].concat()).unwrap_err().at, 0, "{front:?}");
    }
}
