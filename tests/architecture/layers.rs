//! Who may import whom. The table is that of DESIGN.md, and a test compares the two.

use std::collections::BTreeSet;

use super::source::{Source, Violation};

/// One row for each module: its level, its name, and the modules it may import.
const LAYERS: &[(u8, &str, &str)] = &[
    (0, "advice", ""),
    (0, "time", "advice"),
    (0, "entropy", "advice"),
    (0, "json", "advice"),
    (1, "money", "advice time entropy json"),
    (1, "crypto", "advice time entropy json"),
    (1, "retry", "advice time entropy json"),
    (1, "calendar", "advice time entropy json"),
    (1, "dedup", "advice time entropy json"),
    (1, "record", "advice time entropy json"),
    (2, "fingerprint", "crypto advice time entropy json"),
    (2, "webhook", "crypto advice time entropy json"),
    (2, "inbox", "record advice time entropy json"),
    (2, "investigation", "advice time entropy json"),
    (2, "saga", "retry advice time entropy json"),
    (2, "ledger", "money crypto advice time entropy json"),
    (2, "governor", "retry advice time entropy json"),
    (3, "payments", "fingerprint retry money crypto advice time entropy json"),
    (3, "idempotency", "fingerprint record crypto advice time entropy json"),
    (3, "reconcile", "ledger money crypto calendar advice time entropy json"),
    (3, "bulk", "ledger dedup money crypto advice time entropy json"),
    (4, "simulator", "fingerprint webhook ledger money crypto retry calendar dedup advice time entropy json"),
    (4, "world", "payments governor inbox webhook crypto retry calendar record advice time entropy json"),
    (
        5,
        "wasm",
        "world simulator payments idempotency reconcile bulk governor fingerprint webhook inbox investigation saga ledger money crypto retry calendar dedup record advice time entropy json",
    ),
];

/// Crates that one module alone may use, so that replacing one of them is work in one place.
const DOORS: &[(&str, &str)] = &[
    ("crypto_bigint", "crypto"),
    ("der", "crypto"),
    ("ed25519_dalek", "crypto"),
    ("js_sys", "wasm"),
    ("serde_wasm_bindgen", "wasm"),
    ("p256", "crypto"),
    ("sha1", "crypto"),
    ("sha2", "crypto"),
    ("siphasher", "dedup"),
    ("time", "calendar"),
    ("spin", "wasm"),
    ("wasm_bindgen", "wasm"),
];

/// Stands below all layers: names that Rust's own prelude has where `std` is linked.
const PRELUDE: &str = "prelude";

fn row(module: &str) -> Option<(u8, BTreeSet<&'static str>)> {
    let (level, _, allowed) = LAYERS.iter().find(|(_, name, _)| *name == module)?;
    Some((*level, allowed.split_whitespace().collect()))
}

fn names() -> impl Iterator<Item = &'static str> {
    LAYERS.iter().map(|(_, name, _)| *name)
}

/// Every `crate::x` is one the table allows, and no path goes around the check.
pub(crate) fn imports(source: &Source) -> Vec<Violation> {
    let Some(module) = source.module() else { return Vec::new() };
    let Some((_, allowed)) = row(module) else { return Vec::new() };
    let mut named: BTreeSet<(usize, String)> = source.imports().into_iter().collect();
    let mut found = Vec::new();
    for (line, text) in source.code() {
        // In the middle of an expression: `crate::json::quoted(…)`.
        let inline = text.match_indices("crate::").map(|(at, _)| &text[at..]);
        named.extend(inline.filter(|path| !path.starts_with("crate::{")).map(|path| (line, path.to_owned())));
        if climbs_out(&source.path, text) {
            let instead = "write the path from `crate::`, where the layers are checked";
            found.push(source.violation(line, "a path that climbs out of its module", instead));
        }
    }
    let mut reported = BTreeSet::new();
    for (line, path) in named {
        let Some(rest) = path.strip_prefix("crate::") else { continue };
        let end = rest.find(|character: char| !character.is_alphanumeric() && character != '_');
        let target = &rest[..end.unwrap_or(rest.len())];
        let known = target == module || target == PRELUDE || allowed.contains(target);
        if known || !reported.insert((line, target.to_owned())) {
            continue;
        }
        let rule = format!("`{module}` may not import `{target}`");
        let instead = if row(target).is_some() {
            "pass what is needed as an argument, or change the layers in DESIGN.md and say why".to_owned()
        } else {
            format!("name one of {allowed:?}")
        };
        found.push(source.violation(line, rule, instead));
    }
    found
}

/// Whether a line goes up so many `super::` that it leaves its module, where the layers cannot see it.
fn climbs_out(path: &str, line: &str) -> bool {
    let file = path.trim_end_matches(".rs").trim_end_matches("/mod");
    // `src/money/fx` is two steps below the crate: one `super::` stays inside, two leave.
    let depth = file.matches('/').count();
    // An indented line may stand in a module of its own inside the file, which is one step more.
    let indented = usize::from(line.starts_with(' '));
    line.contains(&"super::".repeat(depth + indented))
}

/// Every file of the crate belongs to a module of the table.
pub(crate) fn declared(source: &Source) -> Vec<Violation> {
    match source.module() {
        Some(module) if module != PRELUDE && row(module).is_none() => {
            let rule = format!("`{module}` has no layer");
            vec![source.violation(1, rule, "give it a row in DESIGN.md and in tests/architecture/layers.rs")]
        }
        _ => Vec::new(),
    }
}

/// A crate with one door is not used elsewhere.
pub(crate) fn doors(source: &Source) -> Vec<Violation> {
    if !source.path.starts_with("src/") {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (line, path) in source.imports() {
        let name = path.split("::").next().unwrap_or_default();
        let door = DOORS.iter().find(|(of, _)| *of == name).map(|(_, door)| *door);
        if let Some(door) = door.filter(|door| source.module() != Some(*door)) {
            let rule = format!("the crate `{name}` is used by `{door}` only");
            found.push(source.violation(line, rule, format!("go through `crate::{door}`")));
        }
    }
    found
}

/// What the table in DESIGN.md says differently; nothing when both agree.
pub(crate) fn differences_to_design(design: &str) -> Vec<String> {
    let mut differences = Vec::new();
    let mut listed = BTreeSet::new();
    for line in design.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, level, modules, allowed, ..] = cells[..] else { continue };
        let Ok(level) = level.parse::<u8>() else { continue };
        let allowed = allowed_by_design(allowed, level);
        for module in in_backticks(modules) {
            listed.insert(module);
            let mut expected = allowed.clone();
            expected.remove(module);
            match row(module) {
                None => differences.push(format!("`{module}` stands only in DESIGN.md")),
                Some(known) if known == (level, expected.clone()) => {}
                Some((known_level, known)) => differences.push(format!(
                    "`{module}`: DESIGN.md has level {level} importing {expected:?}, \
                     the test level {known_level} importing {known:?}"
                )),
            }
        }
    }
    let missing = names().filter(|name| !listed.contains(name));
    differences.extend(missing.map(|name| format!("`{name}` is missing in DESIGN.md")));
    differences
}

/// The cell "May import": names, `level 0`, `everything`, or `everything below but` some names.
fn allowed_by_design(cell: &str, level: u8) -> BTreeSet<&str> {
    let below = LAYERS.iter().filter(|(other, _, _)| *other < level).map(|(_, name, _)| *name);
    let named = in_backticks(cell);
    if cell.starts_with("everything") {
        return below.filter(|name| !named.contains(name)).collect();
    }
    let lowest = LAYERS.iter().filter(|(other, _, _)| *other == 0 && cell.contains("level 0"));
    named.into_iter().chain(lowest.map(|(_, name, _)| *name)).collect()
}

fn in_backticks(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(found: Vec<Violation>) -> Vec<String> {
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_import_against_the_layers_is_found_wherever_it_hides() {
        let text = "\
//! Doc: crate::ledger is only mentioned.
use crate::advice::Advice;
use crate::{json, ledger::Journal};
use super::super::ledger;
fn f() {
    crate::payments::charge();
    crate::money::g();
}
#[cfg(test)]
mod tests {
    use crate::simulator;
}
";
        let found = lines(imports(&Source::sample("src/money/fx.rs", text)));
        let instead =
            "instead: pass what is needed as an argument, or change the layers in DESIGN.md and say why";
        let expected = [
            "src/money/fx.rs:4: a path that climbs out of its module; \
             instead: write the path from `crate::`, where the layers are checked"
                .to_owned(),
            format!("src/money/fx.rs:3: `money` may not import `ledger`; {instead}"),
            format!("src/money/fx.rs:6: `money` may not import `payments`; {instead}"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn the_root_of_a_module_cannot_climb_to_its_siblings() {
        let text = "//! Doc.\nuse super::ledger::Journal;\n";
        let climb = "//! Doc.\nuse super::super::ledger::Journal;\n";
        // path, violations of one step up, violations of two
        let table = [
            ("src/money/mod.rs", 1, 1),
            ("src/money.rs", 1, 1),
            ("src/money/fx.rs", 0, 1),
            ("src/money/a/b.rs", 0, 0),
        ];
        for (path, one, two) in table {
            assert_eq!(imports(&Source::sample(path, text)).len(), one, "{path}");
            assert_eq!(imports(&Source::sample(path, climb)).len(), two, "{path}");
        }
        let inner = "//! Doc.\nmod sealed {\n    use super::Currency;\n}\n";
        assert!(imports(&Source::sample("src/money.rs", inner)).is_empty());
    }

    #[test]
    fn nobody_imports_wasm_and_no_module_goes_without_a_layer() {
        for module in names().filter(|name| *name != "wasm") {
            let source = Source::sample(&format!("src/{module}/a.rs"), "use crate::wasm::reply;\n");
            assert_eq!(imports(&source).len(), 1, "{module}");
        }
        let found = lines(declared(&Source::sample("src/wallet/mod.rs", "")));
        let expected = "src/wallet/mod.rs:1: `wallet` has no layer; \
                        instead: give it a row in DESIGN.md and in tests/architecture/layers.rs";
        assert_eq!(found, [expected]);
        assert!(declared(&Source::sample("src/lib.rs", "")).is_empty());
    }

    #[test]
    fn a_crate_behind_a_door_is_found_elsewhere() {
        let text = "use crate::time::Timestamp;\nuse time::Date;\nuse sha2::{Sha256, Sha512};\n";
        let found = lines(doors(&Source::sample("src/webhook/verify.rs", text)));
        let expected = [
            "src/webhook/verify.rs:2: the crate `time` is used by `calendar` only; instead: go through `crate::calendar`",
            "src/webhook/verify.rs:3: the crate `sha2` is used by `crypto` only; instead: go through `crate::crypto`",
            "src/webhook/verify.rs:3: the crate `sha2` is used by `crypto` only; instead: go through `crate::crypto`",
        ];
        assert_eq!(found, expected);
        assert_eq!(doors(&Source::sample("src/calendar/civil.rs", text)).len(), 2);
    }

    #[test]
    fn a_level_imports_only_lower_levels() {
        for (level, name, allowed) in LAYERS {
            for other in allowed.split_whitespace() {
                let (below, _) = row(other).unwrap();
                assert!(below < *level || other == "advice", "`{name}` imports `{other}`");
            }
        }
    }

    #[test]
    fn a_design_that_says_something_else_is_found() {
        let rows = "| 0 | `advice`, `time`, `entropy`, `json` | `advice` | x |\n| 1 | `money` | `time` | x |\n| 1 | `purse` | level 0 | x |\n";
        let found = differences_to_design(rows);
        assert!(found[0].starts_with("`money`: DESIGN.md has level 1 importing {\"time\"}"), "{found:?}");
        assert_eq!(found[1], "`purse` stands only in DESIGN.md");
        assert!(found.contains(&"`wasm` is missing in DESIGN.md".to_owned()));
        assert_eq!(found.len(), 2 + names().count() - 5);
    }
}
