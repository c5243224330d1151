//! A value that must not be seen: elided when printed, compared in constant time, wiped when dropped.

use std::fmt;

use zeroize::Zeroize;

/// A secret.
///
/// It has no `Display`, no `Clone` and no serialisation; `Debug` prints a placeholder; equality takes the same time
/// wherever the first difference lies (the length is not hidden); the memory is zeroed on drop. [`expose`](Self::expose)
/// is the one way in, and the word to look for in a review.
///
/// ```
/// use portcullis::Secret;
///
/// let secret = Secret::new(String::from("open sesame"));
/// assert_eq!(format!("{secret:?}"), "Secret(..)");
/// assert_eq!(secret.expose(), "open sesame");
/// assert!(secret == Secret::new(String::from("open sesame")));
/// ```
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Wraps `value`. Copies made before this call are the caller's to wipe.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Call this at the last moment, and keep no copy.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// The value itself, to be written in place: a copy would have to be wiped too.
    pub(crate) const fn expose_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: Zeroize + AsRef<[u8]>> PartialEq for Secret<T> {
    fn eq(&self, other: &Self) -> bool {
        constant_time_eq::constant_time_eq(self.0.as_ref(), other.0.as_ref())
    }
}

impl<T: Zeroize + AsRef<[u8]>> Eq for Secret<T> {}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
