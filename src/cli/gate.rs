//! May it be deployed? What `can-deploy` answers and what `deploy` asks before it does anything.

use jiff::Timestamp;

use crate::deploy::subject::{Source, Target};
use crate::domain::checks::Finding;
use crate::domain::gate::{Wish, reasons};
use crate::domain::hold::Hold;
use crate::domain::tier::Tier;

/// Everything that speaks against a deployment. Changed files do where people work with it; elsewhere they are
/// recorded and no more.
pub(super) fn against(
    target: &Target,
    source: &Source,
    actor: Option<&str>,
    holds: &[Hold],
    now: Timestamp,
) -> Vec<Finding> {
    let production = Tier::guess(&target.platform, &target.environment) == Tier::Production;
    let wish = Wish {
        app: &target.app,
        platform: &target.platform,
        environment: &target.environment,
        version: &source.version,
        sha: source.sha.as_deref(),
        r#ref: source.branch.as_deref(),
        actor,
        dirty: production && source.dirty == Some(true),
    };
    reasons(&wish, holds, now.as_millisecond())
}

/// One line per reason, with the mend below it.
pub(super) fn lines(reasons: &[Finding]) -> Vec<String> {
    let lines = reasons
        .iter()
        .map(|reason| format!("{:<7} {}\n        {}", reason.code, reason.problem, reason.mend));
    lines.collect()
}
