//! What happens while somebody watches: one change of one attempt, and who wants to hear of which.

use std::sync::Arc;

use serde::Serialize;

use super::deployment::{Kind, State};
use super::limits::Limits;

/// A change of an attempt, as `GET /api/v2/stream` tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Happening {
    /// That of its event, unique for ever. It sorts by the time of its making, and not by that of its COMMIT.
    pub id: String,
    pub deployment: i64,
    /// What kind of deployment it is, where it is not an ordinary one.
    pub kind: Option<Kind>,
    pub app: String,
    pub workload: String,
    pub platform: String,
    pub environment: String,
    pub version: String,
    /// Where the attempt stands now, which may be further than this change brought it.
    pub state: State,
    pub from: Option<State>,
    pub to: State,
    pub actor: Option<String>,
    /// Who told us: `v1`, `v2`, `timer`, or `registry` for what followed from another event.
    pub source: String,
    /// Milliseconds since 1970 UTC.
    pub at: i64,
}

/// What somebody wants to hear of; what is absent filters nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interest {
    /// Those of the token that asks.
    pub limits: Option<Arc<Limits>>,
    pub app: Option<String>,
    pub platform: Option<String>,
    pub environment: Option<String>,
    pub team: Option<String>,
    /// The state that a change leads to.
    pub state: Option<State>,
}

impl Interest {
    pub fn wants(&self, happening: &Happening) -> bool {
        let fits =
            |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
        let covers =
            |limits: &Arc<Limits>| limits.covers(&happening.app, &happening.platform, &happening.environment);
        self.limits.as_ref().is_none_or(covers)
            && fits(&self.app, &happening.app)
            && fits(&self.platform, &happening.platform)
            && fits(&self.environment, &happening.environment)
            && fits(&self.team, &happening.workload)
            && self.state.is_none_or(|state| state == happening.to)
    }
}

/// A text that sorts before every id made later than so many milliseconds before `id` was; nothing if that is no id
/// of ours. The first 48 bits of an id are the milliseconds since 1970 (UUID version 7, RFC 9562).
pub fn before(id: &str, milliseconds: u64) -> Option<String> {
    let uuid = id.get(..36)?;
    let dashes = [8, 13, 18, 23];
    let sound = uuid.bytes().enumerate().all(|(at, byte)| {
        if dashes.contains(&at) { byte == b'-' } else { matches!(byte, b'0'..=b'9' | b'a'..=b'f') }
    });
    let made = sound.then(|| uuid.get(..8).zip(uuid.get(9..13)))?;
    let made = made.and_then(|(high, low)| u64::from_str_radix(&format!("{high}{low}"), 16).ok())?;
    let floor = made.saturating_sub(milliseconds);
    Some(format!("{:08x}-{:04x}", floor >> 16, floor & 0xffff))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::glob::Glob;

    fn happening() -> Happening {
        Happening {
            id: "x".to_owned(),
            deployment: 1,
            kind: None,
            app: "helpdesk".to_owned(),
            workload: "support".to_owned(),
            platform: "eu".to_owned(),
            environment: "production".to_owned(),
            version: "1.2.0".to_owned(),
            state: State::Superseded,
            from: Some(State::Running),
            to: State::Succeeded,
            actor: None,
            source: "v2".to_owned(),
            at: 0,
        }
    }

    fn within(app: &str) -> Limits {
        Limits { app: vec![Glob::parse(app).unwrap()], ..Limits::default() }
    }

    #[test]
    fn every_filter_must_fit() {
        let some = |text: &str| Some(text.to_owned());
        assert!(Interest::default().wants(&happening()));
        let all = Interest {
            app: some("helpdesk"),
            platform: some("eu"),
            environment: some("production"),
            team: some("support"),
            limits: Some(Arc::new(within("help*"))),
            state: Some(State::Succeeded),
        };
        assert!(all.wants(&happening()));
        for other in [
            Interest { app: some("Helpdesk"), ..all.clone() },
            Interest { platform: some("production"), ..all.clone() },
            Interest { environment: some("eu"), ..all.clone() },
            Interest { team: some(""), ..all.clone() },
            Interest { limits: Some(Arc::new(within("desk*"))), ..all.clone() },
            Interest { state: Some(State::Superseded), ..all.clone() },
        ] {
            assert!(!other.wants(&happening()), "{other:?}");
        }
    }

    #[test]
    fn the_time_of_an_id_can_be_counted_back() {
        let id = "019b0000-0005-7abc-8def-0123456789ab";
        let floor = |back| before(id, back).unwrap();
        assert_eq!([floor(0), floor(5), floor(6)], ["019b0000-0005", "019b0000-0000", "019affff-ffff"]);
        assert!(floor(0).as_str() < id);
        assert_eq!(before(&format!("{id}:17"), 5), before(id, 5), "what followed from another event");
        assert_eq!(floor(u64::MAX), "00000000-0000");
        for bad in ["", "7", "019b0000-0005-7abc-8def-0123456789aé", "019B0000-0005-7abc-8def-0123456789ab"]
        {
            assert_eq!(before(bad, 0), None, "{bad}");
        }
    }
}
