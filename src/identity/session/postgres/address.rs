//! Where the server is, read from a URL.

use sqlx::postgres::PgConnectOptions;

use crate::error::ConfigFault;
use crate::secret::Secret;

/// What the driver makes of the URL. A fault repeats nothing of it but a parameter's name.
pub(super) fn parse(url: &Secret<String>) -> Result<PgConnectOptions, ConfigFault> {
    let url = url.expose().as_str();
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(not_a_server());
    }
    let (before_fragment, _) = url.split_once('#').unwrap_or((url, ""));
    let parameters = before_fragment.split_once('?').map_or("", |(_, parameters)| parameters);
    for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if !is_known(name) {
            // The driver would pass over it and log its value, be it a password.
            return Err(unknown(name));
        }
        if ["sslmode", "ssl-mode"].contains(&name) && !SSL_MODES.contains(&value) {
            return Err(ConfigFault::new("url", format!("has no such sslmode; write one of {}", SSL_MODES.join(", "))));
        }
    }
    let options: PgConnectOptions = url.parse().map_err(|_| not_a_server())?;
    let named = options.get_application_name().is_some();
    Ok(if named { options } else { options.application_name("portcullis") })
}

fn is_known(name: &str) -> bool {
    let is_setting = ["options[", "options%5B", "options%5b"].iter().any(|start| name.starts_with(start));
    is_setting || KNOWN.contains(&name)
}

/// What is no word may be a part of a password that was not written as it must be.
fn unknown(name: &str) -> ConfigFault {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let named = if name.bytes().all(is_word) { format!(", {name:?}") } else { String::new() };
    ConfigFault::new("url", format!("has a parameter that is not known{named}; leave it out"))
}

pub(super) fn not_a_server() -> ConfigFault {
    ConfigFault::new(
        "url",
        "is no address of a PostgreSQL server; write postgres://user:password@host:5432/database?sslmode=verify-full, \
         with every character of the password that is no letter or digit as % and two hexadecimal digits",
    )
}

/// The parameters that the driver knows.
const KNOWN: [&str; 19] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
    "",
];
/// Without `allow`, which the driver takes for `disable`.
const SSL_MODES: [&str; 5] = ["disable", "prefer", "require", "verify-ca", "verify-full"];

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(url: &str) -> String {
        parse(&Secret::new(url.into())).unwrap_err().to_string()
    }

    #[test]
    fn a_fault_says_what_to_change_and_no_password() {
        for (url, said) in [
            ("mysql://bob:hunter2@db/app", "write postgres://"),
            ("postgres://bob:hun/ter2@db:port/app", "as % and two hexadecimal digits"),
            ("postgres://bob@db/app?pasword=hunter2", "\"pasword\""),
            ("postgres://bob:hun?ter2@db/app", "not known; leave it out"),
            ("postgres://bob:hunter2@db/app?sslmode=hunter2", "verify-full"),
            ("postgres://bob:hunter2@db/app?port=hunter2", "write postgres://"),
        ] {
            let fault = fault(url);
            assert!(fault.contains(said), "{fault}");
            assert!(!fault.contains("hunter2") && !fault.contains("ter2"), "{fault}");
        }
    }

    #[test]
    fn settings_of_the_url_are_taken() {
        for url in [
            "postgres://bob@db/app?options=-c%20search_path%3Dauth",
            "postgresql://bob@db/app?options[search_path]=auth&sslmode=require",
            "postgres:///app?host=/run/postgresql&user=bob",
        ] {
            let options = parse(&Secret::new(url.into())).unwrap();
            assert_eq!((options.get_username(), options.get_database()), ("bob", Some("app")));
            assert_eq!(options.get_options().is_some(), url.contains("auth"));
        }
    }
}
