//! How the cost of a token that was seen before grows with how many of them there are, and what each of them weighs.

use crate::support::seen::Live;
use crate::table::{self, Group};

/// A million tokens take a few gigabytes and a minute to set up, so that one has to be asked for.
pub(crate) fn print(counts: &[String]) {
    let counts = match counts {
        [] => vec![1_000, 10_000, 100_000],
        counts => counts.iter().map(|count| count.parse().expect("a number of tokens")).collect(),
    };
    let mut weights = Vec::new();
    let mut groups = Vec::new();
    for count in counts {
        let live = Live::padded(count);
        let mut verifier = None;
        let weight = allocation_counter::measure(|| verifier = Some(live.verifier())).bytes_current;
        let verifier = verifier.expect("a verifier");
        weights.push((count, weight as f64 / count as f64, live.tokens.first().len()));
        let cases = vec![
            live.bare(),
            live.again_and_again("portcullis, one token again and again", verifier.clone()),
            live.case("portcullis, in no order", verifier),
        ];
        // One size after the other: they would push each other out of the caches.
        groups.push(Group::new(format!("{count} tokens live"), cases));
        table::measure(&mut groups);
        groups.clear();
    }
    println!("\n| live tokens | bytes in each token | bytes allocated for each |\n|---:|---:|---:|");
    for (count, weight, length) in weights {
        println!("| {count} | {length} | {weight:.0} |");
    }
}
