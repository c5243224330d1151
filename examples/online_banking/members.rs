//! What members do. Whoever gets here is somebody: the layers have seen to that.

use axum::Form;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse, Redirect, Response};
use portcullis::axum::Refused;
use portcullis::clock::Clock as _;
use portcullis::{Identity, VerifyError};

use super::Bank;
use super::books::{self, Transfer};
use super::member_pages::{self, TransferForm};

#[derive(serde::Deserialize)]
pub(crate) struct Sent {
    sent: Option<String>,
}

pub(crate) async fn account(State(bank): State<Bank>, member: Identity, Query(query): Query<Sent>) -> Html<String> {
    let name = member.subject();
    let transfers = bank.books.last(name, 8);
    let sent = transfers.first().filter(|last| query.sent.is_some() && last.from == name);
    Html(member_pages::account(name, bank.books.balance(name), &transfers, sent, bank.clock.now()))
}

pub(crate) async fn transfer_form(State(bank): State<Bank>, member: Identity) -> Html<String> {
    let balance = bank.books.balance(member.subject());
    Html(member_pages::transfer(member.subject(), balance, &TransferForm::default(), None))
}

pub(crate) async fn transfer(State(bank): State<Bank>, member: Identity, Form(form): Form<TransferForm>) -> Response {
    let Err(fault) = send(&bank, member.subject(), &form) else {
        return Redirect::to("/account?sent").into_response();
    };
    let balance = bank.books.balance(member.subject());
    let page = member_pages::transfer(member.subject(), balance, &form, Some(fault));
    (StatusCode::UNPROCESSABLE_ENTITY, Html(page)).into_response()
}

/// Which field is wrong, and what to do about it.
type Fault = (&'static str, &'static str);

fn send(bank: &Bank, from: &str, form: &TransferForm) -> Result<(), Fault> {
    let amount = form.amount.parse().map_err(|()| ("amount", "Write the amount in euros and cents, such as 25.00."))?;
    let transfer = Transfer {
        from: from.to_owned(),
        to: form.to.clone(),
        amount,
        reference: form.reference.chars().take(80).collect(),
        at: bank.clock.now(),
    };
    bank.books.transfer(transfer).map_err(|refused| match refused {
        books::Refused::UnknownPayee => ("to", "Choose one of those whom you can send money to."),
        books::Refused::TooMuch => ("amount", "That is more than you have."),
    })
}

pub(crate) async fn devices(State(bank): State<Bank>, member: Identity, head: Parts) -> Result<Html<String>, Refused> {
    let sessions = bank.sessions.list(member.issuer(), member.subject()).await;
    let sessions = sessions.map_err(|error| Refused::new(VerifyError::unavailable(error), &head))?;
    // The identity of a request by session carries the session's public id.
    let this = member.credential_id().unwrap_or_default();
    Ok(Html(member_pages::devices(&sessions, this, bank.clock.now())))
}
