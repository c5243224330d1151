//! A script that the server runs as a whole.

use std::sync::OnceLock;
use std::time::Duration;

use redis::aio::ConnectionLike;
use redis::{Arg, Cmd, ErrorKind, RedisError, ServerErrorKind, ToRedisArgs, Value, cmd, pipe};

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
    pub(crate) fn call<K: ToRedisArgs>(&'static self, keys: &[K]) -> Call {
        let digest = self.digest.get_or_init(|| redis::Script::new(self.text).get_hash().to_owned());
        let mut command = cmd("EVALSHA");
        command.arg(digest).arg(keys.len()).arg(keys);
        Call { script: self, command, replicas: None }
    }
}

/// A script with its keys and arguments.
pub(crate) struct Call {
    script: &'static Script,
    command: Cmd,
    replicas: Option<Replicas>,
}

/// Who must have what a script wrote before it counts as done.
#[derive(Clone, Copy)]
pub(crate) struct Replicas {
    /// So many replicas.
    pub(crate) least: u32,
    /// How long the server waits for them.
    pub(crate) wait: Duration,
}

impl Call {
    pub(crate) fn arg(mut self, argument: impl ToRedisArgs) -> Self {
        self.command.arg(argument);
        self
    }

    /// The answer is an error where too few replicas have what was written, though it was. The server answers nothing else
    /// over the connection meanwhile.
    pub(crate) const fn kept_by(mut self, replicas: Option<Replicas>) -> Self {
        self.replicas = replicas;
        self
    }

    /// Runs it by its digest; where the server does not have the text, by that, which the server then keeps.
    pub(super) async fn put(&self, connection: &mut impl ConnectionLike) -> Result<Value, RedisError> {
        match self.run(&self.command, connection).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.run(&self.with_text(), connection).await
            }
            answer => answer,
        }
    }

    async fn run(&self, command: &Cmd, connection: &mut impl ConnectionLike) -> Result<Value, RedisError> {
        let Some(Replicas { least, wait }) = self.replicas else { return command.query_async(connection).await };
        let mut both = pipe();
        both.add_command(command.clone());
        both.cmd("WAIT").arg(least).arg(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1));
        let (answer, kept): (Value, u32) = both.query_async(connection).await?;
        if kept < least {
            return Err((ErrorKind::Extension, "too few replicas have what was written").into());
        }
        Ok(answer)
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
        let call = SCRIPT.call(&["a", "b"]).arg("x").arg(5);
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
