//! A file as the rules see it: its text, and its code without comments and tests, line by line.

use std::fmt;
use std::fs;
use std::path::Path;

/// Endings of files that people write as text. Vectors and images are not code.
const TEXT: &[&str] = &["rs", "ts", "js", "mjs", "cjs", "css", "html", "toml", "md", "json", "yml", "sh"];

/// Folders that tools make, wherever they stand.
const GENERATED: &[&str] =
    &["target", "node_modules", "dist", "wasm-out", ".git", "corpus", "artifacts", "coverage"];

/// One file of the repository.
pub(crate) struct Source {
    /// From the root of the repository, with `/`.
    pub(crate) path: String,
    /// All of it.
    pub(crate) text: String,
}

/// A rule that a line breaks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    path: String,
    line: usize,
    rule: String,
    instead: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, rule, instead } = self;
        write!(f, "{path}:{line}: {rule}; instead: {instead}")
    }
}

impl Source {
    /// A file of this repository.
    pub(crate) fn read(path: &str) -> Self {
        let bytes = fs::read(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        Self::sample(path, &String::from_utf8_lossy(&bytes))
    }

    /// A file that exists only in a test.
    pub(crate) fn sample(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    pub(crate) fn violation(
        &self,
        line: usize,
        rule: impl Into<String>,
        instead: impl Into<String>,
    ) -> Violation {
        Violation { path: self.path.clone(), line, rule: rule.into(), instead: instead.into() }
    }

    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The module of the crate this file belongs to: `money` for `src/money/fx.rs`; none outside `src` and for its root.
    pub(crate) fn module(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?;
        let name = inside.split('/').next()?;
        let name = name.strip_suffix(".rs").unwrap_or(name);
        (name != "lib").then_some(name)
    }

    /// The numbered lines without comments, and without test modules: tests may import and use what they like.
    pub(crate) fn code(&self) -> Vec<(usize, &str)> {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        if name == "tests.rs" {
            return Vec::new();
        }
        let mut code = Vec::new();
        let mut lines = self.text.lines().enumerate().peekable();
        while let Some((index, line)) = lines.next() {
            let opens_tests = line == "#[cfg(test)]"
                && lines.peek().is_some_and(|(_, next)| next.starts_with("mod ") && next.ends_with('{'));
            if opens_tests {
                // rustfmt puts the bracket that closes the module, and only that one, into the first column.
                lines.by_ref().find(|(_, line)| *line == "}");
            } else if !line.trim_start().starts_with("//") {
                code.push((index + 1, line));
            }
        }
        code
    }

    /// Every path the code names in a `use`, groups taken apart, with the line on which the `use` begins.
    pub(crate) fn imports(&self) -> Vec<(usize, String)> {
        let mut imports = Vec::new();
        let mut open: Option<(usize, String)> = None;
        for (number, line) in self.code() {
            if open.is_none() {
                let words = line.trim_start();
                let words = words.strip_prefix("pub ").unwrap_or(words);
                let words =
                    words.strip_prefix("pub(crate) ").or(words.strip_prefix("pub(super) ")).unwrap_or(words);
                open = words.strip_prefix("use ").map(|_| (number, String::new()));
            }
            if let Some((start, mut text)) = open.take() {
                text.push_str(line.trim());
                match text.split_once(';') {
                    Some((statement, _)) => {
                        let tree = statement.split_once("use ").map_or("", |(_, tree)| tree);
                        imports.extend(leaves(tree).into_iter().map(|path| (start, path)));
                    }
                    None => open = Some((start, text + " ")),
                }
            }
        }
        imports
    }
}

/// `a::{b, c::{d, e}}` as `a::b`, `a::c::d`, `a::c::e`.
fn leaves(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((stem, group)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or_default().trim();
        return vec![path.trim_start_matches("::").to_owned()];
    };
    let group = group.strip_suffix('}').unwrap_or(group);
    let mut depth = 0;
    let branches = group.split(|character| {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        character == ',' && depth == 0
    });
    let branches = branches.filter(|branch| !branch.trim().is_empty());
    branches.flat_map(leaves).map(|leaf| format!("{}{leaf}", stem.trim_start_matches("::"))).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn entries(folder: &str) -> Vec<(String, bool)> {
    let Ok(entries) = fs::read_dir(root().join(folder)) else { return Vec::new() };
    let mut found: Vec<(String, bool)> = entries
        .map(Result::unwrap)
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            (path, entry.file_type().unwrap().is_dir())
        })
        .collect();
    found.sort();
    found
}

fn is_generated(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    path == "pkg/wasm" || GENERATED.contains(&name)
}

fn is_text(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    let plain = ending.is_none() || name.starts_with('.');
    name != "package-lock.json" && (plain || ending.is_some_and(|ending| TEXT.contains(&ending)))
}

/// Every text file below a folder that people write, in a fixed order. A folder that does not exist has none.
pub(crate) fn repository_files(folder: &str) -> Vec<Source> {
    let mut files = Vec::new();
    for (path, is_folder) in entries(folder) {
        if is_generated(&path) {
            continue;
        }
        if is_folder {
            files.extend(repository_files(&path));
        } else if is_text(&path) {
            files.push(Source::read(&path));
        }
    }
    files
}

/// The text files of a folder without those of the folders in it; `""` is the root.
pub(crate) fn files_directly_in(folder: &str) -> Vec<Source> {
    let entries = entries(folder).into_iter().filter(|(path, is_folder)| !is_folder && is_text(path));
    // In a linked worktree `.git` is a file, and it holds a machine path.
    entries.filter(|(path, _)| !is_generated(path)).map(|(path, _)| Source::read(&path)).collect()
}

/// Every lock file of Cargo and npm.
pub(crate) fn lock_files() -> Vec<Source> {
    fn below(folder: &str, found: &mut Vec<Source>) {
        for (path, is_folder) in entries(folder) {
            if is_generated(&path) {
                continue;
            }
            if is_folder {
                below(&path, found);
            } else if path.ends_with("Cargo.lock") || path.ends_with("package-lock.json") {
                found.push(Source::read(&path));
            }
        }
    }
    let mut found = Vec::new();
    below("", &mut found);
    found
}

#[test]
fn groups_of_imports_are_taken_apart_and_tests_are_not_read() {
    let text = "\
//! Doc.
use crate::{json, money::{Amount, fx::{Rate, convert}}};
pub use std::fmt as f;
pub(crate) use crate::time::{
    Millis,
    Timestamp,
};
// use crate::comment;
#[cfg(test)]
mod tests {
    use crate::hidden;
}
use ::hmac::Mac;
";
    let imports = Source::sample("src/x.rs", text).imports();
    let shown: Vec<String> = imports.into_iter().map(|(line, path)| format!("{line} {path}")).collect();
    let expected = [
        "2 crate::json",
        "2 crate::money::Amount",
        "2 crate::money::fx::Rate",
        "2 crate::money::fx::convert",
        "3 std::fmt",
        "4 crate::time::Millis",
        "4 crate::time::Timestamp",
        "13 hmac::Mac",
    ];
    assert_eq!(shown, expected);
    assert!(Source::sample("src/x/tests.rs", text).imports().is_empty());
}
