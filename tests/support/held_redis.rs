//! A Redis server as far as a follower of a stream can tell, which answers what and when it is told to.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Stops when it is dropped.
pub(crate) struct HeldRedis {
    address: SocketAddr,
    reads: Arc<Reads>,
    accepting: JoinHandle<()>,
}

#[derive(Default)]
struct Reads {
    asked: watch::Sender<u64>,
    answers: watch::Sender<Vec<Answer>>,
}

/// To one read.
#[derive(Clone, Copy)]
pub(crate) enum Answer {
    Nothing,
    /// As much as was asked for at once, and there may be more.
    Page,
}

impl HeldRedis {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, reads) = (listener.local_addr().unwrap(), Arc::<Reads>::default());
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
        self.reads.asked.subscribe().wait_for(|asked| *asked >= count).await.unwrap();
    }

    /// Answers the next read.
    pub(crate) fn answer(&self, answer: Answer) {
        self.reads.answers.send_modify(|answers| answers.push(answer));
    }
}

impl Drop for HeldRedis {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(stream: TcpStream, reads: &Reads) {
    let mut stream = BufReader::new(stream);
    while let Some(command) = command(&mut stream).await {
        let answer = if command == b"XREAD" { read(reads).await } else { String::from("+OK\r\n") };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read(reads: &Reads) -> String {
    reads.asked.send_modify(|asked| *asked += 1);
    let own = *reads.asked.borrow() as usize - 1;
    let mut answers = reads.answers.subscribe();
    match answers.wait_for(|answers| answers.len() > own).await.unwrap()[own] {
        Answer::Nothing => String::from("*-1\r\n"),
        Answer::Page => {
            let mut page = String::from("*1\r\n*2\r\n$1\r\nk\r\n*1000\r\n");
            for number in 1000..2000 {
                page.push_str(&format!("*2\r\n$6\r\n{number}-0\r\n*2\r\n$1\r\nx\r\n$1\r\ny\r\n"));
            }
            page
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
