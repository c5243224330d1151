//! Hashes beside argon2 and bcrypt: what databases and htpasswd files of the last decades hold.

mod apr1;
mod crypt_base64;
mod pbkdf2;
mod scrypt;
mod sha1;
mod sha_crypt;

pub(super) use apr1::read as apr1;
pub(super) use pbkdf2::{read_sha256 as pbkdf2_sha256, read_sha512 as pbkdf2_sha512};
pub(super) use scrypt::read as scrypt;
pub(super) use sha_crypt::{read_sha256 as sha256_crypt, read_sha512 as sha512_crypt};
pub(super) use sha1::read as sha1;
