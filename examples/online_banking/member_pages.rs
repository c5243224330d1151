//! What members see.

use portcullis::clock::UnixTime;
use portcullis::identity::session::SessionInfo;

use super::books::{Money, PAYEES, Transfer, full_name};
use super::page::{For, Text, ago, page};

/// The balance, and what moved last.
pub(crate) fn account(
    member: &str,
    balance: i64,
    transfers: &[Transfer],
    sent: Option<&Transfer>,
    now: UnixTime,
) -> String {
    let sent = sent.map_or(String::new(), |transfer| {
        let to = Text(full_name(&transfer.to));
        format!(r#"<p class="done" role="status">{} sent to {to}.</p>"#, transfer.amount)
    });
    let rows: String = transfers
        .iter()
        .map(|transfer| {
            let (other, sign, class) =
                if transfer.from == member { (&transfer.to, "\u{2212}", "out") } else { (&transfer.from, "+", "in") };
            let dot = if transfer.reference.is_empty() { "" } else { " · " };
            format!(
                r#"<tr><th scope="row">{other}<span>{reference}{dot}{when}</span></th><td class="{class}">{sign}{amount}</td></tr>"#,
                other = Text(full_name(other)),
                reference = Text(&transfer.reference),
                // In one line.
                when = ago(transfer.at, now).replace(' ', "&nbsp;"),
                amount = transfer.amount,
            )
        })
        .collect();
    let body = format!(
        r#"<h1>Hello, {name}</h1>
{sent}
<section class="card balance">
  <div><h2>Balance</h2><p class="amount" id="balance">{balance}</p></div>
  <a class="button" href="/transfer">Send money</a>
</section>
<section class="card">
  <h2 id="last">Last transfers</h2>
  <table aria-labelledby="last">
    <thead><tr><th scope="col">With whom</th><th scope="col">Amount</th></tr></thead>
    <tbody>{rows}</tbody>
  </table>
</section>"#,
        name = Text(full_name(member).split(' ').next().unwrap_or_default()),
        balance = Money(balance),
    );
    page("Account", For::Member("/account"), &body)
}

/// The fields of a transfer as they were typed.
#[derive(Default, serde::Deserialize)]
pub(crate) struct TransferForm {
    pub(crate) to: String,
    pub(crate) amount: String,
    #[serde(default)]
    pub(crate) reference: String,
}

/// The form to send money with; `fault` is what is wrong with how it was filled: which field, and what to do.
pub(crate) fn transfer(member: &str, balance: i64, form: &TransferForm, fault: Option<(&str, &str)>) -> String {
    let TransferForm { to, amount, reference } = form;
    let payees: String = PAYEES
        .iter()
        .filter(|(name, _)| *name != member)
        .map(|(name, full)| {
            let selected = if name == to { " selected" } else { "" };
            format!(r#"<option value="{name}"{selected}>{}</option>"#, Text(full))
        })
        .collect();
    let alert = fault
        .map_or(String::new(), |(_, text)| format!(r#"<p class="fault" role="alert" id="fault">{}</p>"#, Text(text)));
    let mark = |field| match fault {
        Some((wrong, _)) if wrong == field => r#" aria-invalid="true" aria-describedby="fault" autofocus"#,
        _ => "",
    };
    let body = format!(
        r#"<section class="card narrow">
<h1>Send money</h1>
<p class="hint">You have {balance}.</p>
{alert}
<form method="post" action="/transfer">
  <label for="to">To</label>
  <select id="to" name="to"{to_mark}>{payees}</select>
  <label for="amount">Amount in euros</label>
  <input id="amount" name="amount" value="{amount}" inputmode="decimal" autocomplete="off" placeholder="25.00" required{amount_mark}>
  <label for="reference">Reference <small>(if you like)</small></label>
  <input id="reference" name="reference" value="{reference}" maxlength="80" autocomplete="off">
  <button>Send</button>
</form>
</section>"#,
        balance = Money(balance),
        to_mark = mark("to"),
        amount = Text(amount),
        amount_mark = mark("amount"),
        reference = Text(reference),
    );
    page("Send money", For::Member("/transfer"), &body)
}

/// Where the member is logged in. `this` is the public id of the session that the page is shown to.
pub(crate) fn devices(sessions: &[SessionInfo], this: &str, now: UnixTime) -> String {
    // The one at hand first, then the newest.
    let (own, others): (Vec<_>, Vec<_>) = sessions.iter().rev().partition(|session| session.public_id() == this);
    let entry = |session: &SessionInfo| device(session, session.public_id() == this, now);
    let entries: String = own.into_iter().chain(others).map(entry).collect();
    let body = format!(
        r#"<h1>Devices</h1>
<p class="lead">Here you are logged in. If you do not know one of these, log it out and choose another password.</p>
<ul class="devices">{entries}</ul>
<div class="row">
  <form method="post" action="/session/revoke-others"><button class="quiet">Log out all others</button></form>
  <form method="post" action="/session/revoke-all"><button class="danger">Log out everywhere</button></form>
</div>"#
    );
    page("Devices", For::Member("/devices"), &body)
}

fn device(session: &SessionInfo, is_this: bool, now: UnixTime) -> String {
    // What a client calls itself can be anything.
    let label = Text(session.label().unwrap_or("A device without a name"));
    let address = session.address().map_or(String::new(), |address| format!(" from {address}"));
    let badge = if is_this { r#" <span class="badge">This one</span>"# } else { "" };
    let kept = if session.is_remembered() { ", kept logged in" } else { "" };
    format!(
        r#"<li class="card">
  <div>
    <h2>{label}{badge}</h2>
    <p class="hint">Logged in {since}{address}{kept}. Last seen {seen}.</p>
  </div>
  <form method="post" action="/session/sessions/{id}/end"><button class="quiet" aria-label="Log out {label}">Log out</button></form>
</li>"#,
        since = ago(session.created_at(), now),
        seen = ago(session.last_seen(), now),
        id = session.public_id(),
    )
}
