//! Time, passed in: wall time for what others state (`exp`, `auth_time`), monotonic time for what we measure (idle limits).

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

#[cfg(any(
    feature = "jwks",
    feature = "login",
    feature = "postgres",
    feature = "redis",
    feature = "sqlite",
    feature = "test-kit"
))]
mod deadline;
#[cfg(feature = "htpasswd")]
mod modified;
#[cfg(any(feature = "redis", feature = "sqlite", feature = "test-kit"))]
mod sleep;

#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) use deadline::Late;
#[cfg(any(
    feature = "jwks",
    feature = "login",
    feature = "postgres",
    feature = "redis",
    feature = "sqlite",
    feature = "test-kit"
))]
pub(crate) use deadline::within;
#[cfg(feature = "htpasswd")]
pub(crate) use modified::modified;
#[cfg(any(feature = "redis", feature = "sqlite", feature = "test-kit"))]
pub(crate) use sleep::sleep;

/// Whole seconds since 1970-01-01T00:00:00Z, the resolution of a JWT's `NumericDate` (RFC 7519 section 2).
///
/// ```
/// use portcullis::clock::UnixTime;
/// use std::time::Duration;
///
/// let noon = UnixTime::from_secs(43_200);
/// assert_eq!(noon.saturating_add(Duration::from_secs(60)).as_secs(), 43_260);
/// assert_eq!(noon.saturating_since(UnixTime::from_secs(43_000)), Duration::from_secs(200));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct UnixTime(u64);

impl UnixTime {
    /// The moment `seconds` after the epoch.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Seconds since the epoch.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// This moment moved forward; stays at the end of time instead of wrapping.
    #[must_use]
    pub const fn saturating_add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by.as_secs()))
    }

    /// This moment moved back; stays at the epoch instead of wrapping.
    #[must_use]
    pub const fn saturating_sub(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(by.as_secs()))
    }

    /// How long ago `earlier` was; zero where it lies ahead.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_secs(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where the library takes time from.
///
/// The default everywhere is [`SystemClock`]; tests pass a [`ManualClock`] and never sleep.
pub trait Clock: Send + Sync + 'static {
    /// The wall clock: what tokens and audit records speak of. May be set back by an operator.
    fn now(&self) -> UnixTime;

    /// Time since some fixed moment, never going back: what idle limits and deadlines are measured with.
    fn monotonic(&self) -> Duration;
}

impl<T: Clock + ?Sized> Clock for Arc<T> {
    fn now(&self) -> UnixTime {
        (**self).now()
    }

    fn monotonic(&self) -> Duration {
        (**self).monotonic()
    }
}

/// The machine's own clocks.
///
/// ```
/// use portcullis::clock::{Clock, SystemClock, UnixTime};
///
/// assert!(SystemClock.now() > UnixTime::from_secs(1_700_000_000));
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "holds nothing and never will: the clocks are the machine's")]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
    fn now(&self) -> UnixTime {
        // A clock set before 1970 reads as 1970: every token is then "not yet valid" or "expired long from now" is
        // still judged by the issuer's own numbers, and nothing panics.
        UnixTime(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the monotonic clock")]
    fn monotonic(&self) -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }
}

/// A clock that moves only when told to: for tests of everything that expires.
///
/// Clones share one time.
///
/// ```
/// use portcullis::clock::{Clock, ManualClock, UnixTime};
/// use std::time::Duration;
///
/// let clock = ManualClock::at(UnixTime::from_secs(1_000));
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now(), UnixTime::from_secs(1_060));
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock {
    wall: Arc<AtomicU64>,
    monotonic_millis: Arc<AtomicU64>,
}

impl ManualClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub fn at(now: UnixTime) -> Self {
        Self { wall: Arc::new(AtomicU64::new(now.as_secs())), monotonic_millis: Arc::default() }
    }

    /// Moves both times forward.
    pub fn advance(&self, by: Duration) {
        self.wall.fetch_add(by.as_secs(), Ordering::Relaxed);
        let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.monotonic_millis.fetch_add(millis, Ordering::Relaxed);
    }

    /// Sets the wall clock alone, as an operator or a time server does; it may go back.
    pub fn set_wall(&self, now: UnixTime) {
        self.wall.store(now.as_secs(), Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UnixTime {
        UnixTime(self.wall.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.monotonic_millis.load(Ordering::Relaxed))
    }
}
