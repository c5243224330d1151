//! What programs read: `grpc-status-details-bin`, a `google.rpc.Status` with its usual details.
//!
//! A code of gRPC stands for several reasons, and a message is for people. `ErrorInfo` names the reason, `RetryInfo` says how
//! long to wait, `RequestInfo` has the id. These few messages are written by hand: they need no dependency for it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;

use super::message::asked_for;
use crate::error::Reason;
use crate::response::rejection::Rejection;

/// Whose reasons these are (the `domain` of `ErrorInfo`).
const DOMAIN: &str = "portcullis";

/// The details in base64, as metadata that is binary travels.
pub(super) fn details(rejection: &Rejection, message: &str) -> String {
    let mut status = Message::default();
    status.number(1, u64::from(rejection.grpc_code()));
    status.text(2, message);
    status.any(3, "google.rpc.ErrorInfo", &error_info(rejection));
    status.any(3, "google.rpc.RequestInfo", &request_info(rejection));
    if let Some(delay) = rejection.retry_after() {
        let mut duration = Message::default();
        // The longest that a `google.protobuf.Duration` can be: 10000 years.
        duration.number(1, delay.as_secs().min(315_576_000_000));
        duration.number(2, u64::from(delay.subsec_nanos()));
        let mut retry_info = Message::default();
        retry_info.bytes(1, &duration.0);
        status.any(3, "google.rpc.RetryInfo", &retry_info);
    }
    BASE64_STANDARD_NO_PAD.encode(status.0)
}

fn error_info(rejection: &Rejection) -> Message {
    let mut info = Message::default();
    // As in a problem document: a hidden refusal must look like anything that is not there.
    let code = if rejection.reason() == Reason::Hidden { "not_found" } else { rejection.reason().code() };
    info.text(1, &code.to_ascii_uppercase());
    info.text(2, DOMAIN);
    for (name, value) in asked_for(rejection) {
        let mut entry = Message::default();
        entry.text(1, name);
        entry.text(2, &value);
        info.bytes(3, &entry.0);
    }
    info
}

fn request_info(rejection: &Rejection) -> Message {
    let mut info = Message::default();
    info.text(1, &rejection.id().to_string());
    info
}

/// A message of protocol buffers in the making.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn number(&mut self, field: u8, value: u64) {
        self.0.push(field << 3);
        self.varint(value);
    }

    fn text(&mut self, field: u8, value: &str) {
        self.bytes(field, value.as_bytes());
    }

    fn bytes(&mut self, field: u8, value: &[u8]) {
        self.0.push(field << 3 | 2);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
    }

    /// A `google.protobuf.Any`.
    fn any(&mut self, field: u8, name: &str, value: &Self) {
        let mut any = Self::default();
        any.text(1, &["type.googleapis.com/", name].concat());
        any.bytes(2, &value.0);
        self.bytes(field, &any.0);
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            // The low seven bits, and that more follow.
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}
