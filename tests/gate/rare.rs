//! How often a line of the log is written that clients can cause; in simulated time, on the module that counts.

#[path = "../../examples/gate/rare.rs"]
mod module;

use std::time::Duration;

use tokio::time::advance;

use module::Rare;

#[tokio::test(start_paused = true)]
async fn what_happens_often_is_said_once_in_a_while_with_how_often_it_was_not() {
    let rare = Rare::new(Duration::from_secs(60));
    assert_eq!(rare.turn(), Some(0), "at once");
    for _ in 0..200 {
        assert_eq!(rare.turn(), None);
    }
    advance(Duration::from_millis(59_999)).await;
    assert_eq!(rare.turn(), None);
    advance(Duration::from_millis(1)).await;
    assert_eq!(rare.turn(), Some(201));
    assert_eq!(rare.turn(), None);
    advance(Duration::from_secs(60)).await;
    assert_eq!(rare.turn(), Some(1), "counted anew");
}
