//! Releases: what one must say, and that a version is one commit for ever.

use super::report::{Fault, NAME, TEXT};
use super::{Registry, RegistryError};
use crate::domain::released::Released;
use crate::domain::version::Bump;

impl Registry {
    /// Enters a release; says whether it is new. The same one may come again, from another clone or after a lost
    /// answer.
    pub(crate) async fn enter_release(&self, release: &Released) -> Result<bool, RegistryError> {
        let faults = faults(release);
        if !faults.is_empty() {
            return Err(RegistryError::FaultyRelease(faults));
        }
        if self.limits.as_ref().is_some_and(|limits| !limits.covers_app(&release.app)) {
            return Err(RegistryError::NoSuch("there is no such app"));
        }
        if self.store.enter_release(release, self.world().now().as_millisecond()).await? {
            return Ok(true);
        }
        let there = self.release(&release.app, &release.version).await?;
        if there.sha == release.sha { Ok(false) } else { Err(RegistryError::OtherRelease(Box::new(there))) }
    }

    /// One release.
    pub(crate) async fn release(&self, app: &str, version: &str) -> Result<Released, RegistryError> {
        self.store.release(app, version).await?.ok_or(RegistryError::NoSuch("there is no such release"))
    }
}

fn faults(release: &Released) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut fault = |field: &str, detail: String| {
        faults.push(Fault { pointer: format!("/{field}"), detail });
    };
    for (field, text, most) in
        [("app", &release.app, NAME), ("version", &release.version, NAME), ("tag", &release.tag, TEXT)]
    {
        let length = text.chars().count();
        if length == 0 || length > most || text.len() > TEXT || text.contains(char::is_control) {
            fault(field, format!("must have 1 to {most} characters and no control characters"));
        }
    }
    let is_id = matches!(release.sha.len(), 40 | 64) && release.sha.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_id {
        fault("sha", "must be the whole id of a commit".to_owned());
    }
    if release.bump.as_deref().is_some_and(|bump| Bump::from_name(bump).is_none()) {
        fault("bump", "must be one of major, minor, patch".to_owned());
    }
    if release.released_at < 0 || jiff::Timestamp::from_millisecond(release.released_at).is_err() {
        fault("released_at", "must be in milliseconds since 1970".to_owned());
    }
    faults
}
