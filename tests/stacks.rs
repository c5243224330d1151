//! The layers give the same answers wherever they stand: bare tower, between the layers of tower-http, axum, hyper over
//! HTTP/1.1 and HTTP/2.

#![cfg(feature = "axum")]
#![expect(clippy::unwrap_used, reason = "a test may stop where it fails, its helpers included")]

mod support {
    pub(crate) mod shop;
}

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, VARY, WWW_AUTHENTICATE};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use portcullis::Identity;
use serde_json::Value;
use support::shop::{authenticate, require};
use tokio::io::{DuplexStream, duplex};
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_http::compression::CompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

async fn greet<B>(request: Request<B>) -> Result<Response<Body>, Infallible> {
    let identity = request.extensions().get::<Identity>();
    Ok(Response::new(Body::from(identity.map_or("nobody".to_owned(), |identity| identity.subject().to_owned()))))
}

/// What a client can tell apart; the id of a problem body is new every time and left out.
#[derive(Debug, Eq, PartialEq)]
struct Answer {
    status: StatusCode,
    headers: BTreeMap<&'static str, Vec<String>>,
    body: String,
}

async fn read<B: http_body::Body<Error: std::fmt::Debug>>(response: Response<B>) -> Answer {
    let (head, body) = response.into_parts();
    let names = [CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, VARY, WWW_AUTHENTICATE];
    let texts = ["cache-control", "content-type", "retry-after", "vary", "www-authenticate"];
    let values = |name| head.headers.get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect();
    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().into()).unwrap();
    let body = match serde_json::from_str::<Value>(&body) {
        Ok(mut problem) => {
            problem["id"].take();
            problem.to_string()
        }
        Err(_) => body,
    };
    Answer { status: head.status, headers: texts.into_iter().zip(names.map(values)).collect(), body }
}

/// The `Authorization` fields of each request, and the status that it gets.
const CASES: [(&[&str], u16); 8] = [
    (&[], 401),
    (&["Bearer alice"], 200),
    (&["Bearer slow"], 200),
    (&["Bearer mallory"], 401),
    (&["Bearer bob"], 403),
    (&["Bearer two words"], 400),
    (&["Bearer alice", "Bearer alice"], 400),
    (&["Bearer down"], 503),
];

fn requests(target: &str) -> Vec<Request<Full<Bytes>>> {
    let request = |fields: &[&str]| {
        let mut request = Request::get(target);
        for field in fields {
            request = request.header(AUTHORIZATION, *field);
        }
        request.body(Full::default()).unwrap()
    };
    CASES.iter().map(|(fields, _)| request(fields)).collect()
}

/// The answers of a stack without any framework, to which all others are compared.
async fn bare_answers() -> Vec<Answer> {
    let service = ServiceBuilder::new().layer(authenticate()).layer(require()).service(service_fn(greet));
    let mut answers = Vec::new();
    for (request, (fields, status)) in requests("/").into_iter().zip(CASES) {
        let answer = read(service.clone().oneshot(request).await.unwrap()).await;
        assert_eq!(answer.status, status, "{fields:?}");
        answers.push(answer);
    }
    answers
}

async fn router_answers(app: &Router, target: &str) -> Vec<Answer> {
    let mut answers = Vec::new();
    for request in requests(target) {
        answers.push(read(app.clone().oneshot(request.map(Body::new)).await.unwrap()).await);
    }
    answers
}

///
#[tokio::test]
async fn an_axum_route_gives_the_answers_of_a_bare_stack() {
    let layers = ServiceBuilder::new().layer(authenticate()).layer(require());
    let route = Router::new().route("/", get(greet).layer(layers.clone()));
    assert_eq!(router_answers(&route, "/").await, bare_answers().await);

    let whole_router = Router::new().route("/", get(greet)).layer(layers.clone());
    assert_eq!(router_answers(&whole_router, "/").await, bare_answers().await);

    let route_layer = Router::new().route("/", get(greet)).route_layer(layers);
    assert_eq!(router_answers(&route_layer, "/").await, bare_answers().await);
}

#[tokio::test]
async fn a_nested_router_gives_the_answers_of_a_bare_stack_with_the_layers_apart() {
    let nested = Router::new().route("/deep", get(greet).layer(require()));
    let app = Router::new().nest("/a", nested).layer(authenticate());
    assert_eq!(router_answers(&app, "/a/deep").await, bare_answers().await);
}

/// Without a router in between, which would erase the types: what tower-http asks of a response body, ours has.
#[tokio::test]
async fn between_the_layers_of_tower_http_a_bare_stack_gives_the_same_answers() {
    let timeout = TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_secs(10));
    let others = ServiceBuilder::new()
        .layer(TraceLayer::new_for_http())
        .layer(timeout)
        .layer(CompressionLayer::new())
        .layer(RequestBodyLimitLayer::new(8))
        .concurrency_limit(1);
    let service = ServiceBuilder::new()
        .layer(others.clone())
        .layer(authenticate())
        .layer(others.clone())
        .layer(require())
        .layer(others)
        .service(service_fn(greet));
    let mut answers = Vec::new();
    for request in requests("/") {
        answers.push(read(service.clone().oneshot(request).await.unwrap()).await);
    }
    for answer in &mut answers {
        // What compression adds to a refusal.
        answer.headers.entry("vary").or_default().retain(|field| field != "accept-encoding");
    }
    assert_eq!(answers, bare_answers().await);
}

/// A server of plain hyper, at the other end of a pipe.
fn hyper_server() -> TokioIo<DuplexStream> {
    let service = ServiceBuilder::new().layer(authenticate()).layer(require()).service(service_fn(greet));
    let (client, server) = duplex(64 * 1024);
    tokio::spawn(async move {
        let service = TowerToHyperService::new(service);
        let connection = auto::Builder::new(TokioExecutor::new());
        connection.serve_connection(TokioIo::new(server), service).await.map_err(|error| error.to_string())
    });
    TokioIo::new(client)
}

///
#[tokio::test]
async fn hyper_over_http_1_gives_the_answers_of_a_bare_stack() {
    let (mut sender, connection) = http1::handshake(hyper_server()).await.unwrap();
    tokio::spawn(connection);
    let mut answers = Vec::new();
    for request in requests("/") {
        sender.ready().await.unwrap();
        answers.push(read(sender.send_request(request).await.unwrap()).await);
    }
    assert_eq!(answers, bare_answers().await);
}

///
#[tokio::test]
async fn hyper_over_http_2_gives_the_answers_of_a_bare_stack() {
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), hyper_server()).await.unwrap();
    tokio::spawn(connection);
    let mut answers = Vec::new();
    for request in requests("http://shop.example/") {
        answers.push(read(sender.send_request(request).await.unwrap()).await);
    }
    assert_eq!(answers, bare_answers().await);
}
