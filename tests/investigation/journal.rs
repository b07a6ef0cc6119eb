//! A journal that cannot have happened is refused, and old entries stay readable.

use tillproof::investigation::{Case, decode_entry, encode_entry};
use tillproof::json;

fn read(lines: &str) -> Result<Case, String> {
    let mut journal = Vec::new();
    for line in lines.lines().map(str::trim) {
        let value = json::parse(line.as_bytes()).map_err(|error| error.to_string())?;
        journal.push(decode_entry(&value).map_err(|error| error.to_string())?);
    }
    Case::replay(&journal).map_err(|error| error.to_string())
}

const OPENED: &str = r#"{"type":"opened","at":1,"v":1,"id":"b1","run":"r1","figures":"{}","found":"{}"}"#;
const PROPOSED: &str = r#"{"type":"proposed","at":2,"by":"ann","proposal":1,"entry":"{\"id\":\"e\"}","mends":true,"reason":"fee"}"#;
const APPROVED: &str = r#"{"type":"approved","at":3,"by":"bob","proposal":1}"#;
const GONE: &str = r#"{"type":"gone","at":4,"run":"r2"}"#;

#[test]
fn entries_of_version_1_are_read_and_written_as_they_are() {
    let lines = [
        OPENED,
        r#"{"type":"changed","at":2,"run":"r2","figures":"{}","found":"{}"}"#,
        GONE,
        r#"{"type":"returned","at":2,"run":"r2","figures":"{}","found":"{}"}"#,
        r#"{"type":"assigned","at":2,"by":"ann","to":"bob"}"#,
        r#"{"type":"assigned","at":2,"by":"ann"}"#,
        r#"{"type":"commented","at":2,"by":"ann","text":"hm"}"#,
        PROPOSED,
        r#"{"type":"proposed","at":2,"by":"ann","proposal":1,"mends":false,"reason":"as it is"}"#,
        r#"{"type":"rejected","at":2,"by":"bob","proposal":1,"reason":"no"}"#,
        APPROVED,
        r#"{"type":"posted","at":2,"proposal":1,"position":7}"#,
        r#"{"type":"refused","at":2,"proposal":1,"reason":"unbalanced"}"#,
        r#"{"type":"reopened","at":2,"by":"bob","reason":"again"}"#,
    ];
    for line in lines {
        let entry = decode_entry(&json::parse(line.as_bytes()).unwrap()).unwrap();
        assert_eq!(encode_entry(&entry), line);
    }
}

#[test]
fn a_journal_that_cannot_have_happened_is_refused_with_the_place() {
    let posted = r#"{"type":"posted","at":4,"proposal":1,"position":7}"#;
    let table = [
        (GONE.to_owned(), "at entry 0: it does not begin with `opened`"),
        (format!("{OPENED}\n{OPENED}"), "at entry 1: `opened` twice"),
        (format!("{OPENED}\n{APPROVED}"), "at entry 1: a decision on a proposal that does not wait for it"),
        (
            format!("{OPENED}\n{PROPOSED}\n{}", APPROVED.replace("\"proposal\":1", "\"proposal\":2")),
            "at entry 2: a decision on another proposal than the last",
        ),
        (
            format!("{OPENED}\n{}", PROPOSED.replace("\"proposal\":1", "\"proposal\":2")),
            "at entry 1: proposals are not counted in order",
        ),
        (
            format!("{OPENED}\n{PROPOSED}\n{posted}"),
            "at entry 2: a decision on a proposal that does not wait for it",
        ),
        (format!("{OPENED}\n{GONE}\n{GONE}"), "at entry 2: `gone` of what is gone, or is being posted"),
        (
            format!("{OPENED}\n{PROPOSED}\n{APPROVED}\n{GONE}"),
            "at entry 3: `gone` of what is gone, or is being posted",
        ),
        (format!("{OPENED}\n{GONE}\n{PROPOSED}"), "at entry 2: `proposed` of what is not open"),
        (
            format!("{OPENED}\n{}", r#"{"type":"returned","at":2,"run":"r","figures":"","found":""}"#),
            "at entry 1: `returned` without having been over",
        ),
        (
            format!("{OPENED}\n{GONE}\n{}", r#"{"type":"changed","at":2,"run":"r","figures":"","found":""}"#),
            "at entry 2: `changed` of what is decided or gone",
        ),
        (
            format!("{OPENED}\n{}", r#"{"type":"reopened","at":2,"by":"a","reason":"b"}"#),
            "at entry 1: `reopened` without having been over",
        ),
        (
            format!("{OPENED}\n{GONE}\n{}", r#"{"type":"assigned","at":2,"by":"a"}"#),
            "at entry 2: `assigned` after the end",
        ),
        (OPENED.replace("\"v\":1", "\"v\":2"), "journal version 1"),
        (OPENED.replace("opened", "begun"), "a journal entry of version 1"),
        (OPENED.replace("\"figures\"", "\"figure\""), "figures"),
    ];
    for (journal, expected) in table {
        let found = read(&journal).unwrap_err();
        assert!(found.contains(expected), "{found:?} does not say {expected:?}");
    }
}
