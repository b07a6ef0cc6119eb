//! A journal that cannot have happened is refused, and old entries stay readable.

use tillproof::json;
use tillproof::saga::{Machine, Saga, Settings, decode_entry, encode_entry};
use tillproof::time::Timestamp;

use super::table::definition;

fn read(lines: &str) -> Result<Saga, String> {
    let mut journal = Vec::new();
    for line in lines.lines().map(str::trim) {
        let value = json::parse(line.as_bytes()).map_err(|error| error.to_string())?;
        journal.push(decode_entry(&value).map_err(|error| error.to_string())?);
    }
    Saga::replay(&journal).map_err(|error| error.to_string())
}

const OPENED: &str = r#"{"type":"opened","at":1,"v":1,"name":"order","id":"42","steps":[{"name":"a","undo":true}],"input":"{}"}"#;
const BEGAN: &str = r#"{"type":"began","at":2,"attempt":1,"owner":"me","lease_until":9}"#;

#[test]
fn entries_of_version_1_are_read_and_written_as_they_are() {
    let lines = [
        OPENED,
        BEGAN,
        r#"{"type":"parked","at":3,"reason":"bank","next_at":4}"#,
        r#"{"type":"failed","at":3,"reason":"x","next_at":4}"#,
        r#"{"type":"refused","at":3,"reason":"no","doubtful":true}"#,
        r#"{"type":"done","at":3,"result":"{\"a\":1}"}"#,
        r#"{"type":"cancelled","at":3,"reason":"c"}"#,
        r#"{"type":"needs_review","at":3,"reason":"attempts_exhausted"}"#,
        r#"{"type":"released","at":3}"#,
    ];
    for line in lines {
        let entry = decode_entry(&json::parse(line.as_bytes()).unwrap()).unwrap();
        assert_eq!(encode_entry(&entry), line);
    }
}

#[test]
fn a_journal_that_cannot_have_happened_is_refused_with_the_place() {
    let table = [
        (BEGAN.to_owned(), "at entry 0: it does not begin with `opened`"),
        (format!("{OPENED}\n{OPENED}"), "at entry 1: `opened` twice"),
        (
            format!("{OPENED}\n{}", BEGAN.replace("\"attempt\":1", "\"attempt\":2")),
            "at entry 1: attempts are not counted in order",
        ),
        (
            format!("{OPENED}\n{}", r#"{"type":"done","at":3,"result":"1"}"#),
            "at entry 1: an end of what was never begun",
        ),
        (
            format!("{OPENED}\n{BEGAN}\n{}\n{BEGAN}", r#"{"type":"done","at":3,"result":"1"}"#),
            "at entry 3: it moves a saga that has ended",
        ),
        (format!("{OPENED}\n{}", r#"{"type":"released","at":3}"#), "at entry 1: `released` without a review"),
        (OPENED.replace("\"v\":1", "\"v\":2"), "journal version 1"),
        (OPENED.replace("opened", "closed"), "a journal entry of version 1"),
        (OPENED.replace("\"input\"", "\"put\""), "input"),
    ];
    for (journal, expected) in table {
        let found = read(&journal).unwrap_err();
        assert!(found.contains(expected), "{found:?} does not say {expected:?}");
    }
}

#[test]
fn a_machine_writes_what_it_can_read_back() {
    let now = Timestamp::from_unix_ms(5).unwrap();
    let mut machine = Machine::open(Settings::default(), definition(&[("a", true)]), "{}", now).unwrap();
    machine.poll(now, "me");
    let lines: Vec<String> = machine.new_entries().iter().map(encode_entry).collect();
    assert_eq!(read(&lines.join("\n")).as_ref(), Ok(machine.saga()));
}
