//! How gate words its refusals: people get a page, programs a problem document or plain text.

use std::sync::LazyLock;

use portcullis::response::{Page, PageTexts};

/// One for all layers, and for what gate refuses by itself.
pub(crate) fn page() -> Page {
    static PAGE: LazyLock<Page> = LazyLock::new(|| {
        let page = Page::builder().languages([PageTexts::english(), PageTexts::german()]).build();
        // Texts of the crate's own are never too long.
        page.unwrap_or_default()
    });
    PAGE.clone()
}
