//! The hash functions of Digest.

/// With which hash function a Digest response is computed (RFC 7616 section 3.3, IANA's registry).
///
/// The session variants (`-sess`) are not supported: a server has nothing to gain from them, and some clients cannot.
///
/// ```
/// use portcullis::credentials::DigestAlgorithm;
///
/// assert_eq!(DigestAlgorithm::named("sha-256"), Some(DigestAlgorithm::Sha256));
/// assert_eq!(DigestAlgorithm::Sha512_256.name(), "SHA-512-256");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum DigestAlgorithm {
    /// MD5, for clients that know nothing better. Broken as a hash function: a leaked stored hash or a recorded log-in
    /// gives the password away many times faster.
    Md5,
    /// SHA-256. Every client that is maintained can do it.
    Sha256,
    /// SHA-512/256, which is not the beginning of a SHA-512 digest (FIPS 180-4 section 5.3.6.2). Some clients get it wrong.
    Sha512_256,
}

impl DigestAlgorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Md5, Self::Sha256, Self::Sha512_256];

    /// The algorithm of this name, in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }

    /// The registered name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
            Self::Sha512_256 => "SHA-512-256",
        }
    }

    /// How many hexadecimal digits a digest has.
    #[must_use]
    pub const fn hex_length(self) -> usize {
        match self {
            Self::Md5 => 32,
            Self::Sha256 | Self::Sha512_256 => 64,
        }
    }
}
