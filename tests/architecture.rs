//! The rules of the house, checked by a program: a rule that nobody checks is absent after a month.
//!
//! Each rule is a function from a file to its violations, and each has a test on a sample that breaks it. A violation
//! names the file, the line, the rule, and what to write instead.

#![cfg(not(target_family = "wasm"))]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a checker may panic: it runs in tests only"
)]

#[path = "architecture/hygiene.rs"]
mod hygiene;
#[path = "architecture/layers.rs"]
mod layers;
#[path = "architecture/source.rs"]
mod source;
#[path = "architecture/words.rs"]
mod words;

use source::{Source, Violation, repository_files};

/// Folders with code that people write. Generated folders stand beside them and are not read.
const CODE: &[&str] = &["src", "tests", "benches", "fuzz", "pkg/src", "www/src", "scripts"];

fn code() -> Vec<Source> {
    let files: Vec<Source> = CODE.iter().flat_map(|folder| repository_files(folder)).collect();
    assert!(files.iter().any(|file| file.path == "src/lib.rs"), "the checker does not see the sources");
    files
}

fn check(rule: impl Fn(&Source) -> Vec<Violation>, files: &[Source]) {
    let found: Vec<String> = files.iter().flat_map(rule).map(|violation| violation.to_string()).collect();
    assert!(found.is_empty(), "{} violations:\n{}", found.len(), found.join("\n"));
}

#[test]
fn a_module_imports_only_what_its_layer_allows() {
    check(layers::imports, &code());
}

#[test]
fn the_layers_of_the_design_are_those_of_this_test() {
    let design = Source::read("DESIGN.md");
    assert_eq!(layers::differences_to_design(&design.text), Vec::<String>::new());
}

#[test]
fn every_module_of_the_crate_has_a_layer() {
    check(layers::declared, &code());
}

#[test]
fn a_crate_with_one_door_is_used_behind_that_door_only() {
    check(layers::doors, &code());
}

#[test]
fn nothing_in_the_engines_touches_the_outside_or_a_float() {
    check(words::banned, &code());
}

#[test]
fn work_to_be_done_stands_in_an_issue() {
    check(words::unfinished, &code());
}

#[test]
fn a_file_is_named_after_its_concept() {
    check(hygiene::file_name, &code());
}

#[test]
fn a_file_can_be_read_in_one_sitting() {
    check(hygiene::size, &code());
}

#[test]
fn a_module_begins_by_saying_what_it_is() {
    check(hygiene::first_line, &code());
}

#[test]
fn no_file_knows_the_machine_it_was_written_on() {
    let mut files = code();
    for folder in ["", ".ci", ".cargo", "pkg", "www", "docs"] {
        files.extend(source::files_directly_in(folder));
    }
    check(hygiene::machine_path, &files);
}

#[test]
fn every_locked_package_comes_from_the_public_registry() {
    let locks: Vec<Source> = source::lock_files();
    assert!(locks.iter().any(|lock| lock.path == "Cargo.lock"));
    check(hygiene::registry, &locks);
}

#[test]
fn what_is_generated_stays_out_of_git() {
    check(hygiene::ignored, &[Source::read(".gitignore")]);
}
