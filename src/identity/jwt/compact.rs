//! The compact form of a JWS (RFC 7515 section 7.1): three parts and a header, in exactly one spelling.

use std::borrow::Cow;

use serde::de::MapAccess;

use super::algorithm::Algorithm;
use super::base64url::{decode, decode_into, room_for};
use super::findings::UNKNOWN_ALGORITHM;
use super::json::{Cause, Members, Value, read_object};

/// A token taken apart and not yet believed.
pub(super) struct Compact<'t> {
    header: &'t str,
    payload: &'t str,
    signature: &'t str,
    /// What is signed: header and payload as they were sent, with the dot between them.
    pub(super) signing_input: &'t [u8],
}

impl<'t> Compact<'t> {
    pub(super) fn split(token: &'t str) -> Result<Self, Cause> {
        if token.len() > MAX_TOKEN {
            return Err("longer than 64 KiB");
        }
        // A dot left in `payload` is a fourth part; it is outside the alphabet, so decoding refuses it.
        let (signing_input, signature) = token.rsplit_once('.').ok_or(NOT_THREE_PARTS)?;
        let (header, payload) = signing_input.split_once('.').ok_or(NOT_THREE_PARTS)?;
        Ok(Self { header, payload, signature, signing_input: signing_input.as_bytes() })
    }

    /// The header, read from `room`, which gets its decoded bytes.
    pub(super) fn header<'r>(&self, room: &'r mut Room) -> Result<Header<'r>, Cause> {
        Header::read(room.decode(self.header)?)
    }

    /// The header's JSON, whatever is in it.
    pub(super) fn decoded_header(&self) -> Option<Vec<u8>> {
        decode(self.header).ok()
    }

    pub(super) fn payload(&self) -> Result<Vec<u8>, Cause> {
        decode(self.payload)
    }

    pub(super) fn signature<'r>(&self, room: &'r mut Room) -> Result<&'r [u8], Cause> {
        match self.signature.len() {
            0 => Err("no signature"),
            1..=MAX_SIGNATURE => room.decode(self.signature),
            _ => Err("a signature longer than that of any key"),
        }
    }
}

/// Space for a decoded part: on the stack for what is usual, else on the heap.
pub(super) struct Room {
    near: [u8; NEAR],
    far: Vec<u8>,
}

impl Room {
    pub(super) const fn new() -> Self {
        Self { near: [0; NEAR], far: Vec::new() }
    }

    pub(super) fn decode(&mut self, part: &str) -> Result<&[u8], Cause> {
        if room_for(part) <= NEAR {
            return decode_into(part, &mut self.near);
        }
        self.far.resize(room_for(part), 0);
        decode_into(part, &mut self.far)
    }
}

/// What of a header counts here. `jwk`, `jku`, `x5u` and `x5c` are read past: a token names no key that we trust.
#[derive(Debug)]
pub(super) struct Header<'r> {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<Cow<'r, str>>,
    pub(super) token_type: Option<Cow<'r, str>>,
}

impl<'r> Header<'r> {
    fn read(json: &'r [u8]) -> Result<Self, Cause> {
        let mut members = HeaderMembers::default();
        read_object(json, &mut members)?;
        Ok(Self {
            algorithm: members.algorithm.ok_or("the header has no `alg`")?,
            key_id: members.key_id,
            token_type: members.token_type,
        })
    }
}

#[derive(Default)]
struct HeaderMembers<'r> {
    algorithm: Option<Algorithm>,
    key_id: Option<Cow<'r, str>>,
    token_type: Option<Cow<'r, str>>,
}

impl<'r> Members<'r> for HeaderMembers<'r> {
    fn member<A: MapAccess<'r>>(&mut self, name: &str, value: Value<'_, A>) -> Result<(), Cause> {
        match name {
            "alg" => {
                let name = value.text("`alg` is not text")?;
                self.algorithm = Some(Algorithm::named(&name).ok_or(UNKNOWN_ALGORITHM)?);
            }
            "kid" => self.key_id = Some(value.text("`kid` is not text")?),
            "typ" => self.token_type = Some(value.text("`typ` is not text")?),
            // We understand no extension, so whatever form `crit` has, it demands too much or is malformed.
            "crit" => return Err("the header demands an extension (`crit`)"),
            "b64" => return Err("the payload is not encoded (`b64`)"),
            "enc" => return Err("the token is encrypted (`enc`)"),
            "zip" => return Err("the token is compressed (`zip`)"),
            _ => value.skip()?,
        }
        Ok(())
    }
}

/// Far above any limit that the bearer scheme is likely to be given; its own default is 16 KiB.
const MAX_TOKEN: usize = 64 * 1024;
/// The text of 1024 bytes: the signature of an 8192-bit RSA key, the longest there is.
const MAX_SIGNATURE: usize = 1366;
/// Holds the longest signature, by the estimate of the decoder, which counts whole quanta.
const NEAR: usize = 1026;

const NOT_THREE_PARTS: Cause = "not three parts";
