//! Logging out.

use std::sync::Arc;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Method, Request, Response};

use super::reply::{done, see_other};
use super::settings::Settings;
use super::wish::{Wish, wish};

/// Ends the session here, then in the browser. Without a session there is nothing left to do.
pub(super) async fn log_out<B>(settings: Arc<Settings>, request: Request<B>) -> Response<Bytes> {
    let (head, _) = request.into_parts();
    if head.method != Method::POST {
        return settings.method_not_allowed("POST", &head);
    }
    // Nobody else can have a browser send a header, so who shows one needs no other proof.
    let is_on_purpose = head.headers.contains_key(AUTHORIZATION);
    let origin = if is_on_purpose { Ok(()) } else { settings.check_origin(&head) };
    let shown = match origin.and_then(|()| settings.shown(&head.headers)) {
        Ok(shown) => shown,
        Err(error) => return settings.refuse(&error, head),
    };
    if let Some(id) = shown {
        match settings.sessions().end(&id).await {
            Ok(true) => settings.tell_logged_out(&id),
            Ok(false) => {}
            // It may live on: the client keeps its cookie, to try again.
            Err(error) => return settings.unfinished(error, head),
        }
    }
    let is_page = wish(&head.headers) == Wish::Html;
    let mut response = if is_page { see_other(settings.after_log_out.clone()) } else { done() };
    settings.clear_cookie(&head.headers, &mut response);
    response
}
