//! The transcripts in the header of an example: read, replayed, compared.
//!
//! A transcript shows the status line, then the headers that matter, then after an empty line the body. Of a header
//! that is shown every line is shown; `…` stands for any text.

#![allow(dead_code, reason = "each test file uses a part")]

use http::Version;

use super::curl::{Answer, Shell};

/// A line that is typed, and what is shown below it.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) line: String,
    pub(crate) expected: Vec<String>,
}

/// The steps in the `//!` comment of `source`.
pub(crate) fn read(source: &str) -> Vec<Step> {
    let header = source.lines().map_while(|line| line.strip_prefix("//!")).map(|line| line.trim_start_matches(' '));
    let mut steps: Vec<Step> = Vec::new();
    let mut open = false;
    for line in header {
        if let Some(command) = line.strip_prefix("$ ") {
            open = true;
            steps.push(Step { line: command.to_owned(), expected: Vec::new() });
        } else if line == "```" {
            open = false;
        } else if let Some(step) = steps.last_mut().filter(|_| open) {
            match step.line.strip_suffix('\\') {
                Some(begun) => step.line = format!("{begun}{line}"),
                None => step.expected.push(line.to_owned()),
            }
        }
    }
    steps
}

/// Runs every step in `shell`.
///
/// # Panics
///
/// Where an answer is not as shown, a line is not understood, or there is no transcript at all.
pub(crate) async fn replay(source: &str, shell: &mut Shell) {
    let steps = read(source);
    assert!(!steps.is_empty(), "no transcript");
    for step in steps {
        let answer = shell.run(&step.line).await;
        step.compare(&answer);
    }
}

impl Step {
    fn compare(&self, answer: &Answer) {
        let shown = self.expected.join("\n");
        let (head, body) = shown.trim_end().split_once("\n\n").unwrap_or((shown.trim_end(), ""));
        let mut head = head.lines();
        match head.next() {
            Some(status_line) => assert_eq!(status_line, render_status(answer), "{}\n{answer:?}", self.line),
            // `curl -s` shows no head: that it went well is meant.
            None => assert!(answer.status.is_success(), "{}\n{answer:?}", self.line),
        }
        let headers: Vec<(&str, &str)> = head.map(|line| line.split_once(": ").expect("a header line")).collect();
        for (name, _) in &headers {
            let expected = headers.iter().filter(|(other, _)| other == name).map(|(_, value)| *value);
            let got = answer.headers.get_all(*name).iter().map(|value| value.to_str().unwrap());
            let (expected, got): (Vec<_>, Vec<_>) = (expected.collect(), got.collect());
            let same = expected.len() == got.len() && expected.iter().zip(&got).all(|(one, other)| fits(one, other));
            assert!(same, "{}\n{name}: {expected:?} is shown, {got:?} came", self.line);
        }
        if !body.is_empty() {
            let got = std::str::from_utf8(&answer.body).expect("a text").trim_end();
            assert!(fits(body.trim_end(), got), "{}\nshown:\n{body}\ncame:\n{got}", self.line);
        }
    }
}

/// As curl shows it: HTTP/2 has no reason phrase.
fn render_status(answer: &Answer) -> String {
    let (number, reason) = (answer.status.as_str(), answer.status.canonical_reason().unwrap_or_default());
    match answer.version {
        Version::HTTP_11 => format!("HTTP/1.1 {number} {reason}"),
        Version::HTTP_2 => format!("HTTP/2 {number}"),
        other => panic!("{other:?}"),
    }
}

/// Whether `text` is `pattern`, in which `…` stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('…') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(start) else { return false };
    let mut pieces: Vec<&str> = rest.split('…').collect();
    let end = pieces.pop().unwrap_or_default();
    for piece in pieces {
        match text.split_once(piece) {
            Some((_, after)) => text = after,
            None => return false,
        }
    }
    text.ends_with(end)
}

#[test]
fn an_ellipsis_stands_for_any_text() {
    for (pattern, text) in [("a", "a"), ("…", ""), ("a…", "ab"), ("…b", "ab"), ("a…c…e", "abcde")] {
        assert!(fits(pattern, text), "{pattern} {text}");
    }
    for (pattern, text) in [("a", "ab"), ("a…", "ba"), ("…b", "ba"), ("a…c…e", "abde"), ("a…a", "a")] {
        assert!(!fits(pattern, text), "{pattern} {text}");
    }
}
