//! The bank's books. They are in memory and begin anew with every start: how to keep books is not what this example shows.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use portcullis::clock::UnixTime;

/// Who may be sent money: what they are called here, and what they are called by people.
pub(crate) const PAYEES: [(&str, &str); 3] =
    [("alice", "Alice Archer"), ("bob", "Bob Baker"), ("power", "Tower Light & Power")];

/// The name by which people know whoever is called `name` in the books.
pub(crate) fn full_name(name: &str) -> &str {
    PAYEES.iter().find(|(own, _)| *own == name).map_or(name, |(_, full)| full)
}

/// Every transfer there ever was, oldest first. Clones share it.
#[derive(Clone)]
pub(crate) struct Books(Arc<Mutex<Vec<Transfer>>>);

#[derive(Clone)]
pub(crate) struct Transfer {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) amount: Amount,
    pub(crate) reference: String,
    pub(crate) at: UnixTime,
}

/// Why a transfer was not made.
#[derive(Clone, Copy)]
pub(crate) enum Refused {
    UnknownPayee,
    TooMuch,
}

impl Books {
    /// The books of customers who have been here for a while.
    pub(crate) fn new(now: UnixTime) -> Self {
        let old = |days: u32, from: &str, to: &str, cents, reference: &str| Transfer {
            from: from.into(),
            to: to.into(),
            amount: Amount(cents),
            reference: reference.into(),
            at: now.saturating_sub(Duration::from_secs(24 * 60 * 60) * days),
        };
        Self(Arc::new(Mutex::new(vec![
            old(31, "Gatehouse Ltd", "alice", 284_000, "Salary"),
            old(29, "Drawbridge & Sons", "bob", 196_050, "Salary"),
            old(20, "alice", "Moat View Homes", 95_000, "Rent"),
            old(12, "alice", "power", 6_840, "Customer 4711"),
            old(5, "bob", "alice", 1_250, "Pizza <3"),
            old(2, "alice", "Corner Bookshop", 2_399, ""),
        ])))
    }

    /// What a customer has.
    pub(crate) fn balance(&self, name: &str) -> i64 {
        balance(&self.lock(), name)
    }

    /// The last transfers to and from a customer, newest first.
    pub(crate) fn last(&self, name: &str, most: usize) -> Vec<Transfer> {
        let transfers = self.lock();
        let own = transfers.iter().rev().filter(|transfer| transfer.from == name || transfer.to == name);
        own.take(most).cloned().collect()
    }

    /// Moves money, if there is enough of it.
    pub(crate) fn transfer(&self, transfer: Transfer) -> Result<(), Refused> {
        let mut transfers = self.lock();
        if transfer.from == transfer.to || !PAYEES.iter().any(|(name, _)| *name == transfer.to) {
            return Err(Refused::UnknownPayee);
        }
        if balance(&transfers, &transfer.from) < transfer.amount.0 {
            return Err(Refused::TooMuch);
        }
        transfers.push(transfer);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Transfer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn balance(transfers: &[Transfer], name: &str) -> i64 {
    let signed = transfers.iter().map(|transfer| {
        let paid_in = if transfer.to == name { transfer.amount.0 } else { 0 };
        let paid_out = if transfer.from == name { transfer.amount.0 } else { 0 };
        paid_in - paid_out
    });
    signed.sum()
}

/// An amount above nothing and under ten million, in cents.
#[derive(Clone, Copy)]
pub(crate) struct Amount(pub(crate) i64);

impl FromStr for Amount {
    type Err = ();

    /// Reads `25`, `25.5` and `25,50`.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (whole, cents) = text.trim().split_once(['.', ',']).unwrap_or((text.trim(), "0"));
        let is_number = |text: &str, most| (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole, 7) || !is_number(cents, 2) {
            return Err(());
        }
        let number = |text: &str| text.parse::<i64>().map_err(drop);
        let tens = if cents.len() == 1 { 10 } else { 1 };
        let amount = number(whole)? * 100 + number(cents)? * tens;
        if amount > 0 { Ok(Self(amount)) } else { Err(()) }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Money(self.0).fmt(f)
    }
}

/// An amount as people write it: `€1,234.50`.
pub(crate) struct Money(pub(crate) i64);

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (euros, cents) = (self.0.abs() / 100, self.0.abs() % 100);
        let digits = euros.to_string();
        f.write_str(if self.0 < 0 { "\u{2212}€" } else { "€" })?;
        for (index, digit) in digits.char_indices() {
            let comes_after_thousands = index > 0 && (digits.len() - index).is_multiple_of(3);
            write!(f, "{}{digit}", if comes_after_thousands { "," } else { "" })?;
        }
        write!(f, ".{cents:02}")
    }
}
