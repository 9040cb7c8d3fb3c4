//! What is to be known of the database itself.

use super::db::values;
use super::{Store, StoreError, sql};

/// The name of its id.
const ID: &str = "id";

impl Store {
    /// The id of the database: `new`, if it had none.
    pub(super) async fn identity(&self, new: &str) -> Result<String, StoreError> {
        match self.writer.apply(sql::epoch::FIRST_META, values![ID, new]).await {
            Ok(_) => Ok(new.to_owned()),
            Err(StoreError::Taken) => {
                let row = self.readers.whole().one(sql::epoch::META, values![ID]).await?;
                row.ok_or_else(|| StoreError::Corrupt("no id of the database".to_owned()))?.text("value")
            }
            Err(error) => Err(error),
        }
    }
}
