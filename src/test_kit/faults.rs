//! What can go wrong with an answer.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;

/// Something that goes wrong at an [`Endpoint`](super::Endpoint), until
/// [`TestIssuer::recover`](super::TestIssuer::recover) or a number of [`times`](Self::times).
///
/// ```
/// use portcullis::test_kit::{Endpoint, Fault, TestIssuer};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
/// let issuer = TestIssuer::start().await?;
/// issuer.fail_with(Endpoint::Jwks, Fault::status(500).times(2)); // then
/// issuer.fail_with(Endpoint::Jwks, Fault::html().times(1)); // and after that all is well again
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a fault does nothing until `TestIssuer::fail_with` gets it"]
pub struct Fault {
    pub(super) kind: Kind,
    left: Option<u64>,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Body { content_type: Cow<'static, str>, body: Bytes },
    ContentType(Cow<'static, str>),
    Drip(Duration),
    EmptySet,
    Endless,
    GzipBomb,
    HangUp,
    Html,
    Incomplete,
    Member(String, Value),
    Padded(usize),
    Redirect(String),
    Stall,
    StallInBody,
    Status(StatusCode),
    Truncated,
}

impl Fault {
    const fn new(kind: Kind) -> Self {
        Self { kind, left: None }
    }

    /// This answer instead, whatever it is, with status 200.
    pub fn body(content_type: impl Into<Cow<'static, str>>, body: impl Into<Bytes>) -> Self {
        Self::new(Kind::Body { content_type: content_type.into(), body: body.into() })
    }

    /// The right document under another `Content-Type`.
    pub fn content_type(content_type: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::ContentType(content_type.into()))
    }

    /// The right document, one byte at a time with `pause` before each.
    pub const fn drip(pause: Duration) -> Self {
        Self::new(Kind::Drip(pause))
    }

    /// A well-formed key set without keys, which is no outage: the issuer says that it has none.
    pub const fn empty_set() -> Self {
        Self::new(Kind::EmptySet)
    }

    /// A document that begins well and never ends.
    pub const fn endless() -> Self {
        Self::new(Kind::Endless)
    }

    /// The right document behind nearly 64 MiB of blanks, in 413 KiB of gzip that nobody asked for. Valid to the last
    /// checksum, so that a client which unpacks it has its document, and spent the memory.
    pub const fn gzip_bomb() -> Self {
        Self::new(Kind::GzipBomb)
    }

    /// The connection is closed without an answer.
    pub const fn hang_up() -> Self {
        Self::new(Kind::HangUp)
    }

    /// A page for people with status 200, as sign-in pages of networks and error pages of proxies are.
    pub const fn html() -> Self {
        Self::new(Kind::Html)
    }

    /// Half of the document, though `Content-Length` promised all of it; then the connection is closed.
    pub const fn incomplete() -> Self {
        Self::new(Kind::Incomplete)
    }

    /// The right document but for one member of it, set to `value`: what a lying `issuer`, a `jwks_uri` on another host
    /// or an `active` that is text look like. `Value::Null` takes the member out.
    pub fn member(name: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::new(Kind::Member(name.into(), value.into()))
    }

    /// The right document behind so many blanks, which JSON permits, with a `Content-Length` that says so.
    pub const fn padded(blanks: usize) -> Self {
        Self::new(Kind::Padded(blanks))
    }

    /// 302 to `location`.
    pub fn redirect(location: impl Into<String>) -> Self {
        Self::new(Kind::Redirect(location.into()))
    }

    /// No answer, while the connection stays open.
    pub const fn stall() -> Self {
        Self::new(Kind::Stall)
    }

    /// Status, headers and half of the document; then nothing more, while the connection stays open.
    pub const fn stall_in_body() -> Self {
        Self::new(Kind::StallInBody)
    }

    /// This status with a small JSON body; 500 for a number that is none.
    pub fn status(status: u16) -> Self {
        Self::new(Kind::Status(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)))
    }

    /// The first half of the document, with a `Content-Length` that fits it.
    pub const fn truncated() -> Self {
        Self::new(Kind::Truncated)
    }

    /// For so many requests; the next fault in line, or health, comes after. Default: until
    /// [`TestIssuer::recover`](super::TestIssuer::recover). Zero counts as one.
    pub const fn times(mut self, requests: u64) -> Self {
        self.left = Some(requests);
        self
    }

    /// Takes one request off its number of times.
    pub(super) const fn is_used_up_by_one_more(&mut self) -> bool {
        match &mut self.left {
            Some(0 | 1) => true,
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        }
    }
}
