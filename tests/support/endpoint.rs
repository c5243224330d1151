//! An introspection endpoint that answers as it is told to, and keeps what it was asked.

#![allow(dead_code, reason = "each test file uses a part")]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Stops when it is dropped.
pub(crate) struct Endpoint {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    script: Mutex<Script>,
    asked: Mutex<Vec<Asked>>,
    open: watch::Sender<bool>,
}

type Script = Arc<dyn Fn(&Asked) -> Said + Send + Sync>;

/// One request, whole.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Request line and fields.
    pub(crate) head: String,
    pub(crate) body: String,
}

/// What to do with a request.
#[derive(Clone)]
pub(crate) enum Said {
    /// These bytes, and the connection stays.
    Bytes(Vec<u8>),
    /// These bytes, and the end.
    Last(Vec<u8>),
    /// These bytes one by one, this far apart.
    Drip(Vec<u8>, Duration),
    /// A beginning, then this over and over while anybody reads.
    Endless(Vec<u8>, Vec<u8>),
    /// Nothing, until the other side goes.
    Silence,
}

/// An answer with status 200.
pub(crate) fn json(body: &Value) -> Said {
    http(200, &["Content-Type: application/json;charset=UTF-8"], body.to_string())
}

pub(crate) fn http(status: u16, fields: &[&str], body: impl AsRef<[u8]>) -> Said {
    let body = body.as_ref();
    let mut head = format!("HTTP/1.1 {status} As Told\r\nContent-Length: {}\r\n", body.len());
    for field in fields {
        head.push_str(field);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    Said::Bytes([head.as_bytes(), body].concat())
}

impl Asked {
    /// The values of a field, one for each line.
    pub(crate) fn field(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).collect()
    }

    /// The members of the form, decoded.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        let members = self.body.split('&').map(|member| member.split_once('=').unwrap());
        members.map(|(name, value)| (decoded(name), decoded(value))).collect()
    }

    pub(crate) fn member(&self, name: &str) -> Option<String> {
        self.form().into_iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }
}

/// As a form writes it, undone.
pub(crate) fn decoded(text: &str) -> String {
    let mut octets = text.bytes();
    let mut plain = Vec::new();
    while let Some(octet) = octets.next() {
        plain.push(match octet {
            b'+' => b' ',
            b'%' => {
                let digits = [octets.next().unwrap(), octets.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            other => other,
        });
    }
    String::from_utf8(plain).unwrap()
}

impl Endpoint {
    /// One that gives the same answer until told otherwise.
    pub(crate) async fn saying(said: Said) -> Self {
        Self::start(move |_| said.clone()).await
    }

    pub(crate) async fn start(script: impl Fn(&Asked) -> Said + Send + Sync + 'static) -> Self {
        Self::listen((Ipv4Addr::LOCALHOST, 0).into(), script).await
    }

    /// One where there was one, or will be.
    pub(crate) async fn listen(address: SocketAddr, script: impl Fn(&Asked) -> Said + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let script: Script = Arc::new(script);
        let shared =
            Arc::new(Shared { script: Mutex::new(script), asked: Mutex::default(), open: watch::Sender::new(true) });
        let accepting = tokio::spawn({
            let shared = Arc::clone(&shared);
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let shared = Arc::clone(&shared);
                    tokio::spawn(async move { shared.serve(stream).await });
                }
            }
        });
        Self { address, shared, accepting }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}/introspect", self.origin())
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on.
    pub(crate) fn say(&self, said: Said) {
        self.script(move |_| said.clone());
    }

    pub(crate) fn script(&self, script: impl Fn(&Asked) -> Said + Send + Sync + 'static) {
        *self.shared.script.lock().unwrap() = Arc::new(script);
    }

    /// Takes questions and gives no answer before [`release`](Self::release).
    pub(crate) fn hold(&self) {
        self.shared.open.send_replace(false);
    }

    pub(crate) fn release(&self) {
        self.shared.open.send_replace(true);
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.shared.asked.lock().unwrap().len()
    }

    /// The only question so far.
    #[track_caller]
    pub(crate) fn only(&self) -> Asked {
        let mut asked = self.asked();
        assert_eq!(asked.len(), 1);
        asked.remove(0)
    }

    /// Waits until it was asked this often.
    pub(crate) async fn until_asked(&self, count: usize) {
        for _ in 0..2_000 {
            if self.count() >= count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("asked {} times and not {count}", self.count());
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Shared {
    async fn serve(&self, mut stream: TcpStream) {
        while let Some(asked) = read(&mut stream).await {
            let script = Arc::clone(&self.script.lock().unwrap());
            self.asked.lock().unwrap().push(asked.clone());
            drop(self.open.subscribe().wait_for(|open| *open).await);
            let went_well = match script(&asked) {
                Said::Bytes(bytes) => stream.write_all(&bytes).await.is_ok(),
                Said::Last(bytes) => {
                    drop(stream.write_all(&bytes).await);
                    false
                }
                Said::Drip(bytes, pause) => drip(&mut stream, &bytes, pause).await,
                Said::Endless(start, again) => {
                    let mut next = stream.write_all(&start).await;
                    while next.is_ok() {
                        next = stream.write_all(&again).await;
                    }
                    false
                }
                Said::Silence => {
                    drop(stream.read_u8().await);
                    false
                }
            };
            if !went_well {
                drop(stream.shutdown().await);
                return;
            }
        }
    }
}

async fn drip(stream: &mut TcpStream, bytes: &[u8], pause: Duration) -> bool {
    for octet in bytes {
        if stream.write_all(&[*octet]).await.is_err() {
            return false;
        }
        tokio::time::sleep(pause).await;
    }
    true
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut buffer = Vec::new();
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut buffer).await.ok()? == 0 {
            return None;
        }
    };
    let mut asked = Asked { head: String::from_utf8(buffer[..end].to_vec()).unwrap(), body: String::new() };
    let length = asked.field("content-length").first().map_or(0, |length| length.parse().unwrap());
    let mut body = buffer.split_off(end);
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    asked.body = String::from_utf8(body).unwrap();
    Some(asked)
}
