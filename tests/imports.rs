//! The tree of the source is the path of a request, and stays so: who may use whom, checked by reading the source.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop where it fails")]

use std::fs;
use std::path::{Path, PathBuf};

/// What each part may use of the crate; leaves use nothing. Nobody lists `axum`, `login` or `test_kit`:
/// nobody may use them; and `authenticate` is for `login` and `axum` alone.
const MAY_USE: [(&str, &[&str]); 19] = [
    ("clock", &[]),
    ("error", &[]),
    ("names", &[]),
    ("secret", &[]),
    ("observe", &["clock", "error"]),
    ("trace", &["clock", "error", "observe"]),
    ("measure", &["clock", "error", "observe"]),
    ("credentials", LEAVES),
    ("outbound", LEAVES),
    ("identity", &["credentials", "outbound", "clock", "error", "measure", "names", "observe", "secret", "trace"]),
    ("response", LEAVES),
    ("resource", &["response", "clock", "error", "measure", "names", "observe", "secret", "trace"]),
    ("deferred", &["response"]),
    (
        "permission",
        &["identity", "response", "deferred", "clock", "error", "measure", "names", "observe", "secret", "trace"],
    ),
    (
        "authenticate",
        &[
            "credentials",
            "identity",
            "response",
            "resource",
            "deferred",
            "clock",
            "error",
            "measure",
            "names",
            "observe",
            "secret",
            "trace",
        ],
    ),
    (
        "login",
        &[
            "authenticate",
            "credentials",
            "identity",
            "response",
            "clock",
            "error",
            "measure",
            "names",
            "observe",
            "secret",
            "trace",
        ],
    ),
    // Its routes put both layers together, which no middleware does.
    ("axum", &["authenticate", "identity", "permission", "response", "error"]),
    ("guide", &[]),
    (
        "test_kit",
        &["credentials", "identity", "response", "clock", "error", "measure", "names", "observe", "secret", "trace"],
    ),
];

/// What `macro_export` puts at the root, wherever it is written.
const MACROS: [&str; 1] = ["session_store_contract"];

const LEAVES: &[&str] = &["clock", "error", "measure", "names", "observe", "secret", "trace"];

/// A source file: code alone, without comments and without the tests at its end.
struct Source {
    /// Below `src`, with `/` between.
    path: String,
    code: Vec<String>,
    length: usize,
}

impl Source {
    fn read(root: &Path, path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let production = text.split("#[cfg(test)]").next().unwrap();
        let code = production.lines().map(|line| line.split(" // ").next().unwrap().trim().to_owned());
        Self {
            path: path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/"),
            code: code.filter(|line| !line.starts_with("//")).collect(),
            length: text.lines().count(),
        }
    }

    /// The part of the crate it belongs to: `identity`, `clock`.
    fn part(&self) -> &str {
        self.path.split(['/', '.']).next().unwrap()
    }

    fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap()
    }

    /// The lines that hold one of `texts` as whole words.
    fn lines_with(&self, texts: &[&str]) -> Vec<&str> {
        self.code.iter().filter(|line| texts.iter().any(|text| has_word(line, text))).map(String::as_str).collect()
    }

    /// How many modules lie between it and the crate's root, itself included.
    fn depth(&self) -> usize {
        self.path.split('/').count() - usize::from(self.name() == "mod.rs")
    }
}

fn has_word(line: &str, word: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(word).any(|(start, _)| {
        let before = line[..start].chars().next_back().is_some_and(is_part) && word.starts_with(is_part);
        let after = line[start + word.len()..].chars().next().is_some_and(is_part) && word.ends_with(is_part);
        !before && !after
    })
}

fn sources() -> Vec<Source> {
    fn visit(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { visit(&path, files) } else { files.push(path) }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    visit(&root, &mut files);
    files.sort();
    files.iter().map(|file| Source::read(&root, file)).collect()
}

fn of_the_parts() -> impl Iterator<Item = Source> {
    sources().into_iter().filter(|source| source.path != "lib.rs")
}

#[track_caller]
fn assert_none(rule: &str, found: &[String]) {
    assert!(found.is_empty(), "{rule}:\n{}", found.join("\n"));
}

/// Rules 1, 2, 3, 4, 5, 6 and 9: an import that names a re-export of the root is as wrong as one of another part
#[test]
fn every_part_uses_only_what_lies_before_it() {
    let mut found = Vec::new();
    for source in of_the_parts() {
        let part = source.part();
        let (_, may_use) =
            MAY_USE.iter().find(|(name, _)| *name == part).unwrap_or_else(|| panic!("{part} has no rule"));
        for line in &source.code {
            for (start, path) in line.match_indices("crate::") {
                let is_part = |character: char| character.is_alphanumeric() || character == '_';
                let used = line[start + path.len()..].split(|character: char| !is_part(character)).next().unwrap();
                if used != part && !may_use.contains(&used) && !MACROS.contains(&used) {
                    found.push(format!("{}: {line}", source.path));
                }
            }
            if line.contains(&"super::".repeat(source.depth())) {
                found.push(format!("{}: {line}", source.path));
            }
        }
    }
    assert_none("imports against the direction of a request's path", &found);
}

/// Rule 3
#[test]
fn the_stage_that_verifies_knows_no_http() {
    let http = ["http", "http_body", "Request", "Response", "StatusCode", "HeaderMap", "HeaderName", "HeaderValue"];
    let found: Vec<_> = of_the_parts()
        .filter(|source| source.part() == "identity")
        .flat_map(|source| {
            // What stands in quotes is a name or an address, and no use of HTTP.
            let unquoted =
                |line: &&&str| line.split('"').step_by(2).any(|text| http.iter().any(|word| has_word(text, word)));
            let found = source.lines_with(&http);
            found.iter().filter(unquoted).map(|line| format!("{}: {line}", source.path)).collect::<Vec<_>>()
        })
        .collect();
    assert_none("HTTP in the stage that verifies", &found);
}

/// Rule 2
#[test]
fn the_stage_that_extracts_neither_waits_nor_reads_clocks() {
    for source in of_the_parts().filter(|source| source.part() == "credentials") {
        // The addresses of `std::net` are data; its sockets are what waits.
        let sockets = ["TcpStream", "TcpListener", "UdpSocket", "ToSocketAddrs"];
        let found =
            source.lines_with(&[&sockets[..], &["async", "await", "Future", "Clock", "tokio", "std::fs"]].concat());
        assert!(found.is_empty(), "{}: {found:?}", source.path);
    }
}

/// Rule 7
#[test]
fn only_layers_services_and_futures_name_tower() {
    let mut seen = 0;
    for source in of_the_parts() {
        let found = source.lines_with(&["tower", "tower_layer", "tower_service"]);
        if ["layer.rs", "service.rs", "future.rs"].contains(&source.name()) || source.path == "deferred.rs" {
            seen += found.len();
        } else {
            assert!(found.is_empty(), "{}: {found:?}", source.path);
        }
    }
    assert!(seen > 4, "the search finds what is there");
}

/// Rule 8, habit 17: a feature picks a file, never a branch
#[test]
fn features_choose_files_and_nothing_else() {
    // Without the feature nobody reads what a session would keep; the alternative is a branch at each place that keeps it.
    const EXCEPTIONS: [&str; 1] = ["identity/identity.rs: pub(crate) stamp: Option<std::num::NonZeroU64>,"];
    let mut found = Vec::new();
    for source in sources() {
        let is_gate = |line: &str| line.contains("cfg") && line.contains("feature");
        for (index, _) in source.code.iter().enumerate().filter(|(_, line)| is_gate(line) && !line.contains("docsrs")) {
            let gated = source.code[index + 1..].iter().find(|line| !line.starts_with("#[")).unwrap();
            let words: Vec<_> = gated.split([' ', '(']).collect();
            let is_module_or_use = words.iter().take(3).any(|word| ["mod", "use"].contains(word));
            let gated = format!("{}: {gated}", source.path);
            if !is_module_or_use && !EXCEPTIONS.contains(&gated.as_str()) {
                found.push(gated);
            }
        }
    }
    assert_none("gated by a feature and neither `mod` nor `use`", &found);
}

/// CONTRIBUTING.md: near 150 lines, and none above 350 without a reason
#[test]
fn files_are_short() {
    let mut lengths: Vec<_> = sources().into_iter().map(|source| (source.length, source.path)).collect();
    lengths.sort_unstable();
    let (longest, median) = (lengths.last().unwrap(), lengths[lengths.len() / 2].0);
    assert!(longest.0 <= 350, "{longest:?}");
    assert!(median <= 200, "{median}");
}

#[test]
fn nobody_but_the_clock_reads_a_clock() {
    for source in sources().iter().filter(|source| source.part() != "clock") {
        let found = source.lines_with(&["SystemTime", "Instant", "tokio::time", "UNIX_EPOCH"]);
        assert!(found.is_empty(), "{}: {found:?}", source.path);
    }
}

/// CONTRIBUTING.md: nothing reachable from a request panics
#[test]
fn nothing_in_the_source_stops_the_process() {
    let stops = [
        ".unwrap()",
        ".expect(",
        ".unwrap_err()",
        ".expect_err(",
        "panic!",
        "unreachable!",
        "todo!",
        "unimplemented!",
        "assert!",
        "assert_eq!",
        "assert_ne!",
        "process::exit",
        "process::abort",
    ];
    // Called by tests, to fail them: for these, panicking is the purpose.
    let assertions = ["test_kit/assertions.rs", "test_kit/session_store/tried.rs"];
    for source in sources().iter().filter(|source| !assertions.contains(&source.path.as_str())) {
        let found = source.lines_with(&stops);
        assert!(found.is_empty(), "{}: {found:?}", source.path);
    }
}

/// CONTRIBUTING.md: nothing is called utils, helpers, common, types or traits
#[test]
fn no_file_is_named_after_nothing() {
    for source in sources() {
        let name = source.name().trim_end_matches(".rs");
        assert!(
            !["utils", "util", "helpers", "helper", "common", "types", "traits", "misc"].contains(&name),
            "{}",
            source.path
        );
        assert!(source.depth() <= 4, "{} lies too deep", source.path);
    }
}
