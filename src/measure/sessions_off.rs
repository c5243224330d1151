//! No counts.

pub(crate) struct Sessions;

impl Sessions {
    pub(crate) const fn new() -> Self {
        Self
    }

    pub(crate) const fn started(&self) {}

    pub(crate) const fn logged_out(&self, _: bool) {}

    pub(crate) const fn revoked(&self, _: usize) {}

    pub(crate) const fn expired(&self, _: usize) {}
}

pub(crate) struct Live;

impl Live {
    pub(crate) const fn new() -> Self {
        Self
    }

    pub(crate) const fn more(&self, _: usize) {}

    pub(crate) const fn fewer(&self, _: usize) {}

    pub(crate) const fn expired(&self, _: usize) {}
}
