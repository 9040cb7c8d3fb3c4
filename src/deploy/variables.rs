//! The variables through which a command learns what it deploys.

use jiff::Timestamp;

use super::subject::{Source, Target};
use crate::domain::deployment::Current;

/// Names and values, in the order in which they are shown.
pub type Variables = Vec<(&'static str, String)>;

/// The plain variables, which `shipmark env` prints too. `built` is the time of the build, `deployed` that of
/// the deployment; without an environment (an empty name) there is none.
pub fn plain(environment: &str, source: &Source, built: Timestamp, deployed: Option<Timestamp>) -> Variables {
    let mut variables = vec![
        ("VERSION", source.version.clone()),
        ("COMMIT", source.sha.clone().unwrap_or_default()),
        ("BRANCH", source.branch.clone().unwrap_or_default()),
        ("ENVIRONMENT", environment.to_owned()),
        ("BUILT_AT", utc(built)),
    ];
    variables.extend(deployed.map(|time| ("DEPLOYED_AT", utc(time))));
    variables
}

/// Our own variables: what the registry knows of this deployment and of the one before it. An unknown one is
/// empty, so that no value of an outer deployment shows through.
pub fn own(target: &Target, deployment: Option<i64>, current: Option<&Current>) -> Variables {
    let previous = current.and_then(|current| current.recorded.as_ref());
    vec![
        ("SHIPMARK_APP", target.app.clone()),
        ("SHIPMARK_PLATFORM", target.platform.clone()),
        ("SHIPMARK_DEPLOYMENT", deployment.map(|id| id.to_string()).unwrap_or_default()),
        ("SHIPMARK_PREVIOUS_VERSION", previous.map(|old| old.version.clone()).unwrap_or_default()),
        ("SHIPMARK_PREVIOUS_COMMIT", previous.and_then(|old| old.sha.clone()).unwrap_or_default()),
    ]
}

/// A time in UTC with whole seconds (RFC 3339).
fn utc(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
