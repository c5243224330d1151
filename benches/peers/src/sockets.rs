//! Servers over loopback: each on the first core, `wrk` on the second, in turn for as many rounds as it takes to see through
//! the noise.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::serve::SERVERS;
use crate::table::quantile;

/// A running server; it ends with this.
struct Server {
    name: &'static str,
    process: Child,
    url: String,
    script: PathBuf,
    rounds: Vec<Round>,
}

/// What one round showed.
struct Round {
    requests_per_second: f64,
    milliseconds: [f64; 2],
    /// The server's own, per request.
    cpu_microseconds: f64,
}

pub(crate) fn print(wanted: &str) {
    let folder = std::env::temp_dir().join(format!("portcullis-peers-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for scripts");
    let mut groups: Vec<Vec<Server>> = Vec::new();
    for names in SERVERS.iter().filter(|names| names.iter().any(|name| name.contains(wanted))) {
        let script = |name: &str| folder.join(name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-"));
        groups.push(names.iter().map(|name| Server::start(name, script(name))).collect());
    }
    for round in 0..=ROUNDS {
        for server in groups.iter_mut().flatten() {
            let shown = server.round();
            // The first one warms everything up.
            if round > 0 {
                server.rounds.push(shown);
            }
        }
    }
    println!("\n| server | requests/s | min – max | p50 | p99 | server's CPU per request | of bare | min – max |");
    println!("|---|---:|---:|---:|---:|---:|---:|---:|");
    for group in &groups {
        group.iter().for_each(|server| server.print(&group[0]));
    }
    drop(groups);
    std::fs::remove_dir_all(folder).expect("the folder is there");
}

impl Server {
    fn start(name: &'static str, script: PathBuf) -> Self {
        let mut process = Command::new("taskset")
            .args(["-c", "0"])
            .arg(std::env::current_exe().expect("this program"))
            .args(["serve", name])
            .arg(&script)
            .stdout(Stdio::piped())
            .spawn()
            .expect("`taskset` is there");
        let mut url = String::new();
        let output = process.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut url).expect("it says where it is");
        Self { name, process, url: url.trim().to_owned(), script, rounds: Vec::new() }
    }

    fn round(&self) -> Round {
        let before = self.cpu_seconds();
        let output = Command::new("taskset")
            .args(["-c", "1", "wrk", "--latency", "-t1", "-c32", "-d2s", "-s"])
            .arg(&self.script)
            .arg(&self.url)
            .output()
            .expect("`wrk` is there");
        let cpu_seconds = self.cpu_seconds() - before;
        let text = String::from_utf8(output.stdout).expect("text");
        let word = |after: &str, index: usize| -> &str {
            let line = text.lines().find(|line| line.contains(after));
            line.and_then(|line| line.split_whitespace().nth(index)).unwrap_or_else(|| panic!("no `{after}` in {text}"))
        };
        assert!(!text.contains("Non-2xx"), "{}: {text}", self.name);
        let requests: f64 = word(" requests in ", 0).parse().expect("a number");
        Round {
            requests_per_second: word("Requests/sec:", 1).parse().expect("a number"),
            milliseconds: [milliseconds(word(" 50%", 1)), milliseconds(word(" 99%", 1))],
            cpu_microseconds: cpu_seconds * 1e6 / requests,
        }
    }

    /// User and system time so far, in hundredths of a second (proc(5)).
    fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).expect("it runs");
        let fields = stat.rsplit_once(')').expect("its name").1.split_whitespace().skip(11).take(2);
        fields.map(|ticks| ticks.parse::<f64>().expect("a number") / 100.0).sum()
    }

    fn print(&self, bare: &Self) {
        let of = |value: fn(&Round) -> f64, part| quantile(self.rounds.iter().map(value).collect(), part);
        let pairs = self.rounds.iter().zip(&bare.rounds);
        let ratios: Vec<f64> = pairs.map(|(own, bare)| own.requests_per_second / bare.requests_per_second).collect();
        let ratio = |part| format!("{:.0} %", 100.0 * quantile(ratios.clone(), part));
        let compared = if self.name == bare.name {
            " | ".to_owned()
        } else {
            format!("{} | {} – {}", ratio(0.5), ratio(0.0), ratio(1.0))
        };
        println!(
            "| {} | {:.0} | {:.0} – {:.0} | {:.2} ms | {:.2} ms | {:.1} µs | {compared} |",
            self.name.replace("portcullis", "**portcullis**"),
            of(|round| round.requests_per_second, 0.5),
            of(|round| round.requests_per_second, 0.0),
            of(|round| round.requests_per_second, 1.0),
            of(|round| round.milliseconds[0], 0.5),
            of(|round| round.milliseconds[1], 0.5),
            of(|round| round.cpu_microseconds, 0.5),
        );
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("it ends");
    }
}

/// Reads what `wrk` writes: `563.00us`, `1.94ms`, `1.02s`.
fn milliseconds(text: &str) -> f64 {
    let digits = text.trim_end_matches(char::is_alphabetic);
    let factor = match &text[digits.len()..] {
        "us" => 1e-3,
        "ms" => 1.0,
        "s" => 1e3,
        unit => panic!("{unit}"),
    };
    digits.parse::<f64>().expect("a number") * factor
}

const ROUNDS: usize = 7;
