//! `Idempotency-Key`: a request that is sent twice has one effect. The database settles it for ever; here a
//! second one that comes while the first still runs is told to wait.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{HeaderMap, StatusCode};

use super::problem::Problem;

/// The longest key in bytes.
const LONGEST: usize = 255;

/// The keys of the requests that run in this process.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys(Arc<Mutex<BTreeSet<String>>>);

/// A key for as long as its request runs.
#[derive(Debug)]
pub(super) struct Key {
    text: Option<String>,
    keys: Keys,
}

impl Keys {
    /// The key of a request, if it has one; refused while another request has it.
    pub(super) fn take(&self, headers: &HeaderMap) -> Result<Key, Problem> {
        let text = read(headers)?;
        if let Some(text) = &text {
            let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if !running.insert(text.clone()) {
                let title = "a request with this key is being answered";
                return Err(Problem::new(StatusCode::CONFLICT, "in-flight", title)
                    .with("detail", "send it again when the first was answered")
                    .retry_after(1));
            }
        }
        Ok(Key { text, keys: self.clone() })
    }
}

impl Key {
    pub(super) fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        if let Some(text) = &self.text {
            self.keys.0.lock().unwrap_or_else(PoisonError::into_inner).remove(text);
        }
    }
}

fn read(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| (1..=LONGEST).contains(&key.len()));
    let key = key.filter(|key| key.bytes().all(|byte| byte.is_ascii_graphic())).map(str::to_owned);
    match key {
        Some(key) => Ok(Some(key)),
        None => Err(Problem::new(StatusCode::BAD_REQUEST, "invalid-key", "the key cannot be taken")
            .with("detail", "Idempotency-Key must have 1 to 255 visible ASCII characters")),
    }
}
