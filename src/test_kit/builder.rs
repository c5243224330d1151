//! An issuer before it starts.

use std::fmt;
use std::io;
use std::sync::Arc;

use super::issuer::TestIssuer;
use super::key_ring::KeyRing;
use super::server::Server;
use super::state::State;
use crate::clock::{Clock, SystemClock};
use crate::identity::jwt::Algorithm;

/// An issuer that is yet to start.
///
/// ```
/// use portcullis::clock::{ManualClock, UnixTime};
/// use portcullis::identity::jwt::Algorithm;
/// use portcullis::test_kit::TestIssuer;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
/// let clock = ManualClock::at(UnixTime::from_secs(1_790_000_000));
/// let issuer = TestIssuer::builder()
///     .algorithms([Algorithm::ES256])
///     .clock(clock.clone()) // the same as the verifier's
///     .path("/tenant-1")
///     .start()
///     .await?;
///
/// assert!(issuer.jwks_url().ends_with("/tenant-1/jwks"));
/// # Ok(()) }
/// ```
#[must_use = "call `start` for the issuer"]
pub struct TestIssuerBuilder {
    algorithms: Vec<Algorithm>,
    clock: Arc<dyn Clock>,
    name: Option<String>,
    path: Option<String>,
}

impl TestIssuerBuilder {
    pub(super) fn new() -> Self {
        Self { algorithms: DEFAULT_ALGORITHMS.to_vec(), clock: Arc::new(SystemClock), name: None, path: None }
    }

    /// What there are keys for; the first one signs tokens that name none. Default: ES256, ES384, ES512, EdDSA, RS256,
    /// PS256.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = algorithms.into_iter().collect();
        self
    }

    /// Where tokens get their times from. Default: the [`SystemClock`].
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The issuer's name, where it is to be another than its address: a fixed name makes tokens comparable, and a wrong
    /// one makes discovery fail, as it should.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// A path for the issuer to live under, as those of tenants do. Default: none.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// There is no free port; no key could be made; there is no algorithm, or a symmetric one.
    pub async fn start(self) -> io::Result<TestIssuer> {
        if self.algorithms.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "name at least one algorithm to sign with"));
        }
        let keys = KeyRing::new(self.algorithms)?;
        let (server, listener) = Server::bind().await?;
        let origin = format!("http://{}", server.address());
        let path = self.path.map(|path| path.trim_matches('/').to_owned()).filter(|path| !path.is_empty());
        let path = path.map_or_else(String::new, |path| format!("/{path}"));
        let name = self.name.unwrap_or_else(|| format!("{origin}{path}"));
        let state = Arc::new(State::new(name, origin, path, self.clock, keys));
        server.come_up(listener, Arc::clone(&state));
        Ok(TestIssuer::new(state, server))
    }
}

impl fmt::Debug for TestIssuerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestIssuerBuilder")
            .field("algorithms", &self.algorithms)
            .field("name", &self.name)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

const DEFAULT_ALGORITHMS: [Algorithm; 6] =
    [Algorithm::ES256, Algorithm::ES384, Algorithm::ES512, Algorithm::EdDSA, Algorithm::RS256, Algorithm::PS256];
