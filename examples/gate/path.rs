//! The path of a request: refused where two readers could take it for two things, else decoded once for matching.

use crate::percent;

/// The decoded bytes of `raw`, or why nobody should guess what it means. Matching is by bytes, and so with case.
pub(crate) fn read(raw: &str) -> Result<Vec<u8>, &'static str> {
    if !raw.starts_with('/') {
        return Err("it does not begin with a slash");
    }
    if raw.contains(['\\', ';']) {
        return Err("a backslash or a semicolon");
    }
    let decoded = percent::decode(raw).ok_or("a broken escape")?;
    let slashes = |bytes: &[u8]| bytes.iter().filter(|&&byte| byte == b'/').count();
    if slashes(&decoded) != slashes(raw.as_bytes()) || decoded.contains(&b'\\') || decoded.contains(&0) {
        return Err("an encoded slash, backslash or NUL");
    }
    if decoded.windows(2).any(|pair| pair == b"//") {
        return Err("an empty segment");
    }
    if decoded.split(|&byte| byte == b'/').any(|segment| matches!(segment, b"." | b"..")) {
        return Err("a segment of dots");
    }
    Ok(decoded)
}

/// Which paths a rule is about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Pattern {
    Exact(String),
    /// This path, and everything below it.
    Below(String),
}

impl Pattern {
    /// `/*`
    pub(crate) const ALL: Self = Self::Below(String::new());

    /// Reads an exact path, or a prefix that ends in `/*`.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let (path, below) = match text.strip_suffix("/*") {
            Some(prefix) => (prefix, true),
            None => (text, false),
        };
        if !text.starts_with('/') {
            return Err("does not begin with a slash; write it as in a URL, without the host");
        }
        if path.contains(['*', '?', '#', '%']) {
            return Err("holds one of *?#%; write the path decoded and without a query, with /* at its end at most");
        }
        if !path.is_empty() && read(path).is_err() {
            return Err(
                "is a path that is always refused (empty or dotted segment, backslash, semicolon); it never matches",
            );
        }
        if below && path.ends_with('/') {
            return Err("has an empty segment before the *; such paths are always refused");
        }
        Ok(if below { Self::Below(path.to_owned()) } else { Self::Exact(path.to_owned()) })
    }

    /// Whether a decoded path is meant: `/admin/*` is `/admin`, `/admin/` and all below, and not `/adminx`.
    pub(crate) fn matches(&self, path: &[u8]) -> bool {
        match self {
            Self::Exact(own) => own.as_bytes() == path,
            Self::Below(prefix) => {
                path.strip_prefix(prefix.as_bytes()).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
            }
        }
    }
}
