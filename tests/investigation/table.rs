//! What each word leads to, one line each.

use tillproof::advice::Diagnose as _;
use tillproof::investigation::{Entry, Error, Machine, Proposal, Sighting, TEXT_BYTES_MAX};
use tillproof::time::Timestamp;

pub(super) fn at(ms: u64) -> Timestamp {
    Timestamp::from_unix_ms(ms).unwrap()
}

pub(super) fn sighting(figures: &str) -> Sighting {
    Sighting { figures: figures.to_owned(), found: format!("{{\"figures\":{figures}}}") }
}

pub(super) fn proposal(entry: Option<&str>) -> Proposal {
    Proposal {
        entry: entry.map(ToOwned::to_owned),
        mends: entry == Some("mend"),
        reason: "because".to_owned(),
    }
}

pub(super) fn opened() -> Machine {
    Machine::open(at(1), "r0", "b1", sighting("1")).unwrap()
}

/// One word: a run sees the break with figures `seenN`, misses it, or somebody does something.
pub(super) fn say(machine: &mut Machine, word: &str, now: u64) -> Result<(), Error> {
    let (now, last) = (at(now), machine.case().last_number());
    match word {
        "seen1" => machine.seen(now, "r", sighting("1")),
        "seen2" => machine.seen(now, "r", sighting("2")),
        "old" => machine.seen(at(0), "r", sighting("2")),
        "missed" => machine.missed(now, "r"),
        "assign" => machine.assign(now, "ann", Some("bob")),
        "comment" => machine.comment(now, "ann", "hm"),
        "propose" => machine.propose(now, "ann", proposal(Some("mend"))),
        "explain" => machine.propose(now, "ann", proposal(Some("explain"))),
        "accept" => machine.propose(now, "ann", proposal(None)),
        "approve" => machine.approve(now, "bob", last, true),
        "self" => machine.approve(now, "ann", last, true),
        "alone" => machine.approve(now, "ann", last, false),
        "reject" => machine.reject(now, "bob", last, "no"),
        "posted" => machine.posted(now, last, 7),
        "refused" => machine.refused(now, last, "unbalanced"),
        "reopen" => machine.reopen(now, "bob", "look again"),
        other => panic!("no word {other:?}"),
    }
}

/// The state after a script, or the code of the first refusal.
fn told(script: &str) -> String {
    let mut machine = opened();
    for (index, word) in script.split_whitespace().enumerate() {
        let before = machine.clone();
        if let Err(error) = say(&mut machine, word, index as u64 + 2) {
            assert_eq!(machine.case(), before.case(), "{word} of {script:?} changed something");
            assert_eq!(machine.new_entries(), before.new_entries(), "{word} of {script:?} added something");
            return error.code().to_owned();
        }
    }
    let journal: Vec<Entry> = machine.new_entries().to_vec();
    assert_eq!(Machine::load(&journal).unwrap().case(), machine.case(), "{script}");
    machine.case().state.name().to_owned()
}

#[test]
fn each_word_leads_where_the_table_says() {
    let table = [
        ("", "open"),
        ("seen1", "open"),
        ("assign comment", "open"),
        ("propose", "proposed"),
        ("propose approve", "approved"),
        ("propose approve posted", "resolved"),
        ("propose approve posted missed", "gone"),
        // Four eyes, unless two are enough.
        ("propose self", "proposal_same_person"),
        ("propose alone", "approved"),
        // A decision to post nothing needs the same approval.
        ("accept", "proposed"),
        ("accept self", "proposal_same_person"),
        ("accept approve", "resolved"),
        ("accept approve seen1", "resolved"),
        ("accept approve seen2", "open"),
        ("accept approve missed seen1", "open"),
        // An entry that leaves the break where it is explains it, for these figures.
        ("explain approve posted seen1", "resolved"),
        ("explain approve posted seen2", "open"),
        ("explain approve posted missed", "gone"),
        // Who does not agree says so; who proposed may take it back.
        ("propose reject", "open"),
        ("propose reject propose", "proposed"),
        ("propose reject approve", "proposal_not_waiting"),
        // What was proposed for other figures is no proposal any more.
        ("propose seen1", "proposed"),
        ("propose seen2", "open"),
        ("propose seen2 approve", "proposal_not_waiting"),
        // What vanished by itself is gone, and a proposal for it is moot.
        ("missed", "gone"),
        ("missed missed", "gone"),
        ("propose missed", "gone"),
        ("propose missed approve", "proposal_not_waiting"),
        ("missed seen1", "open"),
        ("missed propose", "case_not_open"),
        ("missed assign", "case_over"),
        ("missed comment", "gone"),
        // Between approval and posting nothing gets in: the ledger decides.
        ("propose approve seen2", "approved"),
        ("propose approve missed", "approved"),
        ("propose approve reject", "proposal_not_waiting"),
        ("propose approve approve", "proposal_not_waiting"),
        ("propose approve reopen", "case_not_over"),
        ("propose approve refused", "open"),
        ("propose approve refused propose approve posted", "resolved"),
        ("propose approve posted posted", "resolved"),
        ("propose approve posted refused", "proposal_not_approved"),
        ("propose posted", "proposal_not_approved"),
        // What returns although an entry was posted was not settled by it.
        ("propose approve posted seen1", "open"),
        ("propose approve posted missed seen1", "open"),
        ("propose approve posted reopen", "open"),
        ("propose propose", "case_not_open"),
        ("reopen", "case_not_over"),
        // A run that is older than what is known changes nothing.
        ("missed old", "gone"),
        ("propose approve posted old", "resolved"),
    ];
    for (script, expected) in table {
        assert_eq!(told(script), expected, "{script}");
    }
}

#[test]
fn a_case_keeps_who_said_what_and_how_often_it_came_back() {
    let mut machine = opened();
    for (now, word) in "assign propose approve posted missed seen2".split(' ').enumerate() {
        say(&mut machine, word, now as u64 + 1).unwrap();
    }
    let case = machine.case();
    assert_eq!((case.returns, case.assignee.as_deref(), case.resolved_at), (1, Some("bob"), None));
    assert_eq!(case.sighting, sighting("2"));
    let [proposed] = &case.proposals[..] else { panic!("{:?}", case.proposals) };
    assert_eq!(
        (proposed.by.as_str(), proposed.approved_by.as_deref(), proposed.position),
        ("ann", Some("bob"), Some(7))
    );
}

#[test]
fn saying_the_same_again_adds_nothing() {
    for (script, word) in
        [("assign", "assign"), ("missed", "missed"), ("", "seen1"), ("propose approve posted", "posted")]
    {
        let mut machine = opened();
        script.split_whitespace().for_each(|word| say(&mut machine, word, 1).unwrap());
        let known = machine.new_entries().len();
        say(&mut machine, word, 2).unwrap();
        assert_eq!(machine.new_entries().len(), known, "{script} {word}");
    }
}

#[test]
fn a_run_of_before_the_decision_does_not_undo_it() {
    let mut machine = opened();
    machine.propose(at(10), "ann", proposal(Some("mend"))).unwrap();
    machine.approve(at(11), "bob", 1, true).unwrap();
    machine.posted(at(12), 1, 3).unwrap();
    machine.seen(at(12), "r", sighting("1")).unwrap();
    assert_eq!(machine.case().state.name(), "resolved");
    machine.seen(at(13), "r", sighting("1")).unwrap();
    assert_eq!(machine.case().state.name(), "open");
}

#[test]
fn what_cannot_be_asked_for_is_refused_in_words() {
    let long = "x".repeat(TEXT_BYTES_MAX + 1);
    let mut messages = vec![
        Machine::open(at(0), " ", "b1", sighting("1")).unwrap_err().to_string(),
        opened().comment(at(1), "ann", &long).unwrap_err().to_string(),
        opened().comment(at(1), "a\u{1b}nn", "x").unwrap_err().to_string(),
    ];
    for script in ["approve", "posted", "propose self", "propose propose", "reopen", "missed assign"] {
        let mut machine = opened();
        let told = script.split(' ').map(|word| say(&mut machine, word, 1));
        messages.push(told.last().unwrap().unwrap_err().to_string());
    }
    let mut talked = opened();
    let full = loop {
        if let Err(error) = talked.comment(at(1), "ann", "hm") {
            break error;
        }
    };
    messages.push(full.to_string());
    // What a run finds is kept all the same.
    talked.missed(at(2), "r").unwrap();
    insta::assert_snapshot!(messages.join("\n"), @r"
    `run` has 1 bytes: expected 1 to 100 bytes of text without control characters
    `text` has 4001 bytes: expected 1 to 4000 bytes of text without control characters
    `by` has 4 bytes: expected 1 to 100 bytes of text without control characters
    proposal 0 does not wait for a decision: the case is open and its last proposal is 0; read the case again
    proposal 0 is not to be posted: the case is open and its last proposal is 0; read the case again
    ann made this proposal, and somebody else has to approve it
    the case is proposed: reject the proposal that waits, or reopen the case, before you propose
    the case is open, and needs no reopening: only what is resolved or gone does
    the case is gone: reopen it before you assign it
    the case has 1000 entries, and no more are kept: decide it, and write elsewhere
    ");
}
