//! What a person will know a session by: a browser and a system, as the client names itself.

use http::HeaderMap;
use http::header::USER_AGENT;

/// `Firefox on Linux`, of a program its first word: `curl`. Nothing where the client says nothing.
///
/// Clients may say what they like; this is for a list that people read, and decides nothing.
pub(super) fn label(headers: &HeaderMap) -> Option<String> {
    // Only visible ASCII and blanks are taken from what clients call themselves.
    let agent = headers.get(USER_AGENT)?.to_str().ok()?;
    let named =
        |table: &[(&str, &'static str)]| table.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    match (named(&BROWSERS), named(&SYSTEMS)) {
        (Some(browser), Some(system)) => Some(format!("{browser} on {system}")),
        (Some(browser), None) => Some(browser.into()),
        (None, system) => {
            let word = agent.split(['/', ' ', '(']).next().filter(|word| !word.is_empty() && *word != "Mozilla");
            word.or(system).map(Into::into)
        }
    }
}

/// Those that call themselves by the names of others as well come before these.
const BROWSERS: [(&str, &str); 12] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

const SYSTEMS: [(&str, &str); 8] = [
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(agent: &'static str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, HeaderValue::from_bytes(agent.as_bytes()).unwrap());
        label(&headers)
    }

    #[test]
    fn people_recognise_their_browser() {
        for (agent, name) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 \
                 Safari/537.36 Edg/141.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile \
                 Safari/537.36",
                "Chrome on Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/18.6 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 \
                 Safari/605.1.15",
                "Safari on macOS",
            ),
            ("curl/8.5.0", "curl"),
            ("python-requests/2.32", "python-requests"),
            ("Mozilla/5.0 (Windows NT 10.0)", "Windows"),
        ] {
            assert_eq!(of(agent).as_deref(), Some(name), "{agent}");
        }
        for agent in ["", "Mozilla/5.0", "\u{e9}/1.0"] {
            assert_eq!(of(agent), None, "{agent}");
        }
        assert_eq!(label(&HeaderMap::new()), None);
    }
}
