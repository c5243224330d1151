//! A wire between a client and its server that breaks when it is told to: the server has done what it was asked, and the
//! client never hears of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Breaks for good when it is dropped.
pub(crate) struct Lossy {
    address: SocketAddr,
    /// How many answers still get through; negative, where all do.
    left: Arc<AtomicI64>,
    accepting: JoinHandle<()>,
}

impl Lossy {
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, left) = (listener.local_addr().unwrap(), Arc::new(AtomicI64::new(-1)));
        let accepting = tokio::spawn({
            let left = Arc::clone(&left);
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    let server = TcpStream::connect(server).await.unwrap();
                    tokio::spawn(carry(client, server, Arc::clone(&left)));
                }
            }
        });
        Self { address, left, accepting }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// So many more answers get through; the one after them is lost, with its connection. Then all do again.
    pub(crate) fn lose_after(&self, answers: i64) {
        self.left.store(answers, Ordering::SeqCst);
    }

    /// Whether the one that was to be lost is lost.
    pub(crate) fn has_lost(&self) -> bool {
        self.left.load(Ordering::SeqCst) < 0
    }
}

impl Drop for Lossy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn carry(client: TcpStream, server: TcpStream, left: Arc<AtomicI64>) {
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let asking = tokio::spawn(async move { copy(&mut from_client, &mut to_server).await });
    let mut answer = vec![0; 65536];
    while let Ok(length @ 1..) = from_server.read(&mut answer).await {
        if left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| (left >= 0).then(|| left - 1)) == Ok(0) {
            break;
        }
        if to_client.write_all(&answer[..length]).await.is_err() {
            break;
        }
    }
    asking.abort();
}
