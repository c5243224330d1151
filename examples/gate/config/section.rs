//! Reading a TOML table key by key, so that every fault is found and none is left for later.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use portcullis::ConfigError;
use portcullis::error::ConfigFault;
use toml::{Table, Value};

/// What is wrong with a configuration, in the order it was found: `SECTION.KEY: what is wrong and what to change`.
#[derive(Debug, Default)]
pub(crate) struct Faults(RefCell<Vec<String>>);

impl Faults {
    pub(crate) fn one(fault: String) -> Self {
        Self(RefCell::new(vec![fault]))
    }

    /// What the crate found wrong with something that this place describes.
    pub(crate) fn at(place: &'static str) -> impl FnOnce(ConfigError) -> Self {
        move |error| {
            let faults = Self::default();
            error.into_iter().for_each(|fault| faults.add(place, &fault.to_string()));
            faults
        }
    }

    pub(crate) fn add(&self, place: &str, problem: &str) {
        // One line each, whatever a file or the system had to say.
        self.0.borrow_mut().push(format!("{place}: {problem}").replace(|character: char| character.is_control(), " "));
    }

    pub(crate) fn into_lines(self) -> Vec<String> {
        self.0.into_inner()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }
}

/// A table, and where it stands. Reading a key takes it; what is left at [`close`](Self::close) is unknown.
pub(crate) struct Section<'f> {
    name: String,
    /// Which of several: `issuer 2`; empty where there is one.
    which: String,
    table: Table,
    faults: &'f Faults,
}

impl<'f> Section<'f> {
    pub(crate) fn root(table: Table, faults: &'f Faults) -> Self {
        Self { name: String::new(), which: String::new(), table, faults }
    }

    pub(crate) fn fault(&self, key: &str, problem: impl AsRef<str>) {
        let place = if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) };
        let which = if self.which.is_empty() { String::new() } else { format!("{}: ", self.which) };
        self.faults.add(&place, &format!("{which}{}", problem.as_ref()));
    }

    /// Notes every fault that the crate found behind `key`.
    pub(crate) fn faults_of(&self, key: &str, faults: impl IntoIterator<Item = ConfigFault>) {
        for fault in faults {
            self.fault(key, fault.to_string());
        }
    }

    /// Says which of several sections this is, by more than its number.
    pub(crate) fn call(&mut self, name: &str) {
        self.which = format!("{} ({name:?})", self.which);
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Whether addresses of this section may be http on this machine.
    pub(crate) fn allows_loopback(&self) -> bool {
        matches!(self.table.get("danger_allow_http_loopback"), Some(Value::Boolean(true)))
    }

    /// Notes that a key is missing or empty which must be there.
    pub(crate) fn need(&mut self, key: &str, advice: &str) {
        let problem = match self.table.get(key) {
            None => "missing",
            Some(Value::String(text)) if text.trim().is_empty() => "is empty",
            Some(Value::Array(values)) if values.is_empty() => "is empty",
            Some(_) => return,
        };
        self.table.remove(key);
        self.fault(key, format!("{problem}; {advice}"));
    }

    pub(crate) fn text(&mut self, key: &str) -> Option<String> {
        match self.table.remove(key)? {
            Value::String(text) if text.trim().is_empty() => self.wrong(key, "is empty; fill it in or remove it"),
            Value::String(text) => Some(text),
            _ => self.wrong(key, "is no text; put it in quotes"),
        }
    }

    pub(crate) fn flag(&mut self, key: &str) -> Option<bool> {
        match self.table.remove(key)? {
            Value::Boolean(flag) => Some(flag),
            _ => self.wrong(key, "is neither true nor false"),
        }
    }

    pub(crate) fn count(&mut self, key: &str) -> Option<usize> {
        match self.table.remove(key)? {
            Value::Integer(number) if number > 0 => usize::try_from(number).ok(),
            _ => self.wrong(key, "is no number above zero"),
        }
    }

    /// As [`count`](Self::count), or zero.
    pub(crate) fn amount(&mut self, key: &str) -> Option<usize> {
        match self.table.get(key)? {
            Value::Integer(0) => self.table.remove(key).map(|_| 0),
            _ => self.count(key),
        }
    }

    /// Whether `key` says `false`, in place of what it would hold otherwise.
    pub(crate) fn is_off(&mut self, key: &str) -> bool {
        let is_off = matches!(self.table.get(key), Some(Value::Boolean(false)));
        if is_off {
            self.table.remove(key);
        }
        is_off
    }

    pub(crate) fn duration(&mut self, key: &str) -> Option<Duration> {
        let text = self.text(key)?;
        let parsed = parse_duration(&text);
        parsed.or_else(|| {
            self.wrong(key, &format!("{text:?} is no time span; write a number and s, m or h, as in \"30s\""))
        })
    }

    /// A list with something in it, each thing once.
    pub(crate) fn names(&mut self, key: &str) -> Option<Vec<String>> {
        let value = self.table.remove(key)?;
        self.list(key, value)
    }

    /// A list that may be empty, each thing once.
    pub(crate) fn some_names(&mut self, key: &str) -> Option<Vec<String>> {
        match self.table.get(key)? {
            Value::Array(values) if values.is_empty() => self.table.remove(key).map(|_| Vec::new()),
            _ => self.names(key),
        }
    }

    /// A table of such lists.
    pub(crate) fn lists(&mut self, key: &str) -> Option<Vec<(String, Vec<String>)>> {
        let Value::Table(table) = self.table.remove(key)? else {
            return self.wrong(key, "is no table; write { name = [\"…\"] }");
        };
        let lists = table.into_iter().filter_map(|(name, value)| {
            let list = self.list(&format!("{key}.{name}"), value)?;
            Some((name, list))
        });
        Some(lists.collect())
    }

    pub(crate) fn section(&mut self, key: &str) -> Option<Self> {
        match self.table.remove(key)? {
            Value::Table(table) => {
                let name = if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) };
                Some(Self { name, which: String::new(), table, faults: self.faults })
            }
            _ => self.wrong(key, "is no section; write it in brackets, or as { key = value }"),
        }
    }

    pub(crate) fn sections(&mut self, key: &str) -> Vec<Self> {
        let tables = match self.table.remove(key) {
            None => return Vec::new(),
            Some(Value::Array(tables)) if !tables.is_empty() => tables,
            Some(_) => {
                self.fault(key, format!("is no list of sections; begin each with [[{key}]]"));
                return Vec::new();
            }
        };
        let mut sections = Vec::new();
        for (index, table) in tables.into_iter().enumerate() {
            match table {
                Value::Table(table) => {
                    let which = format!("{key} {}", index + 1);
                    sections.push(Self { name: key.to_owned(), which, table, faults: self.faults });
                }
                _ => self.fault(key, format!("number {} is no section", index + 1)),
            }
        }
        sections
    }

    /// Whatever was not read is not known.
    pub(crate) fn close(self) {
        for key in self.table.keys() {
            self.fault(key, "unknown key; remove it or correct its spelling");
        }
    }

    fn list(&self, key: &str, value: Value) -> Option<Vec<String>> {
        let Value::Array(values) = value else { return self.wrong(key, "is no list; put it in square brackets") };
        if values.is_empty() {
            return self.wrong(key, "is empty; name something or remove the key");
        }
        let mut names = Vec::new();
        let mut seen = BTreeSet::new();
        for value in values {
            match value {
                Value::String(name) if name.trim().is_empty() => return self.wrong(key, "holds an empty text"),
                Value::String(name) if !seen.insert(name.clone()) => {
                    return self.wrong(key, &format!("names {name:?} twice"));
                }
                Value::String(name) => names.push(name),
                _ => return self.wrong(key, "holds something that is no text; put each in quotes"),
            }
        }
        Some(names)
    }

    fn wrong<T>(&self, key: &str, problem: &str) -> Option<T> {
        self.fault(key, problem);
        None
    }
}

/// A number and its unit.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let unit = text.chars().next_back()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        _ => return None,
    };
    let digits = text.strip_suffix(unit)?;
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.parse::<u64>().ok().filter(|_| plain)?;
    // What does not fit in a century is a mistake.
    number.checked_mul(seconds).filter(|&seconds| seconds <= 100 * 366 * 24 * 60 * 60).map(Duration::from_secs)
}
