//! A Redis server as far as a follower of a stream can tell, in which nothing happens, and which answers when it is told to.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Stops when it is dropped.
pub(crate) struct HeldRedis {
    address: SocketAddr,
    /// How many reads were asked for, and how many may be answered.
    reads: Arc<(watch::Sender<u64>, watch::Sender<u64>)>,
    accepting: JoinHandle<()>,
}

impl HeldRedis {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, reads) =
            (listener.local_addr().unwrap(), Arc::new((watch::Sender::new(0), watch::Sender::new(0))));
        let accepting = tokio::spawn({
            let reads = Arc::clone(&reads);
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let reads = Arc::clone(&reads);
                    tokio::spawn(async move { serve(stream, &reads).await });
                }
            }
        });
        Self { address, reads, accepting }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Waits until so many reads were asked for.
    pub(crate) async fn until_asked(&self, count: u64) {
        self.reads.0.subscribe().wait_for(|asked| *asked >= count).await.unwrap();
    }

    /// Answers the first `count` reads, and no more.
    pub(crate) fn answer(&self, count: u64) {
        self.reads.1.send_replace(count);
    }
}

impl Drop for HeldRedis {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(stream: TcpStream, (asked, answered): &(watch::Sender<u64>, watch::Sender<u64>)) {
    let mut stream = BufReader::new(stream);
    while let Some(command) = command(&mut stream).await {
        let answer: &[u8] = if command == b"XREAD" {
            asked.send_modify(|asked| *asked += 1);
            let own = *asked.borrow();
            drop(answered.subscribe().wait_for(|answered| *answered >= own).await);
            b"*-1\r\n"
        } else {
            b"+OK\r\n"
        };
        if stream.write_all(answer).await.is_err() {
            return;
        }
    }
}

/// The name of the next command, in capitals; its arguments are read past.
async fn command(stream: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut words = Vec::new();
    for _ in 0..number(stream).await? {
        let mut word = vec![0; number(stream).await? + 2];
        stream.read_exact(&mut word).await.ok()?;
        word.truncate(word.len() - 2);
        words.push(word.to_ascii_uppercase());
    }
    words.into_iter().next()
}

/// That of a line such as `*3` or `$5`.
async fn number(stream: &mut BufReader<TcpStream>) -> Option<usize> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    line.trim_end().get(1..)?.parse().ok()
}
