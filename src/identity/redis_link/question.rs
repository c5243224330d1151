//! What the server can be asked.

use std::future::Future;

use redis::{Cmd, RedisError, Value};

use super::connection::Connection;
use super::script::Call;

/// It may be put twice.
pub(crate) trait Question: Sync {
    fn put(&self, connection: &mut Connection) -> impl Future<Output = Result<Value, RedisError>> + Send;
}

impl Question for Cmd {
    async fn put(&self, connection: &mut Connection) -> Result<Value, RedisError> {
        self.query_async(connection).await
    }
}

impl Question for Call {
    async fn put(&self, connection: &mut Connection) -> Result<Value, RedisError> {
        Self::put(self, connection).await
    }
}
