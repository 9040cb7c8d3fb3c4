//! Which CI system runs us, from its environment: the one place that knows its variables.

pub mod github;

use crate::world::World;

/// The job that we are part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The kind of event, in GitHub's words.
    pub event: String,
    /// The branch, if the job runs for one.
    pub branch: Option<String>,
    /// Who caused it.
    pub actor: Option<String>,
    /// The page of the run.
    pub run_url: Option<String>,
    /// Names this run and attempt, so that a repeated step is known again.
    pub run_id: Option<String>,
}

/// The job on GitHub Actions, or on a runner that speaks its protocol; `None` elsewhere. A marker that is
/// `false` means none, as CI systems use it.
pub fn detect(world: &World) -> Option<Job> {
    world.var("GITHUB_ACTIONS").filter(|value| *value != "false")?;
    let var = |name| world.var(name).map(str::to_owned);
    let run = world.var("GITHUB_RUN_ID").zip(Some(world.var("GITHUB_RUN_ATTEMPT").unwrap_or("1")));
    let page = world.var("GITHUB_SERVER_URL").zip(world.var("GITHUB_REPOSITORY"));
    Some(Job {
        event: var("GITHUB_EVENT_NAME").unwrap_or_default(),
        branch: var("GITHUB_HEAD_REF")
            .or_else(|| var("GITHUB_REF_NAME").filter(|_| world.var("GITHUB_REF_TYPE") != Some("tag"))),
        actor: var("GITHUB_ACTOR"),
        run_url: page.zip(run).map(|((server, repository), (id, attempt))| {
            format!("{server}/{repository}/actions/runs/{id}/attempts/{attempt}")
        }),
        run_id: run.map(|(id, attempt)| format!("{id}.{attempt}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(vars: &[(&str, &str)]) -> Option<Job> {
        detect(&World::fixed(jiff::Timestamp::UNIX_EPOCH, vars, std::path::Path::new("/")))
    }

    #[test]
    fn a_push_on_github_is_read_whole() {
        let job = job(&[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", "push"),
            ("GITHUB_REF_NAME", "main"),
            ("GITHUB_REF_TYPE", "branch"),
            ("GITHUB_ACTOR", "ada"),
            ("GITHUB_RUN_ID", "8812"),
            ("GITHUB_RUN_ATTEMPT", "2"),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_REPOSITORY", "acme/helpdesk"),
        ])
        .unwrap();
        assert_eq!(job.branch.as_deref(), Some("main"));
        assert_eq!(job.run_id.as_deref(), Some("8812.2"));
        assert_eq!(
            job.run_url.as_deref(),
            Some("https://github.com/acme/helpdesk/actions/runs/8812/attempts/2")
        );
    }

    #[test]
    fn a_tag_is_no_branch_and_false_is_no_ci() {
        let tag = [("GITHUB_ACTIONS", "true"), ("GITHUB_REF_NAME", "v1"), ("GITHUB_REF_TYPE", "tag")];
        assert_eq!(job(&tag).unwrap().branch, None);
        assert_eq!(job(&[("GITHUB_ACTIONS", "false")]), None);
        assert_eq!(job(&[]), None);
    }
}
