//! A name that nobody has proven.

use std::fmt;

/// A name that whoever sent it claims, such as the user name of a log-in that failed. It may be anything, a password that was
/// typed into the wrong field too: so it is elided where it is printed, and asked for by name.
///
/// ```
/// # fn show(claimed: &portcullis::observe::Claimed<'_>) {
/// println!("an account is locked: {}", claimed.expose().escape_debug());
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Claimed<'a>(&'a str);

impl<'a> Claimed<'a> {
    /// A name that is only claimed.
    #[must_use]
    pub const fn new(name: &'a str) -> Self {
        Self(name)
    }

    /// The name. Escape it where it is shown.
    #[must_use]
    pub const fn expose(&self) -> &'a str {
        self.0
    }
}

impl fmt::Debug for Claimed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claimed(..)")
    }
}
