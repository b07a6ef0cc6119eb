//! Names, sizes, first lines, and what must not be in a repository that strangers clone.

use super::source::{Source, Violation};

/// A file beyond this cannot be read in one sitting. Aim at 200 lines, question 400.
const LINES_MAX: usize = 800;

/// Names that say nothing, and what to think of instead.
const NAMES: &[(&str, &str)] = &[
    ("utils", "put each function beside the concept it serves"),
    ("util", "put each function beside the concept it serves"),
    ("helpers", "put each function beside the concept it serves"),
    ("helper", "put each function beside the concept it serves"),
    ("common", "name the concept that both sides share"),
    ("shared", "name the concept that both sides share"),
    ("misc", "split it: two things without a common name are two things"),
    ("types", "put each type beside the functions that keep its promises"),
];

/// Folders that a build fills: they must be ignored by git.
const GENERATED: &[&str] = &["/pkg/wasm", "/pkg/dist", "/www/dist", "/target", "node_modules"];

/// Where lock files may send a build for packages. npm's name none: the default registry is meant.
const REGISTRIES: &[&str] = &["registry+https://github.com/rust-lang/crates.io-index"];

/// A file or folder whose name says nothing, in the sources of crate, package and page. A sample of a test may be named
/// after what it tries, also after types.
pub(crate) fn file_name(source: &Source) -> Vec<Violation> {
    let mut found = Vec::new();
    if !["src/", "pkg/src/", "www/src/"].iter().any(|folder| source.path.starts_with(folder)) {
        return found;
    }
    for part in source.path.split('/') {
        let name = part.split('.').next().unwrap_or_default();
        if let Some((name, instead)) = NAMES.iter().find(|(banned, _)| *banned == name) {
            found.push(source.violation(1, format!("the name `{name}` says nothing"), *instead));
        }
    }
    found
}

/// A file of code that is too long.
pub(crate) fn size(source: &Source) -> Vec<Violation> {
    let is_code =
        [".rs", ".ts", ".js", ".mjs", ".cjs", ".css", ".html"].iter().any(|end| source.path.ends_with(end));
    let lines = source.text.lines().count();
    if !is_code || lines <= LINES_MAX {
        return Vec::new();
    }
    let rule = format!("{lines} lines, at most {LINES_MAX} are allowed");
    vec![source.violation(LINES_MAX + 1, rule, "find the second concept in it and give it a file")]
}

/// A Rust file that does not begin with `//!`. A fuzz target may have an inner attribute first.
pub(crate) fn first_line(source: &Source) -> Vec<Violation> {
    let first = source.text.lines().find(|line| !line.starts_with("#![")).unwrap_or_default();
    if !source.is_rust() || first.strip_prefix("//! ").is_some_and(|sentence| !sentence.trim().is_empty()) {
        return Vec::new();
    }
    let instead = "begin with `//!` and the invariant: what is always true here";
    vec![source.violation(1, "the file does not say what it is", instead)]
}

/// A path that exists on one machine only.
pub(crate) fn machine_path(source: &Source) -> Vec<Violation> {
    // Taken apart, so that this file does not find itself.
    let roots = [
        concat!("/ho", "me/"),
        concat!("/ro", "ot/"),
        concat!("/Us", "ers/"),
        concat!("/wo", "rk/"),
        concat!(":\\Us", "ers\\"),
    ];
    let mut found = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        for root in roots {
            let starts_a_path = line.match_indices(root).any(|(at, _)| {
                let before = line[..at].chars().next_back();
                root.starts_with(':')
                    || before.is_none_or(|before| !before.is_alphanumeric() && !"._-/*$}".contains(before))
            });
            if starts_a_path {
                let rule = format!("a path of one machine, `{root}`");
                found.push(source.violation(index + 1, rule, "a path from the root of the repository"));
            }
        }
    }
    found
}

/// A lock file that fetches from anywhere but the public registries.
pub(crate) fn registry(source: &Source) -> Vec<Violation> {
    let mut found = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        let line = line.trim();
        let Some(address) = line.strip_prefix("source = \"").or(line.strip_prefix("\"resolved\": \"")) else {
            continue;
        };
        let local = address.starts_with("file:") || address.starts_with("../");
        if !local && !REGISTRIES.iter().any(|registry| address.starts_with(registry)) {
            let instead = "lock it again with the default registry";
            found.push(source.violation(index + 1, "a package from another registry", instead));
        }
    }
    found
}

/// A generated folder that git would take.
pub(crate) fn ignored(source: &Source) -> Vec<Violation> {
    let missing = GENERATED
        .iter()
        .filter(|folder| !source.text.lines().any(|line| line.trim_end_matches('/') == **folder));
    missing
        .map(|folder| {
            source.violation(1, format!("`{folder}` is generated and not ignored"), "add it to .gitignore")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(found: Vec<Violation>) -> Vec<String> {
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn names_that_say_nothing_are_found_as_files_and_as_folders() {
        for (name, instead) in NAMES {
            for path in [format!("src/{name}.rs"), format!("pkg/src/{name}.ts"), format!("src/{name}/mod.rs")]
            {
                let found = shown(file_name(&Source::sample(&path, "")));
                assert_eq!(found, [format!("{path}:1: the name `{name}` says nothing; instead: {instead}")]);
            }
        }
        assert!(file_name(&Source::sample("src/money/types_of_fee.rs", "")).is_empty());
        assert!(file_name(&Source::sample("tests/packaging/types/package.json", "")).is_empty());
    }

    #[test]
    fn a_file_that_is_too_long_is_found() {
        let long = "x\n".repeat(LINES_MAX + 1);
        let expected = "src/x.rs:801: 801 lines, at most 800 are allowed; \
                        instead: find the second concept in it and give it a file";
        assert_eq!(shown(size(&Source::sample("src/x.rs", &long))), [expected]);
        assert_eq!(size(&Source::sample("www/src/x.ts", &long)).len(), 1);
        assert!(size(&Source::sample("src/x.rs", &"x\n".repeat(LINES_MAX))).is_empty());
        assert!(size(&Source::sample("tests/vectors.json", &long)).is_empty());
    }

    #[test]
    fn a_file_that_does_not_introduce_itself_is_found() {
        for text in ["", "use crate::x;\n", "// A comment.\n", "//!\n", "\n//! Late.\n"] {
            assert_eq!(first_line(&Source::sample("src/x.rs", text)).len(), 1, "{text:?}");
        }
        for text in ["//! Invariant.\n", "#![no_main]\n//! Target.\n"] {
            assert!(first_line(&Source::sample("src/x.rs", text)).is_empty(), "{text:?}");
        }
        assert!(first_line(&Source::sample("pkg/src/x.ts", "")).is_empty());
    }

    #[test]
    fn a_path_of_one_machine_is_found() {
        let (home, root, work) =
            (concat!("/ho", "me/me"), concat!("/ro", "ot/.cargo"), concat!("/wo", "rk/main"));
        for text in
            [format!("cd {home}"), format!("\"{root}\""), format!("file://{work}x").replace("//", "=")]
        {
            assert_eq!(machine_path(&Source::sample("Makefile", &text)).len(), 1, "{text}");
        }
        for text in [format!("https://example.com{work}"), format!("$X{home}"), format!("..{work}")] {
            assert!(machine_path(&Source::sample("Makefile", &text)).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_package_from_another_registry_is_found() {
        let text = "\
source = \"registry+https://github.com/rust-lang/crates.io-index\"
source = \"git+https://example.com/x\"
      \"resolved\": \"https://packages.example/x-1.0.0.tgz\",
      \"resolved\": \"https://mirror.example/x-1.0.0.tgz\",
      \"resolved\": \"file:../tillproof.tgz\",
";
        let found = shown(registry(&Source::sample("Cargo.lock", text)));
        let expected = [2, 3, 4].map(|line| {
            format!(
                "Cargo.lock:{line}: a package from another registry; instead: lock it again with the default registry"
            )
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn a_generated_folder_that_git_would_take_is_found() {
        let text = GENERATED.join("\n").replace("/pkg/dist", "/pkg/dust");
        let found = shown(ignored(&Source::sample(".gitignore", &text)));
        assert_eq!(
            found,
            [".gitignore:1: `/pkg/dist` is generated and not ignored; instead: add it to .gitignore"]
        );
        assert!(ignored(&Source::sample(".gitignore", &GENERATED.join("/\n"))).is_empty());
    }
}
