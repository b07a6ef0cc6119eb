//! Words that have no place in the engines, each with what to write instead.

use super::source::{Source, Violation};

const TIME: &str = "time is an argument: take `now: Timestamp`";
const RANDOM: &str = "randomness is an argument: take `entropy: &mut Entropy`";
const FLOAT: &str = "integers of minor units, ppm or milliseconds";
const ORDER: &str = "BTreeMap or BTreeSet, whose order is the same in every run";
const OUTSIDE: &str = "return an effect and let the driver in pkg/src carry it out";
const PRINT: &str = "return the text; only drivers print";
const BORDER: &str = "bytes in and out; JavaScript exists only in src/wasm";
const UNFINISHED: &str = "return a typed error, or leave the item out";

const BANNED: &[(&str, &str)] = &[
    ("SystemTime", TIME),
    ("Instant::now", TIME),
    ("rand::", RANDOM),
    ("getrandom", RANDOM),
    ("thread_rng", RANDOM),
    ("RandomState", ORDER),
    ("f32", FLOAT),
    ("f64", FLOAT),
    ("HashMap", ORDER),
    ("HashSet", ORDER),
    ("std::fs", OUTSIDE),
    ("std::net", OUTSIDE),
    ("std::env", OUTSIDE),
    ("std::process", OUTSIDE),
    ("std::thread", OUTSIDE),
    ("print!", PRINT),
    ("println!", PRINT),
    ("eprint!", PRINT),
    ("eprintln!", PRINT),
    ("dbg!", PRINT),
    ("todo!", UNFINISHED),
    ("unimplemented!", UNFINISHED),
];

const ONLY_IN_WASM: &[&str] = &["wasm_bindgen", "js_sys", "JsValue", "serde_wasm_bindgen"];

/// Words of `src/` outside tests and comments that reach for the outside, for floats or for chance.
pub(crate) fn banned(source: &Source) -> Vec<Violation> {
    if !source.path.starts_with("src/") || !source.is_rust() {
        return Vec::new();
    }
    let border = ONLY_IN_WASM.iter().map(|word| (*word, BORDER));
    let border = border.filter(|_| source.module() != Some("wasm"));
    let words: Vec<(&str, &str)> = BANNED.iter().copied().chain(border).collect();
    let mut found = Vec::new();
    for (line, text) in source.code() {
        for (word, instead) in words.iter().filter(|(word, _)| has_word(text, word)) {
            found.push(source.violation(line, format!("`{word}` in an engine"), *instead));
        }
    }
    // `use std::{fs, …}` names the same things without writing them in one word.
    for (line, path) in source.imports() {
        for (word, instead) in words.iter().filter(|(word, _)| word.starts_with("std::")) {
            let named = path == *word || path.starts_with(&format!("{word}::"));
            if named && !source.code().iter().any(|(at, text)| *at == line && has_word(text, word)) {
                found.push(source.violation(line, format!("`{word}` in an engine"), *instead));
            }
        }
    }
    found
}

/// A note of unfinished work that names no issue.
pub(crate) fn unfinished(source: &Source) -> Vec<Violation> {
    // Taken apart, so that this file does not find itself.
    let words = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:")];
    let mut found = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        for word in words.iter().filter(|word| has_word(line, word)) {
            if line.contains(&format!("{word}(#")) {
                continue;
            }
            let instead = format!("do it now, or open an issue and write `{word}(#12)`");
            found.push(source.violation(index + 1, format!("`{word}` without an issue"), instead));
        }
    }
    found
}

/// Whether a text has the word and not only a longer word around it.
fn has_word(text: &str, word: &str) -> bool {
    let part_of_word = |character: char| character.is_alphanumeric() || character == '_';
    let open = word.chars().next_back().is_some_and(part_of_word);
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back().is_some_and(part_of_word);
        let after = open && text[at + word.len()..].chars().next().is_some_and(part_of_word);
        !before && !after
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(found: Vec<Violation>) -> Vec<String> {
        found.iter().map(|violation| violation.to_string().replace("src/money/x.rs:", "")).collect()
    }

    #[test]
    fn every_banned_word_is_found_in_code_and_only_there() {
        for (word, instead) in BANNED.iter().copied().chain(ONLY_IN_WASM.iter().map(|word| (*word, BORDER))) {
            let text = format!("//! {word}\n// {word}\nfn f() {{ {word} }}\nlet my_{word}");
            let found = rules(banned(&Source::sample("src/money/x.rs", &text)));
            assert_eq!(found, [format!("3: `{word}` in an engine; instead: {instead}")]);
        }
    }

    #[test]
    fn a_group_of_imports_hides_nothing() {
        let text = "use std::{fmt, fs, net::TcpStream};\nuse std::fs::File;\n";
        let found = rules(banned(&Source::sample("src/money/x.rs", text)));
        let expected = ["2: `std::fs`", "1: `std::fs`", "1: `std::net`"];
        assert_eq!(found.len(), expected.len(), "{found:?}");
        assert!(found.iter().zip(expected).all(|(found, expected)| found.starts_with(expected)), "{found:?}");
    }

    #[test]
    fn words_that_only_contain_a_banned_word_are_fine() {
        let text = "let a = 0xf32; let buf32 = operand::new(); my_println!(); f64_like; std::fsync; HashMaps";
        assert!(banned(&Source::sample("src/money/x.rs", text)).is_empty());
    }

    #[test]
    fn tests_drivers_and_the_border_may_say_what_engines_may_not() {
        let tests = "#[cfg(test)]\nmod tests {\n    use std::fs;\n    println!();\n}\n";
        assert!(banned(&Source::sample("src/money/x.rs", tests)).is_empty());
        assert!(banned(&Source::sample("tests/money.rs", "use std::fs;")).is_empty());
        assert!(banned(&Source::sample("src/wasm/mod.rs", "use wasm_bindgen::JsValue;")).is_empty());
        assert_eq!(banned(&Source::sample("src/wasm/mod.rs", "use std::fs;")).len(), 1);
        // Code below the tests is code.
        let below = format!("{tests}use std::fs;\n");
        assert_eq!(banned(&Source::sample("src/money/x.rs", &below)).len(), 1);
    }

    #[test]
    fn unfinished_work_without_an_issue_is_found() {
        let (todo, fixme) = (concat!("TO", "DO"), concat!("FIX", "ME"));
        let text = format!("// {todo}: later\n// {todo}(#12): later\n/* {fixme} */\nlet mas{todo}s = 1;\n");
        let found = rules(unfinished(&Source::sample("src/money/x.rs", &text)));
        let expected = [
            format!(
                "1: `{todo}` without an issue; instead: do it now, or open an issue and write `{todo}(#12)`"
            ),
            format!(
                "3: `{fixme}` without an issue; instead: do it now, or open an issue and write `{fixme}(#12)`"
            ),
        ];
        assert_eq!(found, expected);
    }
}
