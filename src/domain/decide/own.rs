//! Rules of the configuration, `[[bump.rules]]`, which are asked before the types.

use crate::domain::glob::Glob;
use crate::domain::message::Message;
use crate::domain::version::Bump;

/// What some commits ask for.
#[derive(Debug, Clone)]
pub struct OwnRule {
    /// `None`: every type.
    pub r#type: Option<Glob>,
    /// `None`: every scope, and none.
    pub scope: Option<Glob>,
    /// Whether it is for commits that break something, or for those that do not. A breaking change must not slip
    /// through a rule that was not made for it, so nothing is for both.
    pub breaking: bool,
    /// `None` asks for no release.
    pub level: Option<Bump>,
}

impl OwnRule {
    /// Whether it decides on a conventional message.
    pub(super) fn takes(&self, message: &Message) -> bool {
        let Some(change) = message.change() else { return false };
        let fits = |glob: &Option<Glob>, text: Option<&str>| {
            glob.as_ref().is_none_or(|glob| text.is_some_and(|text| glob.fits(text)))
        };
        self.breaking != message.breaking.is_empty()
            && fits(&self.r#type, Some(&change.r#type))
            && fits(&self.scope, change.scope.as_deref())
    }
}
