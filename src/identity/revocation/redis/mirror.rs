//! The task that keeps the list in memory what the stream is.

use std::sync::Weak;
use std::time::Duration;

use redis::RedisError;

use super::connection::{MAX_NEWS, News, has, read};
use super::revocations::Shared;
use crate::clock::sleep;

/// Follows the stream until nobody uses the list any more. Whatever goes wrong, it begins again where it was, if that is
/// still there.
pub(super) async fn follow(shared: Weak<Shared>) {
    let mut last = String::from(BEGINNING);
    while let Err(error) = follow_once(&shared, &mut last).await {
        let Some(alive) = shared.upgrade() else { return };
        alive.lost(error);
        let pause = alive.patience().min(LONGEST_PAUSE);
        drop(alive);
        sleep(pause).await;
    }
}

/// Follows the stream over one connection. Ends well only where nobody uses the list any more.
async fn follow_once(shared: &Weak<Shared>, last: &mut String) -> Result<(), RedisError> {
    let Some(alive) = shared.upgrade() else { return Ok(()) };
    let (link, key, wait) = (alive.link().clone(), alive.key().to_owned(), alive.patience());
    if alive.has_overflowed() {
        BEGINNING.clone_into(last);
    }
    drop(alive);
    // Of its own: while it waits for news, nothing else is answered over it.
    let mut connection = link.connect_apart().await?;
    // Without what was read last it is another stream: the server lost it, or one took over that did not have all of it. Its
    // entries are numbered by its own clock, maybe below those that were read; so all of them may be news.
    if last != BEGINNING && !has(&mut connection, &key, last).await? {
        BEGINNING.clone_into(last);
    }
    // All that there is, without waiting for more; then what is new.
    let (mut caught_up, mut complete) = (false, true);
    loop {
        // An answer may be held up on its way, and says nothing of what came after the question.
        let Some(asked) = shared.upgrade().map(|alive| alive.milliseconds()) else { return Ok(()) };
        let News { entries, last: reached } = read(&mut connection, &key, last, caught_up.then_some(wait)).await?;
        let Some(alive) = shared.upgrade() else { return Ok(()) };
        complete &= alive.take(&entries);
        if let Some(reached) = reached {
            *last = reached;
        }
        // Where as many were brought as can be at a time, there may be more.
        caught_up = entries.len() < MAX_NEWS;
        if caught_up && complete {
            alive.was_up_to_date(asked);
        } else if caught_up {
            // When others have ended, there may be room for those that were left out.
            drop(alive);
            BEGINNING.clone_into(last);
            (caught_up, complete) = (false, true);
            sleep(wait).await;
        }
    }
}

/// The id before the first entry of any stream.
const BEGINNING: &str = "0-0";
/// How long a lost connection is left alone at most.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
