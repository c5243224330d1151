//! What a store may hold under the key of a session: anything. It is a session that was written here, or it is damaged.

#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::identity::session::{Moment, SessionKey, SessionOwner, SessionRow};

fuzz_target!(|facts: &[u8]| {
    let owner = SessionOwner::new("staff", "alice");
    // A key that has the shard of its owner.
    let mut key = [7; 16];
    let [high, low] = owner.shard().to_be_bytes();
    (key[14], key[15]) = (key[0] ^ high, key[1] ^ low);
    let row = SessionRow {
        key: SessionKey::from_bytes(key),
        digest: [1; 32],
        previous: Some([2; 32]),
        owner: *owner.digest(),
        last_seen: Moment::from_millis(1_000),
        ends_at: Moment::from_millis(u64::MAX),
        facts: facts.to_vec(),
    };
    match row.into_record() {
        Ok(record) => {
            assert_eq!(record.owner().digest(), owner.digest(), "the session of somebody else");
            // What was read is written again, and reads back as the same.
            let again = record.to_row().expect("it fitted").into_record().expect("it was ours");
            assert_eq!(again.to_row().expect("it fitted").facts, record.to_row().expect("it fitted").facts);
        }
        Err(error) => assert!(error.is_damaged(), "{error}"),
    }
});
