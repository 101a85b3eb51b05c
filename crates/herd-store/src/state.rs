//! Small values that must survive a restart: cursors, rate limits, what was last told.

use rusqlite::OptionalExtension as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{History, Store, StoreError};

impl Store {
    /// Keeps a value under a name. Inside [`Store::together`] it is kept with what else is written there.
    pub fn set_state<T: Serialize>(&mut self, name: &str, value: &T) -> Result<(), StoreError> {
        let value = serde_json::to_string(value)?;
        let insert = "INSERT INTO state (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        self.own.db.prepare_cached(insert)?.execute([name, &value])?;
        Ok(())
    }

    /// Forgets a value; whether there was one.
    pub fn remove_state(&mut self, name: &str) -> Result<bool, StoreError> {
        Ok(self.own.db.prepare_cached("DELETE FROM state WHERE name = ?1")?.execute([name])? > 0)
    }
}

impl History {
    /// The value kept under a name.
    pub fn state<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StoreError> {
        let mut statement = self.db.prepare_cached("SELECT value FROM state WHERE name = ?1")?;
        let value: Option<String> = statement.query_row([name], |row| row.get(0)).optional()?;
        Ok(value.map(|value| serde_json::from_str(&value)).transpose()?)
    }

    /// Names that begin so, in order.
    pub fn state_names(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let mut statement =
            self.db.prepare_cached("SELECT name FROM state WHERE substr(name, 1, length(?1)) = ?1 ORDER BY name")?;
        let names = statement.query_map([prefix], |row| row.get(0))?;
        Ok(names.collect::<Result<_, _>>()?)
    }
}
