//! Neighbours that keep sessions in memory.

use std::collections::HashSet;
use std::convert::Infallible;

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use axum_login::{AuthManagerLayerBuilder, AuthSession, AuthUser, AuthnBackend, AuthzBackend};
use axum_login::{login_required, permission_required};
use http::header::SET_COOKIE;
use http::{Request, StatusCode};
use tower::ServiceExt;
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};
use tower_sessions_014 as login_sessions;

use crate::support::case::Case;
use crate::support::ours::Heads;
use crate::support::request::{Body, Head, ROUTE, app, finished, head_case, service_case};

const BROKEN: &str = "theme=dark; id=not-an-id; lang=en";

/// One key is read per request: without that it would not look for the session at all.
pub(crate) async fn tower_sessions(count: usize) -> Vec<Case> {
    async fn log_in(session: Session, Path(number): Path<usize>) {
        session.insert("user", format!("user-{number}")).await.expect("a session");
    }
    async fn item(session: Session, Path(_): Path<u32>) -> StatusCode {
        match session.get::<String>("user").await {
            Ok(Some(_)) => StatusCode::OK,
            _ => StatusCode::UNAUTHORIZED,
        }
    }
    let app = Router::new()
        .route(ROUTE, get(item))
        .route(LOG_IN, post(log_in))
        .layer(SessionManagerLayer::new(MemoryStore::default()));
    let app = finished(app);
    let heads = logged_in(&app, count).await;
    let again = head_case("tower-sessions, one of them again and again", app.clone(), StatusCode::OK, &heads.first());
    vec![
        service_case("tower-sessions, one key read", app.clone(), StatusCode::OK, move || heads.next()),
        again,
        head_case("tower-sessions, broken cookie", app, StatusCode::UNAUTHORIZED, &Head::cookie(BROKEN)),
    ]
}

/// An app, and heads of those who have logged in.
pub(crate) async fn axum_login_app(count: usize) -> (Router, Heads) {
    let app = finished(with_accounts(app().layer(login_required!(Accounts))));
    let heads = logged_in(&app, count).await;
    (app, heads)
}

pub(crate) async fn axum_login(count: usize) -> Vec<Case> {
    let (app, heads) = axum_login_app(count).await;
    let again = head_case("axum-login, one of them again and again", app.clone(), StatusCode::OK, &heads.first());
    vec![
        service_case("axum-login `login_required!`", app.clone(), StatusCode::OK, move || heads.next()),
        again,
        head_case("axum-login, broken cookie", app, StatusCode::UNAUTHORIZED, &Head::cookie(BROKEN)),
    ]
}

/// The check is what the second costs above the first.
pub(crate) async fn axum_login_permission() -> Vec<Case> {
    let plain = finished(with_accounts(app().layer(login_required!(Accounts))));
    let checked = app().layer(permission_required!(Accounts, "orders:write")).layer(login_required!(Accounts));
    let checked = finished(with_accounts(checked));
    let (plain_heads, checked_heads) = (logged_in(&plain, 1).await, logged_in(&checked, 1).await);
    vec![
        service_case("axum-login `login_required!`", plain, StatusCode::OK, move || plain_heads.next()).baseline(),
        service_case("axum-login, `permission_required!` too", checked, StatusCode::OK, move || checked_heads.next()),
    ]
}

#[derive(Clone, Debug)]
struct Account {
    number: usize,
    /// As long as an argon2id hash in its usual text form.
    hash: [u8; 97],
}

impl AuthUser for Account {
    type Id = usize;

    fn id(&self) -> usize {
        self.number
    }

    fn session_auth_hash(&self) -> &[u8] {
        &self.hash
    }
}

/// Knows everybody.
#[derive(Clone, Debug)]
struct Accounts;

impl AuthnBackend for Accounts {
    type User = Account;
    type Credentials = usize;
    type Error = Infallible;

    async fn authenticate(&self, number: usize) -> Result<Option<Account>, Infallible> {
        Ok(Some(Account { number, hash: [b'h'; 97] }))
    }

    async fn get_user(&self, number: &usize) -> Result<Option<Account>, Infallible> {
        self.authenticate(*number).await
    }
}

impl AuthzBackend for Accounts {
    type Permission = &'static str;

    async fn get_user_permissions(&self, _: &Account) -> Result<HashSet<&'static str>, Infallible> {
        Ok(HashSet::from(["orders:read", "orders:write"]))
    }
}

fn with_accounts(router: Router) -> Router {
    async fn log_in(mut session: AuthSession<Accounts>, Path(number): Path<usize>) {
        let account = session.authenticate(number).await.expect("accounts").expect("an account");
        session.login(&account).await.expect("a session");
    }
    let sessions = login_sessions::SessionManagerLayer::new(login_sessions::MemoryStore::default());
    router.route(LOG_IN, post(log_in)).layer(AuthManagerLayerBuilder::new(Accounts, sessions).build())
}

/// Logs `count` users in, and makes a request head for each.
async fn logged_in(app: &Router, count: usize) -> Heads {
    let mut cookies = Vec::new();
    for number in 0..count {
        let request = Request::post(format!("/log-in/{number}")).body(Body::empty()).expect("a request");
        let Ok(response) = app.clone().oneshot(request).await;
        let cookie = response.headers()[SET_COOKIE].to_str().expect("a cookie").split(';').next().unwrap_or_default();
        cookies.push(format!("theme=dark; {cookie}; lang=en"));
    }
    Heads::new(&cookies)
}

const LOG_IN: &str = "/log-in/{number}";
