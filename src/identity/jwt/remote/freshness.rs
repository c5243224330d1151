//! For how long an answer is fresh (RFC 9111), and when to ask again.

use std::time::Duration;

use super::RemoteKeys;

/// The freshness that `Cache-Control` asks for, less the time that the answer lay in caches, between the bounds; none where
/// the field asks for nothing, forbids storing, or cannot be read: keys have to be stored to be used.
pub(super) fn asked_for(cache_control: Option<&str>, age: Option<u64>) -> Option<Duration> {
    let mut max_age = None;
    for directive in cache_control?.split(',').map(str::trim).filter(|directive| !directive.is_empty()) {
        let (name, value) = match directive.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (directive, None),
        };
        if ["no-store", "no-cache"].iter().any(|forbids| name.eq_ignore_ascii_case(forbids)) {
            return None;
        }
        if name.eq_ignore_ascii_case("max-age") {
            let seconds = seconds(value?)?;
            if max_age.replace(seconds).is_some_and(|earlier| earlier != seconds) {
                return None;
            }
        }
    }
    let left = max_age?.saturating_sub(age.unwrap_or(0));
    Some(Duration::from_secs(left).clamp(RemoteKeys::MIN_MAX_AGE, RemoteKeys::MAX_MAX_AGE))
}

/// Digits, perhaps in quotes (RFC 9111 section 5.2); as many as there are (section 1.2.2).
fn seconds(value: &str) -> Option<u64> {
    let quoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let digits = quoted.unwrap_or(value);
    let is_number = !digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

/// How long after fetching to fetch again: at 80 % of the freshness, or up to a tenth of that earlier as `random` has it, so
/// that services which started together do not ask together.
pub(super) fn refresh_after(fresh_for: Duration, random: u64) -> Duration {
    // Less than 81, so it fits.
    let early = (random % 81) as u32;
    fresh_for / 1000 * (800 - early)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freshness_is_what_the_issuer_asks_for_between_a_minute_and_a_day() {
        let seconds = |field, age| asked_for(Some(field), age).map(|fresh| fresh.as_secs());
        assert_eq!(seconds("max-age=600", None), Some(600));
        assert_eq!(seconds("public, MAX-AGE=\"900\", must-revalidate", None), Some(900));
        assert_eq!(seconds("max-age=600, max-age=600", None), Some(600));
        assert_eq!(seconds("max-age=600", Some(240)), Some(360));
        assert_eq!(seconds("max-age=600", Some(9_999)), Some(60));
        assert_eq!(seconds("max-age=0", None), Some(60));
        assert_eq!(seconds("max-age=31536000", None), Some(86_400));
        assert_eq!(seconds("max-age=99999999999999999999999", None), Some(86_400));
    }

    #[test]
    fn what_asks_for_nothing_or_cannot_be_read_leaves_the_default() {
        assert_eq!(asked_for(None, Some(5)), None);
        for field in [
            "",
            "no-store",
            "no-cache, max-age=600",
            "max-age=600, No-Store",
            "max-age",
            "max-age=",
            "max-age=-1",
            "max-age=1.5",
            "max-age=ten",
            "max-age=600, max-age=60",
            "s-maxage=600",
        ] {
            assert_eq!(asked_for(Some(field), None), None, "{field}");
        }
    }

    #[test]
    fn the_next_fetch_comes_before_the_keys_are_old_and_not_for_all_at_once() {
        let fresh_for = RemoteKeys::DEFAULT_FRESH_FOR;
        let times: Vec<_> = (0..200).map(|random| refresh_after(fresh_for, random)).collect();
        let (first, last) = (times.iter().min().unwrap(), times.iter().max().unwrap());
        assert_eq!((first.as_secs(), last.as_secs()), (432, 480));
        let of_a_day = refresh_after(RemoteKeys::MAX_MAX_AGE, u64::MAX).as_secs();
        assert!((62_208..=69_120).contains(&of_a_day), "{of_a_day}");
    }
}
