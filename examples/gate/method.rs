//! The method of a request: refused where two readers could take it for two things.

/// Says why nobody should guess what `method` means; `named` are those that the rules name. Case counts (RFC 9110 section 9.1).
pub(crate) fn read<'n>(method: &str, named: impl Iterator<Item = &'n str>) -> Result<(), &'static str> {
    if method.len() > MAX_LENGTH {
        return Err("longer than any");
    }
    let mut known = KNOWN.into_iter().chain(named).filter(|known| known.eq_ignore_ascii_case(method)).peekable();
    if known.peek().is_some() && known.all(|known| known != method) {
        return Err("a known one in other letters");
    }
    Ok(())
}

const MAX_LENGTH: usize = 32;

/// Those that servers commonly have.
const KNOWN: [&str; 18] = [
    "CONNECT",
    "COPY",
    "DELETE",
    "GET",
    "HEAD",
    "LOCK",
    "MKCOL",
    "MOVE",
    "OPTIONS",
    "PATCH",
    "POST",
    "PROPFIND",
    "PROPPATCH",
    "PUT",
    "QUERY",
    "REPORT",
    "TRACE",
    "UNLOCK",
];
