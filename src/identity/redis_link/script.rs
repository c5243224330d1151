//! A script that the server runs as a whole.

use std::sync::OnceLock;

use redis::aio::ConnectionLike;
use redis::{Arg, Cmd, ErrorKind, RedisError, ServerErrorKind, ToRedisArgs, Value, cmd};

/// The text of a script, and its digest once somebody has asked.
pub(crate) struct Script {
    text: &'static str,
    digest: OnceLock<String>,
}

impl Script {
    pub(crate) const fn new(text: &'static str) -> Self {
        Self { text, digest: OnceLock::new() }
    }

    /// A call in the making. All that it touches must be in `keys`, and in one slot of a cluster.
    pub(crate) fn call(&'static self, keys: &[&[u8]]) -> Call {
        let digest = self.digest.get_or_init(|| redis::Script::new(self.text).get_hash().to_owned());
        let mut command = cmd("EVALSHA");
        command.arg(digest).arg(keys.len()).arg(keys);
        Call { script: self, command }
    }
}

/// A script with its keys and arguments.
pub(crate) struct Call {
    script: &'static Script,
    command: Cmd,
}

impl Call {
    pub(crate) fn arg(mut self, argument: impl ToRedisArgs) -> Self {
        self.command.arg(argument);
        self
    }

    /// Runs it by its digest; where the server does not have the text, by that, which the server then keeps.
    pub(super) async fn put(&self, connection: &mut impl ConnectionLike) -> Result<Value, RedisError> {
        match self.command.query_async(connection).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.with_text().query_async(connection).await
            }
            answer => answer,
        }
    }

    fn with_text(&self) -> Cmd {
        let mut command = cmd("EVAL");
        command.arg(self.script.text);
        for argument in self.command.args_iter().skip(2) {
            if let Arg::Simple(argument) = argument {
                command.arg(argument);
            }
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_the_same_by_digest_and_by_text() {
        static SCRIPT: Script = Script::new("return KEYS[1]");
        let call = SCRIPT.call(&[b"a", b"b"]).arg("x").arg(5);
        let words = |command: &Cmd| -> Vec<String> {
            let words = command.args_iter().map(|word| match word {
                Arg::Simple(word) => String::from_utf8_lossy(word).into_owned(),
                _ => String::new(),
            });
            words.collect()
        };
        let digest = "4a2267357833227dd98abdedb8cf24b15a986445";
        assert_eq!(words(&call.command), ["EVALSHA", digest, "2", "a", "b", "x", "5"]);
        assert_eq!(words(&call.with_text()), ["EVAL", "return KEYS[1]", "2", "a", "b", "x", "5"]);
    }
}
