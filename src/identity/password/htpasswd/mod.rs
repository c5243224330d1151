//! Users in a file of `name:hash` lines, as `htpasswd` writes it, read strictly and watched.

mod builder;
mod content;
mod file;
mod lines;
mod state;
mod watch;

pub use builder::HtpasswdFileBuilder;
pub use file::HtpasswdFile;
pub use state::HtpasswdState;
