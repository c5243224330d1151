//! One server on one thread, for `sockets`.

use std::hint::black_box;
use std::io::Write;
use std::path::Path;

use http::StatusCode;
use http::header::COOKIE;
use portcullis::authenticate::{Basic, Bearer};
use tokio::net::TcpListener;
use tower::util::MapResponseLayer;

use crate::support::ours::{self, layer};
use crate::support::request::app;
use crate::support::seen::Live;
use crate::{jwt, passwords, session};

/// Each list begins with the bare server that the others of it are compared with. All are sent one token again and again,
/// except those of `many`: ten thousand in no order, and those of `Basic`, one name and password, and of
/// `Session`, one cookie.
pub(crate) const SERVERS: [&[&str]; 5] = [
    &[
        "bare",
        "portcullis, seen before",
        "portcullis, each time as if for the first time",
        "tower-oauth2-resource-server",
    ],
    &["bare, many", "portcullis, seen before, many"],
    &["bare, axum 0.7", "jwt-authorizer"],
    &["bare, Basic", "portcullis, seen before, Basic", "axum `from_fn` with password-auth, Basic"],
    &["bare, Session", "an empty layer, Session", "portcullis, Session", "axum-login, Session"],
];

/// Prints its address when it is ready, after it has written a script for `wrk` to the path of the second argument.
pub(crate) fn run(arguments: &[String]) {
    let [name, script] = arguments else { panic!("which server, and where the script for wrk belongs") };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(serve(name, Path::new(script)));
}

async fn serve(name: &str, script: &Path) {
    let live = Live::signed(if name.ends_with("many") { ours::LIVE } else { 1 });
    let sessions = ours::Sessions::new(1);
    let (login, logged_in) = session::axum_login_app(1).await;
    if name.ends_with("Session") {
        let heads = if name.starts_with("axum-login") { &logged_in } else { &sessions.heads };
        let request = heads.first().request();
        write_cookie(script, request.headers()[COOKIE].to_str().expect("a cookie"));
    } else if name.ends_with("Basic") {
        write_header(script, &passwords::header());
    } else {
        write_script(&live, script);
    }
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    println!("http://{}/orders/4711", listener.local_addr().expect("an address"));
    std::io::stdout().flush().expect("somebody reads this");
    let app = match name {
        "bare" | "bare, many" | "bare, Basic" | "bare, Session" => app(),
        "an empty layer, Session" => {
            app().layer(MapResponseLayer::new(|response: axum::response::Response| response.map(Wrapped)))
        }
        "portcullis, Session" => sessions.axum_app(),
        "axum-login, Session" => login,
        "portcullis, seen before" | "portcullis, seen before, many" => {
            app().layer(layer(Bearer::new("orders", live.verifier())))
        }
        "portcullis, each time as if for the first time" => {
            app().layer(layer(Bearer::new("orders", live.into_signed().verifier())))
        }
        "tower-oauth2-resource-server" => app().layer(jwt::oauth2_resource_server_layer(&live.into_signed()).await),
        "portcullis, seen before, Basic" => app().layer(layer(Basic::new("orders", passwords::verifier()))),
        "axum `from_fn` with password-auth, Basic" => passwords::app(),
        "bare, axum 0.7" => return serve_07(listener, app_07()).await,
        "jwt-authorizer" => {
            let layer = jwt::jwt_authorizer_layer(&live.into_signed()).await;
            return serve_07(listener, app_07().layer(layer)).await;
        }
        other => panic!("`{other}` is no server"),
    };
    axum::serve(listener, app).await.expect("it goes on until it is killed");
}

/// A body around another, as a layer has it that may answer itself: what any such layer costs in axum.
struct Wrapped(axum::body::Body);

impl http_body::Body for Wrapped {
    type Data = bytes::Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<bytes::Bytes>, axum::Error>>> {
        std::pin::Pin::new(&mut self.0).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.0.size_hint()
    }
}

async fn serve_07(listener: TcpListener, app: axum_07::Router) {
    axum_07::serve(listener, app).await.expect("it goes on until it is killed");
}

fn app_07() -> axum_07::Router {
    async fn item(axum_07::extract::Path(id): axum_07::extract::Path<u32>) -> StatusCode {
        black_box(id);
        StatusCode::OK
    }
    axum_07::Router::new().route("/orders/:id", axum_07::routing::get(item))
}

/// One token is a header of every request. Of several each makes a request, and they are sent with a stride.
fn write_script(live: &Live, script: &Path) {
    if live.tokens.len() == 1 {
        return live.tokens.for_each(|token| write_header(script, &format!("Bearer {token}")));
    }
    let mut tokens = String::new();
    live.tokens.for_each(|token| tokens += &format!("\"Bearer {token}\",\n"));
    let text = format!("local values, requests, at = {{\n{tokens}}}, {{}}, 0\n{MANY}");
    std::fs::write(script, text).expect("the script is written");
}

fn write_cookie(script: &Path, value: &str) {
    std::fs::write(script, format!("wrk.headers[\"Cookie\"] = \"{value}\"")).expect("the script is written");
}

fn write_header(script: &Path, value: &str) {
    std::fs::write(script, format!("wrk.headers[\"Authorization\"] = \"{value}\"")).expect("the script is written");
}

const MANY: &str = r#"
function init(arguments)
    for index, value in ipairs(values) do
        requests[index] = wrk.format(nil, nil, {Authorization = value})
    end
end

function request()
    at = (at + 7919) % #requests
    return requests[at + 1]
end
"#;
