//! What can be wrong with what is in a database.

/// A database can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database says so.
    #[error("the database: {0}")]
    Database(#[from] Box<redb::Error>),
    /// A record makes no sense.
    #[error("revision {number} makes no sense: {source}")]
    Record {
        /// Which.
        number: u64,
        /// Why.
        source: serde_json::Error,
    },
    /// A text is not what was written.
    #[error("a text of revision {number} is not what was written: {what}")]
    Text {
        /// Which.
        number: u64,
        /// What is wrong.
        what: String,
    },
    /// A row is not what an agent writes.
    #[error("a row of table {table} makes no sense")]
    Row {
        /// Its table.
        table: &'static str,
    },
    /// A later agent wrote it.
    #[error("its tables are of version {0}")]
    Foreign(u64),
}

macro_rules! from_redb {
    ($($error:ident),+) => {
        $(impl From<redb::$error> for StoreError {
            fn from(error: redb::$error) -> Self {
                Self::Database(Box::new(error.into()))
            }
        })+
    };
}
from_redb!(
    DatabaseError,
    TransactionError,
    TableError,
    StorageError,
    CommitError
);
