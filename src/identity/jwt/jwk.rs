//! Public keys in a JWK set (RFC 7517).

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::algorithm::{Algorithm, Curve};
use super::base64url::decode;
use super::json::{Cause, is_unique};
use super::key_set::{MAX_KEYS, Named};
use super::material::{Kind, Material};
use crate::error::{ConfigError, ConfigFault};

/// What became of one entry of a set: a key and its numbers, or the fact that it is not for us, which is no fault.
type Entry = Result<(Named, Material), Skipped>;

pub(super) struct Skipped;

/// Reads a set and binds each key to one of the `allowed` algorithms.
pub(super) fn read_set(json: &[u8], allowed: &[Algorithm]) -> Result<Vec<Named>, ConfigError> {
    let entries = entries(json).map_err(|problem| ConfigFault::new("keys", problem))?;
    let (mut keys, mut faults) = (Vec::new(), Vec::new());
    for (index, entry) in entries.iter().enumerate() {
        match read_entry(entry, allowed) {
            Ok(Ok((key, _))) => keys.push(key),
            Ok(Err(Skipped)) => {}
            Err(problem) => faults.push(ConfigFault::new(name(entry, index), problem)),
        }
    }
    if keys.is_empty() && faults.is_empty() {
        faults.push(ConfigFault::new("keys", none_for(entries.len(), allowed)));
    }
    ConfigError::unless_empty(faults, keys)
}

/// The entries of a set, whatever each of them is.
pub(super) fn entries(json: &[u8]) -> Result<Vec<Value>, Cow<'static, str>> {
    if !is_unique(json) {
        return Err("the document names a member of an object twice, so that readers may differ about it".into());
    }
    let document: Value = serde_json::from_slice(json).map_err(|error| format!("not JSON: {error}"))?;
    let Value::Object(mut document) = document else { return Err(NOT_A_SET.into()) };
    let Some(Value::Array(entries)) = document.remove("keys") else { return Err(NOT_A_SET.into()) };
    if entries.len() > MAX_KEYS {
        return Err(format!("{} keys are more than the {MAX_KEYS} that are read", entries.len()).into());
    }
    Ok(entries)
}

/// Reads one entry of a set, and binds its key to one of the `allowed` algorithms.
pub(super) fn read_entry(entry: &Value, allowed: &[Algorithm]) -> Result<Entry, Cow<'static, str>> {
    let Value::Object(members) = entry else { return Err("an entry of `keys` that is not an object".into()) };
    Jwk(members).read(allowed)
}

/// What an entry is called: by its `kid`, else by its place.
pub(super) fn name(entry: &Value, index: usize) -> String {
    match entry.get("kid") {
        Some(Value::String(key_id)) => format!("key {key_id:?}"),
        _ => format!("key number {}", index + 1),
    }
}

/// What is wrong with a set in which every key is meant for others.
pub(super) fn none_for(count: usize, allowed: &[Algorithm]) -> String {
    let names: Vec<_> = allowed.iter().map(|algorithm| algorithm.name()).collect();
    format!("none of the {count} keys of the set verifies {}", names.join(", "))
}

#[derive(Clone, Copy)]
struct Jwk<'j>(&'j Map<String, Value>);

impl<'j> Jwk<'j> {
    fn read(self, allowed: &[Algorithm]) -> Result<Entry, Cow<'static, str>> {
        let key_id = self.text("kid")?;
        let key_type = self.text("kty")?.ok_or("`kty` is missing")?;
        if key_type == "oct" {
            return Err("a symmetric key in a public set: whoever can read the set can sign; use `KeySet::hmac`".into());
        }
        if !self.is_for_signatures()? {
            return Ok(Err(Skipped));
        }
        let Some(kind) = self.kind(key_type)? else { return Ok(Err(Skipped)) };
        let Some(algorithm) = self.algorithm(kind, allowed)? else { return Ok(Err(Skipped)) };
        let material = self.material(kind)?;
        let key = material.prepare(algorithm)?;
        Ok(Ok((Named::new(key_id, algorithm, key), material)))
    }

    /// The one allowed algorithm that the key states, or else fits; none if it is not for us.
    fn algorithm(self, kind: Kind, allowed: &[Algorithm]) -> Result<Option<Algorithm>, Cow<'static, str>> {
        if let Some(name) = self.text("alg")? {
            return match Algorithm::named(name).filter(|algorithm| allowed.contains(algorithm)) {
                Some(stated) if !kind.fits(stated) => Err(format!("{stated} does not fit its type or curve").into()),
                stated => Ok(stated),
            };
        }
        let mut fitting = allowed.iter().copied().filter(|&algorithm| kind.fits(algorithm));
        match (fitting.next(), fitting.next()) {
            (Some(one), Some(other)) => {
                let problem = format!("without `alg` it could serve {one} or {other}; add `alg`, or allow one of them");
                Err(problem.into())
            }
            (only, _) => Ok(only),
        }
    }

    /// Whether `use` and `key_ops` let the key verify (RFC 7517 sections 4.2 and 4.3).
    fn is_for_signatures(self) -> Result<bool, Cause> {
        let by_use = self.text("use")?.is_none_or(|purpose| purpose == "sig");
        let by_operations = match self.0.get("key_ops") {
            None => true,
            Some(Value::Array(operations)) => operations.iter().any(|operation| operation == "verify"),
            Some(_) => return Err("`key_ops` is not a list"),
        };
        Ok(by_use && by_operations)
    }

    /// Its type and curve, if they are known here.
    fn kind(self, key_type: &str) -> Result<Option<Kind>, Cause> {
        Ok(Some(match (key_type, self.text("crv")?) {
            ("RSA", _) => Kind::Rsa,
            ("EC", Some("P-256")) => Kind::Ec(Curve::P256),
            ("EC", Some("P-384")) => Kind::Ec(Curve::P384),
            ("EC", Some("P-521")) => Kind::Ec(Curve::P521),
            ("OKP", Some("Ed25519")) => Kind::Ed25519,
            ("EC" | "OKP", None) => return Err("`crv` is missing"),
            _ => return Ok(None),
        }))
    }

    fn material(self, kind: Kind) -> Result<Material, Cause> {
        if self.0.contains_key("d") {
            return Err("a private key (`d`), which has no place where tokens are only verified; give its public half");
        }
        match kind {
            Kind::Ec(curve) => Material::ec(curve, &self.octets("x")?, &self.octets("y")?),
            Kind::Ed25519 => Material::ed25519(&self.octets("x")?),
            Kind::Rsa => Material::rsa(&self.octets("n")?, &self.octets("e")?),
        }
    }

    fn text(self, name: &str) -> Result<Option<&'j str>, Cause> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err("a member of the key that must be text is not (one of `alg`, `crv`, `kid`, `kty`, `use`)"),
        }
    }

    fn octets(self, name: &str) -> Result<Vec<u8>, Cause> {
        let Some(Value::String(text)) = self.0.get(name) else {
            return Err("a number of the key is missing or not text (`n` and `e`, or `x` and `y`)");
        };
        decode(text).map_err(|_| "a number of the key is not canonical base64url without padding")
    }
}

const NOT_A_SET: &str = "not a JWK set; it has the form {\"keys\": [..]}";
