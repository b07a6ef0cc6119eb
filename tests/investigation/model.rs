//! Random lives beside a naive model, which knows the rules as prose has them and shares no code with the machine.

use proptest::prelude::*;
use tillproof::advice::Diagnose as _;
use tillproof::investigation::Machine;

use super::table::{opened, say};

const WORDS: [&str; 16] = [
    "seen1", "seen2", "old", "missed", "assign", "comment", "propose", "explain", "accept", "approve",
    "self", "alone", "reject", "posted", "refused", "reopen",
];

/// What somebody with a pencil would keep.
#[derive(Debug)]
struct Pencil {
    state: &'static str,
    figures: char,
    /// The last proposal posts an entry.
    posts: bool,
    /// It changes the rows that are compared.
    mends: bool,
    /// Entries that a ledger has been told of.
    posted: u32,
    proposals: u32,
    last_is_posted: bool,
}

impl Pencil {
    /// Whether the word is allowed, and what it does.
    fn hear(&mut self, word: &str) -> bool {
        let over = self.state == "resolved" || self.state == "gone";
        match word {
            "seen1" | "seen2" => {
                let figures = word.chars().last().unwrap();
                let changed = figures != self.figures;
                let explained = self.state == "resolved" && !self.mends;
                let heard = match self.state {
                    "open" | "proposed" => changed,
                    "approved" => false,
                    _ => !explained || changed,
                };
                if heard {
                    (self.state, self.figures) = ("open", figures);
                }
            }
            "missed" if self.state != "approved" => self.state = "gone",
            "old" | "missed" | "comment" => {}
            "assign" => return !over,
            "propose" | "explain" | "accept" => {
                if self.state != "open" {
                    return false;
                }
                self.proposals += 1;
                (self.state, self.posts, self.mends) = ("proposed", word != "accept", word == "propose");
                self.last_is_posted = false;
            }
            "approve" | "alone" => {
                if self.state != "proposed" {
                    return false;
                }
                self.state = if self.posts { "approved" } else { "resolved" };
            }
            "self" => return false,
            "reject" => {
                if self.state != "proposed" {
                    return false;
                }
                self.state = "open";
            }
            "posted" => {
                if self.state == "approved" {
                    (self.state, self.posted, self.last_is_posted) = ("resolved", self.posted + 1, true);
                }
                // Told again of the last one: nothing new.
                return self.last_is_posted;
            }
            "refused" => {
                if self.state != "approved" {
                    return false;
                }
                self.state = "open";
            }
            _ => {
                if !over {
                    return false;
                }
                self.state = "open";
            }
        }
        true
    }
}

proptest! {
    #[test]
    fn any_life_is_the_one_the_model_tells_and_can_be_read_back(words in prop::collection::vec(0..WORDS.len(), 0..40)) {
        let mut machine = opened();
        let mut pencil = Pencil { state: "open", figures: '1', posts: false,
            mends: false, posted: 0, proposals: 0, last_is_posted: false };
        for (index, word) in words.iter().map(|word| WORDS[*word]).enumerate() {
            let before = machine.clone();
            let told = say(&mut machine, word, index as u64 + 2);
            prop_assert_eq!(told.is_ok(), pencil.hear(word), "{} at {} of {:?}", word, index, words);
            if let Err(error) = told {
                prop_assert_ne!(error.code(), "case_journal_broken");
                prop_assert_eq!(machine.case(), before.case());
            }
            let case = machine.case();
            prop_assert_eq!(case.state.name(), pencil.state, "{} at {} of {:?}", word, index, words);
            prop_assert_eq!(case.last_number(), pencil.proposals);
            let posted = case.proposals.iter().filter(|one| one.position.is_some()).count();
            prop_assert_eq!(posted as u32, pencil.posted);
            // Whatever is posted was approved by somebody.
            prop_assert!(case.proposals.iter().all(|one| one.position.is_none() || one.approved_by.is_some()));
        }
        prop_assert!(machine.new_entries().starts_with(opened().new_entries()));
        let loaded = Machine::load(machine.new_entries()).unwrap();
        prop_assert_eq!(loaded.case(), machine.case());
    }
}
