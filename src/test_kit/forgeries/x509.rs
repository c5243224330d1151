//! A certificate by the forger for the forger, and the form of signatures in certificates (DER).

use crate::identity::jwt::Algorithm;
use crate::test_kit::forger;

/// A self-signed certificate of the forger's ES256 key.
pub(super) fn self_signed() -> Option<Vec<u8>> {
    let key = forger::key(Algorithm::ES256)?;
    let algorithm = element(SEQUENCE, &[ECDSA_WITH_SHA256]);
    let name =
        element(SEQUENCE, &[&element(SET, &[&element(SEQUENCE, &[COMMON_NAME, &element(UTF8, &[b"id.example"])])])]);
    let validity =
        element(SEQUENCE, &[&element(UTC_TIME, &[b"200101000000Z"]), &element(UTC_TIME, &[b"491231235959Z"])]);
    let version = element(VERSION, &[&element(INTEGER, &[&[2]])]);
    let serial = element(INTEGER, &[&[1]]);
    let body = element(SEQUENCE, &[&version, &serial, &algorithm, &name, &validity, &name, &key.der]);
    let signature = signature_in_der(&key.sign(&body));
    Some(element(SEQUENCE, &[&body, &algorithm, &element(BIT_STRING, &[&[0], &signature])]))
}

/// An ECDSA signature as certificates have it, from one as JWS has it.
pub(super) fn signature_in_der(fixed: &[u8]) -> Vec<u8> {
    let (r, s) = fixed.split_at(fixed.len() / 2);
    element(SEQUENCE, &[&integer(r), &integer(s)])
}

/// A positive number.
fn integer(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|&&octet| octet == 0).count();
    let number = number.get(zeros..).unwrap_or_default();
    let is_negative = number.first().is_none_or(|first| first & 0x80 != 0);
    element(INTEGER, &[if is_negative { &[0] } else { &[] }, number])
}

fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut element = vec![tag];
    match u16::try_from(content.len()).unwrap_or(u16::MAX).to_be_bytes() {
        [0, length @ ..0x80] => element.push(length),
        [0, length] => element.extend([0x81, length]),
        [high, low] => element.extend([0x82, high, low]),
    }
    element.extend(content);
    element
}

const BIT_STRING: u8 = 0x03;
const INTEGER: u8 = 0x02;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const UTC_TIME: u8 = 0x17;
const UTF8: u8 = 0x0c;
const VERSION: u8 = 0xa0;

/// 2.5.4.3
const COMMON_NAME: &[u8] = &[0x06, 3, 0x55, 4, 3];
/// 1.2.840.10045.4.3.2
const ECDSA_WITH_SHA256: &[u8] = &[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
