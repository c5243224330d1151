//! A server that answers as it is told to, byte for byte, and counts who asked.

#![allow(dead_code, reason = "each test file uses a part")]

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// Stops when it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
    scheme: &'static str,
}

#[derive(Default)]
struct Shared {
    answers: Mutex<HashMap<String, Answer>>,
    heads: Mutex<Vec<String>>,
    /// Of all answers, head and body.
    written: Mutex<usize>,
}

/// What to do with a request.
#[derive(Clone)]
pub(crate) enum Answer {
    /// Bytes at once, then the end.
    Bytes(Vec<u8>),
    /// Bytes one by one, this far apart.
    Drip(Vec<u8>, Duration),
    /// A beginning, then this over and over while anybody reads.
    Endless(Vec<u8>, Vec<u8>),
    /// Nothing until the other side goes.
    Silence,
    /// These bytes after a while.
    Late(Vec<u8>, Duration),
    /// The end at once.
    HangUp,
}

/// A status with fields and a body.
pub(crate) fn http(status: u16, fields: &[&str], body: impl AsRef<[u8]>) -> Answer {
    let body = body.as_ref();
    let mut answer = format!("HTTP/1.1 {status} As Told\r\nContent-Length: {}\r\n", body.len());
    for field in fields {
        answer.push_str(field);
        answer.push_str("\r\n");
    }
    answer.push_str("Connection: close\r\n\r\n");
    Answer::Bytes([answer.as_bytes(), body].concat())
}

/// A document, as issuers serve it.
pub(crate) fn document(body: &Value) -> Answer {
    http(200, &["Content-Type: application/json"], body.to_string())
}

/// A key set.
pub(crate) fn set(keys: impl IntoIterator<Item = Value>) -> Answer {
    document(&json!({"keys": keys.into_iter().collect::<Vec<_>>()}))
}

impl Answer {
    pub(crate) fn bytes(self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => bytes,
            _ => panic!("not made of bytes alone"),
        }
    }
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into()).await
    }

    /// A server where there was one, or will be.
    pub(crate) async fn start_at(address: SocketAddr) -> Self {
        Self::listen(address, None).await
    }

    pub(crate) async fn start_tls(tls: TlsAcceptor) -> Self {
        Self::listen((Ipv4Addr::LOCALHOST, 0).into(), Some(tls)).await
    }

    /// An address on which nobody listens.
    pub(crate) async fn nobody() -> SocketAddr {
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap()
    }

    async fn listen(address: SocketAddr, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let scheme = if tls.is_some() { "https" } else { "http" };
        let accepting = tokio::spawn({
            let shared = Arc::clone(&shared);
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let (shared, tls) = (Arc::clone(&shared), tls.clone());
                    tokio::spawn(async move {
                        match tls {
                            None => shared.serve(stream).await,
                            Some(tls) => match tls.accept(stream).await {
                                Ok(stream) => shared.serve(stream).await,
                                Err(_) => shared.heads.lock().unwrap().push("TLS refused".to_owned()),
                            },
                        }
                    });
                }
            }
        });
        Self { address, shared, accepting, scheme }
    }

    pub(crate) fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }

    /// From now on; until then a path is answered 404.
    pub(crate) fn answer(&self, path: &str, answer: Answer) {
        self.shared.answers.lock().unwrap().insert(path.to_owned(), answer);
    }

    /// The paths that were asked for, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        let heads = self.shared.heads.lock().unwrap();
        heads.iter().map(|head| head.split(' ').nth(1).unwrap().to_owned()).collect()
    }

    /// How often a path was asked for.
    pub(crate) fn hits(&self, path: &str) -> usize {
        self.asked().iter().filter(|asked| *asked == path).count()
    }

    /// The heads of all requests.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.shared.heads.lock().unwrap().clone()
    }

    /// How many bytes left this server.
    pub(crate) fn written(&self) -> usize {
        *self.shared.written.lock().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Shared {
    async fn serve(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(octet) => head.push(octet),
                Err(_) => return,
            }
        }
        let head = String::from_utf8(head).unwrap();
        let path = head.split(' ').nth(1).unwrap().to_owned();
        self.heads.lock().unwrap().push(head);
        let answer = self.answers.lock().unwrap().get(&path).cloned();
        match answer.unwrap_or_else(|| http(404, &[], "")) {
            Answer::Bytes(bytes) => drop(self.write(&mut stream, &bytes).await),
            Answer::Drip(bytes, pause) => {
                for octet in bytes {
                    if self.write(&mut stream, &[octet]).await.is_err() {
                        return;
                    }
                    tokio::time::sleep(pause).await;
                }
            }
            Answer::Endless(start, again) => {
                let mut next = self.write(&mut stream, &start).await;
                while next.is_ok() {
                    next = self.write(&mut stream, &again).await;
                }
            }
            Answer::Silence => drop(stream.read_u8().await),
            Answer::Late(bytes, pause) => {
                tokio::time::sleep(pause).await;
                drop(self.write(&mut stream, &bytes).await);
            }
            Answer::HangUp => {}
        }
        drop(stream.shutdown().await);
    }

    async fn write(&self, stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> std::io::Result<()> {
        stream.write_all(bytes).await?;
        stream.flush().await?;
        *self.written.lock().unwrap() += bytes.len();
        Ok(())
    }
}
