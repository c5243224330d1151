//! RFC 9110 section 9.3.2: a refusal of `HEAD` is that of `GET`, field by field, without the body.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod support {
    pub(crate) mod stack;
}

use std::collections::BTreeMap;
use std::convert::Infallible;

use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use portcullis::permission::scope;
use portcullis::{AuthenticateLayer, RequireLayer};
use support::stack::{Scripted, bearer, get, send};
use tokio::net::TcpListener;
use tower::{Layer, service_fn};

/// Every field but the two that are new in each answer, or that the server writes.
fn fields(headers: &HeaderMap) -> BTreeMap<String, Vec<HeaderValue>> {
    let names = headers.keys().filter(|name| *name != "date" && *name != "content-length");
    names.map(|name| (name.to_string(), headers.get_all(name).iter().cloned().collect())).collect()
}

const ACCEPTS: [&str; 3] = ["*/*", "text/plain", "text/html"];

/// NEGO-6
#[tokio::test]
async fn in_a_plain_tower_stack() {
    let layer = Scripted::ready().layer();
    let require = RequireLayer::new(scope("write")).unwrap();
    for word in ["invalid", "malformed", "throttled", "unavailable", "panic", "ann"] {
        for accept in ACCEPTS {
            let request = |method| {
                let mut request = get([bearer(word), ("accept", accept.to_owned())]);
                *request.method_mut() = method;
                request
            };
            let stack = (layer.clone(), require.clone());
            let (answer, of_head) =
                (send(&stack, request(Method::GET)).await, send(&stack, request(Method::HEAD)).await);
            assert!(of_head.body.is_empty(), "{word}");
            assert_eq!(of_head.status, answer.status);
            assert_eq!(fields(&of_head.headers), fields(&answer.headers), "{word}");
            assert_eq!(of_head.lines("content-length"), [answer.body.len().to_string()], "{word}");
            assert!(of_head.rejection.is_some());
        }
    }
}

#[tokio::test]
async fn over_hyper() {
    let address = serve(Scripted::ready().layer()).await;
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    for accept in ACCEPTS {
        let ask = async |method: Method| {
            let request = Request::builder().method(method).uri(format!("http://{address}/")).header(ACCEPT, accept);
            client.request(request.body(Empty::new()).unwrap()).await.unwrap()
        };
        let (answer, of_head) = (ask(Method::GET).await, ask(Method::HEAD).await);
        assert_eq!(of_head.status(), 401);
        assert_eq!(fields(of_head.headers()), fields(answer.headers()));
        assert_eq!(of_head.headers()["content-length"], answer.headers()["content-length"]);
        assert!(of_head.into_body().collect().await.unwrap().to_bytes().is_empty());
        assert!(!answer.into_body().collect().await.unwrap().to_bytes().is_empty());
    }
}

/// One connection after the other, which is kept: bytes that do not belong there would spoil the next answer.
async fn serve(layer: AuthenticateLayer) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let inner = service_fn(async |_: Request<Incoming>| Ok::<_, Infallible>(Response::new(Full::from("inside"))));
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(layer.layer(inner));
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}
