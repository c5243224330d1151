//! The few things that transcripts ask of a shell and of curl, over a real connection. Whatever else a line holds fails
//! the test.

#![allow(dead_code, reason = "each test file uses a part")]

use std::collections::HashMap;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, Version};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) version: Version,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// A shell whose every curl goes to one address, whatever host the line names.
pub(crate) struct Shell {
    address: SocketAddr,
    variables: HashMap<String, String>,
}

impl Shell {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, variables: HashMap::new() }
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.variables.insert(name.to_owned(), value.into());
    }

    /// Runs `curl …` or `NAME=$(curl …)`, which keeps the body without its last line break.
    pub(crate) async fn run(&mut self, line: &str) -> Answer {
        let Some((name, command)) = line.strip_suffix(')').and_then(|line| line.split_once("=$(")) else {
            return self.curl(line).await;
        };
        let answer = self.curl(command).await;
        self.set(name, String::from_utf8_lossy(&answer.body).trim_end());
        answer
    }

    async fn curl(&self, command: &str) -> Answer {
        let words = self.words(command);
        let Some(("curl", arguments)) = words.split_first().map(|(first, rest)| (first.as_str(), rest)) else {
            panic!("not understood: {command}");
        };
        let mut call = Call::default();
        let mut arguments = arguments.iter().map(String::as_str);
        while let Some(argument) = arguments.next() {
            call.take(argument, &mut || arguments.next().unwrap_or_else(|| panic!("cut short: {command}")));
        }
        call.send(self.address).await
    }

    /// Splits a line as a shell does: blanks, both quotes, `$NAME`.
    fn words(&self, line: &str) -> Vec<String> {
        let mut words = Vec::new();
        let mut word: Option<String> = None;
        let mut quote = None;
        let mut characters = line.chars().peekable();
        while let Some(character) = characters.next() {
            match (character, quote) {
                (' ', None) => words.extend(word.take()),
                ('\'' | '"', None) => {
                    quote = Some(character);
                    word.get_or_insert_default();
                }
                (_, Some(open)) if character == open => quote = None,
                ('$', None | Some('"')) => {
                    let mut name = String::new();
                    while let Some(next) = characters.next_if(|next| next.is_ascii_uppercase()) {
                        name.push(next);
                    }
                    let value = self.variables.get(&name).unwrap_or_else(|| panic!("${name} is not set in {line}"));
                    word.get_or_insert_default().push_str(value);
                }
                ('\\' | '`' | '|' | '>' | '<' | '&' | ';' | '*' | '?' | '(' | ')', None) => {
                    panic!("{character} is not understood in {line}")
                }
                _ => word.get_or_insert_default().push(character),
            }
        }
        assert_eq!(quote, None, "an open quote in {line}");
        words.extend(word);
        words
    }
}

/// One call of curl.
#[derive(Default)]
struct Call {
    method: Option<Method>,
    headers: HeaderMap,
    form: Vec<String>,
    target: Option<Uri>,
    http2: bool,
}

impl Call {
    fn take<'a>(&mut self, argument: &'a str, next: &mut dyn FnMut() -> &'a str) {
        match argument {
            // They change what curl shows, not what it sends.
            "-i" | "-s" => {}
            "-X" => self.method = Some(next().parse().unwrap()),
            "-H" => {
                let (name, value) = next().split_once(": ").unwrap();
                let value = HeaderValue::from_str(value).unwrap();
                self.headers.append(name.parse::<HeaderName>().unwrap(), value);
            }
            "-b" => self.header(COOKIE, next()),
            "-d" => self.form.push(next().to_owned()),
            "-u" => {
                let credentials = BASE64_STANDARD.encode(next());
                self.header(AUTHORIZATION, &format!("Basic {credentials}"));
            }
            "--compressed" => self.header(ACCEPT_ENCODING, "deflate, gzip, br, zstd"),
            "--http2-prior-knowledge" => self.http2 = true,
            "--oauth2-bearer" => {
                let token = next();
                self.header(AUTHORIZATION, &format!("Bearer {token}"));
            }
            target if !target.starts_with('-') && self.target.is_none() => {
                let target = target.strip_prefix("http://").unwrap_or(target);
                self.target = Some(format!("http://{target}").parse().unwrap());
            }
            other => panic!("{other} is not understood"),
        }
    }

    fn header(&mut self, name: HeaderName, value: &str) {
        self.headers.append(name, value.parse().unwrap());
    }

    async fn send(mut self, address: SocketAddr) -> Answer {
        let target = self.target.take().unwrap();
        if !self.headers.contains_key(ACCEPT) {
            self.header(ACCEPT, "*/*");
        }
        if !self.form.is_empty() {
            self.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let implied = if self.form.is_empty() { Method::GET } else { Method::POST };
        let mut request = Request::new(Full::new(Bytes::from(self.form.join("&"))));
        *request.method_mut() = self.method.unwrap_or(implied);
        *request.headers_mut() = self.headers;
        let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
        let response = if self.http2 {
            *request.uri_mut() = target;
            let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
            tokio::spawn(connection);
            sender.send_request(request).await.unwrap()
        } else {
            let host = target.authority().unwrap().as_str().parse().unwrap();
            request.headers_mut().insert(HOST, host);
            *request.uri_mut() = target.path_and_query().unwrap().as_str().parse().unwrap();
            let (mut sender, connection) = http1::handshake(io).await.unwrap();
            tokio::spawn(connection);
            sender.send_request(request).await.unwrap()
        };
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { version: head.version, status: head.status, headers: head.headers, body }
    }
}
