//! `trusted_proxies`: whose word is taken for where a request comes from.

use portcullis::credentials::TrustedProxies;

use super::section::Section;

pub(super) fn read(root: &mut Section<'_>) -> TrustedProxies {
    // To write down that there are none is no mistake: it is what holds anyway.
    let Some(networks) = root.some_names("trusted_proxies") else { return TrustedProxies::none() };
    TrustedProxies::new(&networks).unwrap_or_else(|error| {
        for fault in error {
            let network = fault.setting().strip_prefix("trusted proxy ").unwrap_or(fault.setting());
            root.fault("trusted_proxies", format!("{network} {}", fault.problem()));
        }
        TrustedProxies::none()
    })
}
