//! Where things are.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::identity::session::key::{SessionKey, SessionOwner};

/// The names of all keys begin with it.
pub(super) struct Keys {
    prefix: Box<str>,
}

impl Keys {
    pub(super) const fn new(prefix: Box<str>) -> Self {
        Self { prefix }
    }

    pub(super) fn session(&self, key: SessionKey) -> String {
        format!("{{{}:{:04x}}}:s:{key}", self.prefix, key.shard())
    }

    /// The list of an owner's sessions, by the digest of the owner.
    pub(super) fn owner(&self, shard: u16, digest: &[u8; 32]) -> String {
        format!("{{{}:{shard:04x}}}:o:{}", self.prefix, URL_SAFE_NO_PAD.encode(digest))
    }

    pub(super) fn of(&self, owner: &SessionOwner<'_>) -> String {
        self.owner(owner.shard(), owner.digest())
    }

    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_and_their_sessions_lie_together() {
        let keys = Keys::new("portcullis".into());
        let owner = SessionOwner::new("staff", "alice");
        let session = keys.session(SessionKey::new([7; 16], &owner));
        let list = keys.of(&owner);
        let tag = |name: &str| name.split_once('}').map(|(tag, _)| tag.to_owned());
        assert_eq!(tag(&session), tag(&list));
        assert!(session.starts_with("{portcullis:") && session.len() == "{portcullis:0000}:s:".len() + 22, "{session}");
        assert!(list.len() == "{portcullis:0000}:o:".len() + 43, "{list}");
    }
}
