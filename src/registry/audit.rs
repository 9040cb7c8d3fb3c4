//! Who asks, for the log of changes.

use super::{Registry, RegistryError};
use crate::domain::audit::{Act, Audited};
use crate::store::{AuditWanted, Trace};

impl Registry {
    /// Entries of the log, newest first.
    pub(crate) async fn audit(&self, wanted: &AuditWanted) -> Result<Vec<Audited>, RegistryError> {
        Ok(self.store.audit(wanted).await?)
    }

    /// The entry of a change that is about to be made.
    pub(super) fn trace(&self, act: Act, subject: impl Into<String>) -> Trace {
        let (id, at) = (self.world().new_id(), self.world().now().as_millisecond());
        Trace { id, at, who: self.who.as_ref().clone(), act, subject: subject.into() }
    }
}
