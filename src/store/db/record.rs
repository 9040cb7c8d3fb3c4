//! One row of an answer, read by the names of its columns.

use std::sync::Arc;

use crate::store::StoreError;

/// What one column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Null,
    Int(i64),
    Text(String),
}

/// A row. The rows of one answer share the names.
#[derive(Debug, Clone)]
pub(in crate::store) struct Record {
    pub(super) names: Arc<[String]>,
    pub(super) cells: Vec<Cell>,
}

impl Record {
    fn cell(&self, name: &str) -> Result<&Cell, StoreError> {
        let at = self.names.iter().position(|known| known == name);
        at.and_then(|at| self.cells.get(at)).ok_or_else(|| StoreError::Corrupt(format!("no column {name}")))
    }

    pub(in crate::store) fn maybe_int(&self, name: &str) -> Result<Option<i64>, StoreError> {
        match self.cell(name)? {
            Cell::Null => Ok(None),
            Cell::Int(value) => Ok(Some(*value)),
            Cell::Text(text) => Err(StoreError::Corrupt(text.clone())),
        }
    }

    pub(in crate::store) fn int(&self, name: &str) -> Result<i64, StoreError> {
        self.maybe_int(name)?.ok_or_else(|| StoreError::Corrupt(format!("NULL in {name}")))
    }

    pub(in crate::store) fn maybe_text(&self, name: &str) -> Result<Option<String>, StoreError> {
        match self.cell(name)? {
            Cell::Null => Ok(None),
            Cell::Text(text) => Ok(Some(text.clone())),
            Cell::Int(value) => Err(StoreError::Corrupt(value.to_string())),
        }
    }

    pub(in crate::store) fn text(&self, name: &str) -> Result<String, StoreError> {
        self.maybe_text(name)?.ok_or_else(|| StoreError::Corrupt(format!("NULL in {name}")))
    }

    /// The first column as a text, whatever it is.
    #[cfg(test)]
    pub(in crate::store) fn first(&self) -> String {
        match &self.cells[0] {
            Cell::Null => String::new(),
            Cell::Int(value) => value.to_string(),
            Cell::Text(text) => text.clone(),
        }
    }
}
