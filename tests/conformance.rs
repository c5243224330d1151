//! What the documents say about the repository is true: tests that are named exist, links lead somewhere, commands are run.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// `file::name` of every test in `tests/`, and `file::suite::name` of those that the contract of session stores makes.
fn tests() -> BTreeSet<String> {
    let contract = fs::read_to_string(root().join("src/test_kit/session_store/contract.rs")).unwrap();
    let promises: Vec<_> =
        contract.lines().map(str::trim).filter(|line| line.starts_with(char::is_lowercase)).collect();
    let mut found = BTreeSet::new();
    for path in rust_files(&root().join("tests")) {
        let file = path.strip_prefix(root().join("tests")).unwrap().with_extension("");
        let file = file.to_str().unwrap().replace('\\', "/");
        let file = file.strip_suffix("/main").unwrap_or(&file);
        let mut is_test = false;
        for line in fs::read_to_string(&path).unwrap().lines().map(str::trim) {
            let line = line.strip_prefix("async ").unwrap_or(line);
            if let Some(rest) = line.strip_prefix("session_store_contract!(") {
                let suite = rest.split(',').next().unwrap();
                found.extend(promises.iter().map(|promise| format!("{file}::{suite}::{promise}")));
            }
            if line.starts_with("#[") {
                is_test |= line.starts_with("#[test") || line.starts_with("#[tokio::test");
            } else if let Some(rest) = line.strip_prefix("fn ") {
                if is_test {
                    found.insert(format!("{file}::{}", rest.split(['(', '<']).next().unwrap()));
                }
                is_test = false;
            }
        }
    }
    found
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] });
    files.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

#[test]
fn every_test_that_the_conformance_table_names_exists() {
    let table = fs::read_to_string(root().join("docs/conformance.md")).unwrap();
    let named: BTreeSet<String> = table
        .split('`')
        .filter(|text| text.contains("::") && text.starts_with(char::is_lowercase))
        .map(Into::into)
        .collect();
    assert!(named.len() > 50, "the table was not read");
    let missing: Vec<_> = named.difference(&tests()).cloned().collect();
    assert!(missing.is_empty(), "docs/conformance.md names tests that do not exist: {missing:#?}");
}

#[test]
fn every_rule_that_a_test_cites_is_in_the_conformance_table() {
    let table = fs::read_to_string(root().join("docs/conformance.md")).unwrap();
    let listed: BTreeSet<&str> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(' ').next())
        .filter(|id| id.contains('-'))
        .collect();
    let mut unlisted = BTreeSet::new();
    for path in rust_files(&root().join("tests")) {
        for comment in fs::read_to_string(&path).unwrap().lines().filter_map(|line| line.trim().strip_prefix("//")) {
            for word in comment.split([' ', ',', '.', ':', ';', '(', ')']) {
                let is_rule = word.split_once('-').is_some_and(|(standard, number)| {
                    STANDARDS.contains(&standard)
                        && !number.is_empty()
                        && number.bytes().all(|byte| byte.is_ascii_digit())
                });
                if is_rule && !listed.contains(word) {
                    unlisted.insert(format!("{word} in {}", path.display()));
                }
            }
        }
    }
    assert!(unlisted.is_empty(), "put these into docs/conformance.md: {unlisted:#?}");
}

const STANDARDS: [&str; 29] = [
    "ASSERT", "AT", "BASIC", "BCP", "BEARER", "CACHE", "CHOICE", "COOKIE", "DIGEST", "DISC", "DPOP", "HTTP", "INTRO",
    "JINTRO", "JWK", "JWS", "JWT", "LOGOUT", "MCP", "MTLS", "NEGO", "PRM", "PROB", "PW", "RI", "SESS", "STEP", "TOK",
    "X",
];

/// The attacks that this library must withstand: on passwords (B), on tokens (J), on keys and caches (K), on operation (O), by answers (R),
/// on sessions (S) and on the way through a server (T). The numbers left out are no attacks on what it does.
const ATTACKS: [&str; 102] = [
    "B01", "B04", "B05", "B06", "B07", "B08", "B09", "B11", "B12", "B13", "B14", "B15", "B16", "B18", "B19", "B20",
    "B21", "B22", "B23", "B24", "J01", "J02", "J04", "J05", "J06", "J08", "J09", "J10", "J11", "J12", "J13", "J14",
    "J16", "J17", "J19", "J20", "J22", "J24", "J25", "J26", "J27", "J29", "J30", "J31", "J32", "J33", "J34", "J35",
    "J36", "J38", "J39", "J40", "J41", "K01", "K02", "K03", "K05", "K07", "K09", "K10", "K11", "K12", "K13", "K14",
    "K16", "K17", "K19", "K20", "K21", "R06", "R08", "R11", "R12", "R14", "S01", "S02", "S03", "S04", "S05", "S06",
    "S08", "S09", "S10", "S11", "S13", "S14", "S15", "S17", "S18", "S19", "S21", "S22", "S23", "S24", "S26", "S28",
    "S30", "S32", "S34", "T03", "T04", "T05",
];

#[test]
fn every_attack_is_in_the_conformance_table_with_a_test_that_exists() {
    let table = fs::read_to_string(root().join("docs/conformance.md")).unwrap();
    let tests = tests();
    for attack in ATTACKS {
        let mut rows = table.lines().filter(|line| line.starts_with(&format!("| {attack} | ")));
        let row = rows.next().unwrap_or_else(|| panic!("{attack} has no row"));
        assert!(rows.next().is_none(), "{attack} has two rows");
        let cells: Vec<_> = row.split(" | ").collect();
        let [_, words, named] = cells[..] else { panic!("{attack} has another form: {row}") };
        assert!(!words.is_empty() && !words.contains("::"), "{attack} is not put into words");
        let named: Vec<_> = named.split('`').filter(|text| text.contains("::")).collect();
        assert!(!named.is_empty(), "nobody tries {attack}");
        for test in named {
            assert!(tests.contains(test), "{attack} names {test}, which does not exist");
        }
    }
}

/// Whoever reads what is done against an attack finds the tests, and finds every attack.
#[test]
fn the_page_of_threats_leaves_no_attack_out_and_names_what_exists() {
    let table = fs::read_to_string(root().join("docs/conformance.md")).unwrap();
    let listed: BTreeSet<&str> = table.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next()).collect();
    let page = fs::read_to_string(root().join("docs/threats.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| they try"));
    let proofs = rows.flat_map(|row| row.trim_end_matches(" |").rsplit(" | ").next().unwrap().split(", "));
    let proofs: Vec<_> = proofs.map(|proof| proof.trim_matches('`')).collect();
    let tests = tests();
    let unknown: Vec<_> = proofs.iter().filter(|proof| !listed.contains(*proof) && !tests.contains(**proof)).collect();
    assert!(unknown.is_empty(), "docs/threats.md names what is neither a row nor a test: {unknown:?}");
    let missing: Vec<_> = ATTACKS.iter().filter(|attack| !proofs.contains(attack)).collect();
    assert!(missing.is_empty(), "say in docs/threats.md what stands against {missing:?}");
}

/// What a test says that it tries is in the table too, under its number.
#[test]
fn every_attack_that_a_test_cites_is_one() {
    let mut unknown = BTreeSet::new();
    for path in rust_files(&root().join("tests")) {
        for comment in fs::read_to_string(&path).unwrap().lines().filter_map(|line| line.trim().strip_prefix("//")) {
            for word in comment.split([' ', '/', ',', '.', ':', ';', '(', ')']) {
                let number = word.strip_prefix(['B', 'J', 'K', 'R', 'S', 'T']).unwrap_or_default();
                let is_attack = number.len() == 2 && number.bytes().all(|byte| byte.is_ascii_digit());
                if is_attack && !ATTACKS.contains(&word) {
                    unknown.insert(format!("{word} in {}", path.display()));
                }
            }
        }
    }
    assert!(unknown.is_empty(), "no attack has these numbers: {unknown:#?}");
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    let mut documents: Vec<PathBuf> =
        ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"].iter().map(|name| root().join(name)).collect();
    documents.extend(fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path()));
    for document in documents {
        let text = fs::read_to_string(&document).unwrap();
        let inline = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        // `[name]: target`, at the end of a page.
        let named = text.lines().filter(|line| line.starts_with('[')).filter_map(|line| line.split("]: ").nth(1));
        for target in inline.chain(named) {
            if !target.starts_with("http") && !target.starts_with('#') {
                let target = target.split('#').next().unwrap_or_default();
                let path = document.parent().unwrap().join(target);
                assert!(path.exists(), "{} links to {target}, which is not there", document.display());
            }
        }
    }
}

/// A command in a document that nobody runs is a promise that nobody keeps.
#[test]
fn every_command_of_the_readme_is_run_by_ci() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let ci = fs::read_to_string(root().join(".ci/run")).unwrap();
    let blocks = readme.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let commands: Vec<_> = blocks.flat_map(str::lines).filter(|line| !line.is_empty()).collect();
    assert!(commands.contains(&"cargo test --all-features"), "the README was not read");
    for command in commands {
        let run = ci.lines().any(|line| !line.trim_start().starts_with('#') && line.contains(command));
        assert!(run, "`{command}` stands in README.md and not in .ci/run");
    }
}

#[test]
fn the_stated_rust_version_is_the_highest_of_the_default_dependencies() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let stated =
        manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap().trim_matches('"').to_owned();
    let metadata = cargo(&["metadata", "--format-version", "1", "--filter-platform", &host()]);
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
    let highest = dependencies(&[])
        .iter()
        .filter_map(|(name, version)| {
            let packages = metadata["packages"].as_array().unwrap();
            let package =
                packages.iter().find(|package| package["name"] == **name && package["version"] == **version)?;
            package["rust_version"].as_str().map(numbers)
        })
        .max()
        .unwrap();
    assert_eq!(numbers(&stated), highest, "rust-version in Cargo.toml against the dependencies' own");
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.contains(&format!("\n{stated}: the lowest")), "README.md states another one than {stated}");
}

#[test]
fn the_number_of_crates_without_features_is_the_one_in_the_readme() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let count = dependencies(&["--no-default-features"]).len();
    assert!(readme.contains(&format!("| {count} crates in all, no runtime |")), "they are {count} now");
}

/// Name and version of each.
fn dependencies(features: &[&str]) -> BTreeSet<(String, String)> {
    let tree = ["tree", "--edges", "normal", "--prefix", "none", "--format", "{p}"];
    let tree = cargo(&[&tree, features].concat());
    let words = tree.lines().map(|line| line.split(' ').map(String::from).collect::<Vec<_>>());
    let dependencies =
        words.filter_map(|words| Some((words.first()?.clone(), words.get(1)?.strip_prefix('v')?.to_owned())));
    dependencies.filter(|(name, _)| name != "portcullis").collect()
}

fn cargo(arguments: &[&str]) -> String {
    output(
        Command::new(env!("CARGO"))
            .args(arguments)
            .args(["--locked", "--manifest-path"])
            .arg(root().join("Cargo.toml")),
    )
}

fn host() -> String {
    let version = output(Command::new("rustc").arg("-vV"));
    version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn numbers(version: &str) -> Vec<u32> {
    let mut numbers: Vec<u32> = version.split('.').map(|part| part.parse().unwrap()).collect();
    numbers.resize(3, 0);
    numbers
}
