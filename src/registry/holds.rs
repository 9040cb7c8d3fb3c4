//! Holds, locks and freezes: what one must say, and what may stand beside another.

use std::sync::Arc;

use super::report::{Fault, NAME, TEXT};
use super::{Registry, RegistryError};
use crate::domain::audit::Act;
use crate::domain::chain::digest;
use crate::domain::hold::{Hold, HoldKind, NewHold};
use crate::domain::limits::Limits;
use crate::store::{HoldEntry, HoldKey, HoldsWanted, Lifting};

/// What became of a request to hold something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) hold: Hold,
    /// The same was asked before; this is what it made.
    pub(crate) replayed: bool,
}

impl Registry {
    /// Holds something. With a `key`, a repeated request gives the first answer for ever; without one, while
    /// what it made stands.
    pub(crate) async fn hold(&self, new: &NewHold, key: Option<&str>) -> Result<Held, RegistryError> {
        let now = self.world().now().as_millisecond();
        let faults = faults(new, now);
        if !faults.is_empty() {
            return Err(RegistryError::FaultyHold(faults));
        }
        if !self.covers_all([&new.app, &new.platform, &new.environment]) {
            return Err(RegistryError::NoSuch("there is no such place"));
        }
        let request_hash = digest([serde_json::to_string(new).unwrap_or_default().as_str()]);
        let entry = HoldEntry {
            id: self.world().new_id(),
            new: new.clone(),
            slot: slot(new),
            idempotency_key: key.map(str::to_owned),
            request_hash,
            created_at: now,
        };
        let trace = self.trace(Act::HoldSet, &entry.id);
        for _ in 0..super::TRIES {
            if let Some(key) = key
                && let Some(first) = self.store.one_hold(HoldKey::Idempotency(key)).await?
            {
                let same = first.request_hash == entry.request_hash;
                let replay = Held { hold: first.hold, replayed: true };
                return if same { Ok(replay) } else { Err(RegistryError::KeyReused) };
            }
            if self.store.hold(&entry, &trace).await? {
                return self.one_hold(&entry.id).await.map(|hold| Held { hold, replayed: false });
            }
            if let Some(there) = self.store.one_hold(HoldKey::Slot(&entry.slot)).await? {
                let same = there.request_hash == entry.request_hash;
                let replay = Held { hold: there.hold.clone(), replayed: true };
                return if same { Ok(replay) } else { Err(RegistryError::HeldAlready(there.hold.into())) };
            }
        }
        Err(RegistryError::Contended)
    }

    /// Lifts a hold. One that was lifted before stays as it was lifted first.
    pub(crate) async fn lift(
        &self,
        id: &str,
        actor: Option<&str>,
        reason: &str,
    ) -> Result<Hold, RegistryError> {
        let mut faults = Vec::new();
        text("reason", Some(reason), 1..=TEXT, &mut faults);
        text("actor", actor, 0..=TEXT, &mut faults);
        if !faults.is_empty() {
            return Err(RegistryError::FaultyHold(faults));
        }
        let there = self.one_hold(id).await?;
        if !self.covers_all([&there.app, &there.platform, &there.environment]) {
            return Err(RegistryError::Beyond("the hold reaches beyond the limits of this token"));
        }
        let trace = self.trace(Act::HoldLifted, id);
        self.store.lift(id, &Lifting { actor, reason, at: trace.at }, &trace).await?;
        self.one_hold(id).await
    }

    /// Whether who asks may touch everything that is meant by names of which an absent one means all.
    fn covers_all(&self, [app, platform, environment]: [&Option<String>; 3]) -> bool {
        let of = Option::as_deref;
        let inside = |limits: &Arc<Limits>| limits.covers_all(of(app), of(platform), of(environment));
        self.limits.as_ref().is_none_or(inside)
    }

    /// The mark of a bad version: the hold of it that names no environment.
    pub(crate) async fn mark_of(&self, app: &str, version: &str) -> Result<Hold, RegistryError> {
        let name = |text: &str| Some(text.to_owned());
        let slot = slot_of(HoldKind::Hold, [&name(app), &None, &None, &name(version)]);
        let known = self.store.one_hold(HoldKey::Slot(&slot)).await?;
        known.map(|known| known.hold).ok_or(RegistryError::NoSuch("there is no such mark"))
    }

    /// One hold.
    pub(crate) async fn one_hold(&self, id: &str) -> Result<Hold, RegistryError> {
        let known = self.store.one_hold(HoldKey::Id(id)).await?;
        known.map(|known| known.hold).ok_or(RegistryError::NoSuch("there is no such hold"))
    }

    /// The holds that speak of a place, newest first.
    pub(crate) async fn holds(&self, wanted: &HoldsWanted) -> Result<Vec<Hold>, RegistryError> {
        Ok(self.store.holds(wanted).await?)
    }
}

/// What stands once only: a version of a place is held once, and a place has one lock and one freeze.
fn slot(new: &NewHold) -> String {
    slot_of(new.kind, [&new.app, &new.platform, &new.environment, &new.version])
}

fn slot_of(kind: HoldKind, names: [&Option<String>; 4]) -> String {
    let of = |name: &Option<String>| name.as_ref().map_or_else(String::new, |name| format!("={name}"));
    let parts = names.map(of);
    digest([kind.word()].into_iter().chain(parts.iter().map(String::as_str)))
}

/// Everything that is wrong with a request; `now` in milliseconds since 1970 UTC.
fn faults(new: &NewHold, now: i64) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (field, name) in [
        ("app", &new.app),
        ("platform", &new.platform),
        ("environment", &new.environment),
        ("version", &new.version),
    ] {
        text(field, name.as_deref(), 1..=NAME, &mut faults);
    }
    for (field, words) in [("sha", &new.sha), ("ref", &new.r#ref), ("actor", &new.actor)] {
        text(field, words.as_deref(), 1..=TEXT, &mut faults);
    }
    text("reason", Some(&new.reason), 1..=TEXT, &mut faults);
    let (app, environment, actor) =
        (("app", &new.app), ("environment", &new.environment), ("actor", &new.actor));
    let (version, sha, r#ref) = (("version", &new.version), ("sha", &new.sha), ("ref", &new.r#ref));
    let (needed, foreign) = match new.kind {
        HoldKind::Hold => (vec![app, version], vec![r#ref]),
        HoldKind::Lock => (vec![app, environment, actor], vec![version, sha]),
        HoldKind::Freeze => (vec![environment], vec![version, sha, r#ref]),
    };
    let kind = new.kind.word();
    let mut fault = |field: &str, detail: String| {
        faults.push(Fault { pointer: format!("/{field}"), detail });
    };
    for (field, _) in needed.into_iter().filter(|(_, value)| value.is_none()) {
        fault(field, format!("must be there for the kind `{kind}`"));
    }
    for (field, _) in foreign.into_iter().filter(|(_, value)| value.is_some()) {
        fault(field, format!("means nothing for the kind `{kind}`"));
    }
    if new.weekly.is_some() && new.kind != HoldKind::Freeze {
        fault("weekly", format!("means nothing for the kind `{kind}`"));
    }
    if new.weekly.as_ref().is_some_and(|weekly| !weekly.is_usable()) {
        fault("weekly", "must have a zone of the IANA database and two ends that differ".to_owned());
    }
    if new.until.is_some_and(|until| until <= now || jiff::Timestamp::from_millisecond(until).is_err()) {
        fault("until", "must be later than now, in milliseconds since 1970".to_owned());
    }
    faults
}

/// Adds what is wrong with the length or the characters of a text.
pub(super) fn text(
    field: &str,
    words: Option<&str>,
    length: std::ops::RangeInclusive<usize>,
    faults: &mut Vec<Fault>,
) {
    let Some(words) = words else { return };
    let (least, most) = (length.start(), length.end());
    if !length.contains(&words.chars().count()) || words.contains(char::is_control) {
        let detail = format!("must have {least} to {most} characters and no control characters");
        faults.push(Fault { pointer: format!("/{field}"), detail });
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::store::Store;
    use crate::world::World;

    fn at(store: &Store, second: i64) -> Registry {
        let now = jiff::Timestamp::from_second(second).unwrap();
        Registry::new(store.clone(), World::fixed(now, &[], Path::new("/")))
    }

    fn freeze(reason: &str, until: i64) -> NewHold {
        NewHold {
            kind: HoldKind::Freeze,
            app: None,
            platform: None,
            environment: Some("production".to_owned()),
            version: None,
            sha: None,
            r#ref: None,
            reason: reason.to_owned(),
            actor: None,
            until: Some(until),
            weekly: None,
        }
    }

    #[tokio::test]
    async fn what_has_ended_by_itself_makes_room() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), jiff::Timestamp::UNIX_EPOCH).await.unwrap();
        let first = at(&store, 1).hold(&freeze("audit", 2_000), None).await.unwrap();
        assert!(at(&store, 1).hold(&freeze("audit", 2_000), None).await.unwrap().replayed);
        let refused = at(&store, 1).hold(&freeze("party", 5_000), None).await.unwrap_err();
        assert!(matches!(refused, RegistryError::HeldAlready(there) if there.id == first.hold.id));
        let active = |second: i64| {
            let wanted = HoldsWanted { active_at: Some(second * 1_000), limit: 9, ..HoldsWanted::default() };
            let registry = at(&store, second);
            async move { registry.holds(&wanted).await.unwrap().len() }
        };
        assert_eq!((active(1).await, active(2).await), (1, 0), "it ends at its time, not after it");
        assert!(!at(&store, 2).hold(&freeze("party", 5_000), None).await.unwrap().replayed);
        assert_eq!(active(2).await, 1);
    }

    #[test]
    fn names_that_are_absent_are_no_empty_names() {
        let absent = freeze("x", 1);
        let empty = NewHold { app: Some(String::new()), ..freeze("x", 1) };
        assert_ne!(slot(&absent), slot(&empty));
    }
}
