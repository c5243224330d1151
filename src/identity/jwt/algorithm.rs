//! The signature algorithms, by their registered names.

use std::fmt;
use std::str::FromStr;

use crate::error::ConfigFault;

/// A signature algorithm of RFC 7518 or RFC 8037, under its registered name.
///
/// Every key is bound to exactly one of these when it is loaded; what a token's header says can only agree or be
/// refused. There is no `none`.
///
/// ```
/// use portcullis::identity::jwt::Algorithm;
///
/// assert_eq!("RS256".parse(), Ok(Algorithm::RS256));
/// assert_eq!("Ed25519".parse(), Ok(Algorithm::EdDSA));
/// assert!("none".parse::<Algorithm>().is_err());
/// assert!("rs256".parse::<Algorithm>().is_err());
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// ECDSA on P-384 with SHA-384.
    ES384,
    /// ECDSA on P-521 with SHA-512.
    ES512,
    /// Ed25519. Headers and keys may call it `EdDSA` (RFC 8037) or `Ed25519` (RFC 9864).
    EdDSA,
    /// HMAC with SHA-256.
    HS256,
    /// HMAC with SHA-384.
    HS384,
    /// HMAC with SHA-512.
    HS512,
    /// RSASSA-PSS with SHA-256, salt as long as the hash.
    PS256,
    /// RSASSA-PSS with SHA-384, salt as long as the hash.
    PS384,
    /// RSASSA-PSS with SHA-512, salt as long as the hash.
    PS512,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RS384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RS512,
}

/// What an algorithm asks of a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Family {
    Ecdsa(Curve),
    Ed25519,
    Mac(Hash),
    Rsa(Padding, Hash),
}

/// A curve; in JOSE it fixes the hash.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Padding {
    Pkcs1,
    Pss,
}

impl Algorithm {
    /// The registered name: `RS256`; `EdDSA` for Ed25519.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ES256 => "ES256",
            Self::ES384 => "ES384",
            Self::ES512 => "ES512",
            Self::EdDSA => "EdDSA",
            Self::HS256 => "HS256",
            Self::HS384 => "HS384",
            Self::HS512 => "HS512",
            Self::PS256 => "PS256",
            Self::PS384 => "PS384",
            Self::PS512 => "PS512",
            Self::RS256 => "RS256",
            Self::RS384 => "RS384",
            Self::RS512 => "RS512",
        }
    }

    /// Whether the key is a secret that both sides hold (HMAC), rather than a public key.
    #[must_use]
    pub const fn is_symmetric(self) -> bool {
        matches!(self.family(), Family::Mac(_))
    }

    /// The algorithm a header or a key names; with case, as RFC 7515 section 4.1.1 demands.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "ES256" => Self::ES256,
            "ES384" => Self::ES384,
            "ES512" => Self::ES512,
            "EdDSA" | "Ed25519" => Self::EdDSA,
            "HS256" => Self::HS256,
            "HS384" => Self::HS384,
            "HS512" => Self::HS512,
            "PS256" => Self::PS256,
            "PS384" => Self::PS384,
            "PS512" => Self::PS512,
            "RS256" => Self::RS256,
            "RS384" => Self::RS384,
            "RS512" => Self::RS512,
            _ => return None,
        })
    }

    pub(super) const fn family(self) -> Family {
        match self {
            Self::ES256 => Family::Ecdsa(Curve::P256),
            Self::ES384 => Family::Ecdsa(Curve::P384),
            Self::ES512 => Family::Ecdsa(Curve::P521),
            Self::EdDSA => Family::Ed25519,
            Self::HS256 => Family::Mac(Hash::Sha256),
            Self::HS384 => Family::Mac(Hash::Sha384),
            Self::HS512 => Family::Mac(Hash::Sha512),
            Self::PS256 => Family::Rsa(Padding::Pss, Hash::Sha256),
            Self::PS384 => Family::Rsa(Padding::Pss, Hash::Sha384),
            Self::PS512 => Family::Rsa(Padding::Pss, Hash::Sha512),
            Self::RS256 => Family::Rsa(Padding::Pkcs1, Hash::Sha256),
            Self::RS384 => Family::Rsa(Padding::Pkcs1, Hash::Sha384),
            Self::RS512 => Family::Rsa(Padding::Pkcs1, Hash::Sha512),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = ConfigFault;

    fn from_str(name: &str) -> Result<Self, ConfigFault> {
        Self::named(name).ok_or_else(|| {
            ConfigFault::new(
                "algorithms",
                format!("{name:?} is not one of HS, RS, PS with 256, 384, 512, ES256, ES384, ES512, EdDSA"),
            )
        })
    }
}

impl Curve {
    /// Octets of one coordinate, and of one half of a signature.
    pub(super) const fn octets(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

impl Hash {
    pub(super) const fn octets(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}
