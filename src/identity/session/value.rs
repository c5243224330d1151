//! The application's own value of an identity, on its way to a store outside the process and back.

use std::any::Any;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::StoreError;
use super::record::SessionRecord;
use crate::identity::identity::Identity;

/// Writes and reads values of one type.
#[derive(Clone, Copy)]
pub(super) struct ValueCodec {
    write: fn(&Identity) -> Option<Result<String, serde_json::Error>>,
    read: fn(&str) -> Result<Arc<dyn Any + Send + Sync>, serde_json::Error>,
}

impl ValueCodec {
    pub(super) fn of<T: Serialize + DeserializeOwned + Send + Sync + 'static>() -> Self {
        Self {
            write: |identity| identity.get::<T>().map(serde_json::to_string),
            read: |text| Ok(Arc::new(serde_json::from_str::<T>(text)?)),
        }
    }

    /// The value in JSON, if it is of our type.
    pub(super) fn write(&self, identity: &Identity) -> Result<Option<Box<str>>, StoreError> {
        let text = (self.write)(identity).transpose().map_err(StoreError::unavailable)?;
        Ok(text.map(Into::into))
    }

    /// Gives a record that came from elsewhere its value back.
    pub(super) fn read(&self, record: &mut SessionRecord) -> Result<(), StoreError> {
        let kept = &record.kept;
        let Some(text) = kept.value.as_deref().filter(|_| kept.facts.value.is_none()) else { return Ok(()) };
        let value = (self.read)(text).map_err(|_| StoreError::damaged("its value is not of the application's type"))?;
        Arc::make_mut(&mut record.kept).facts.value = Some(value);
        Ok(())
    }
}
