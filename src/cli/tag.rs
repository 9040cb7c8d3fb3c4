//! `shipmark tag`: only the annotated tag, for what VERSION.txt at HEAD says; for branches that take no release
//! commit.

use clap::Args;

use super::Context;
use super::release::Release;
use crate::error::{Error, Status};

/// Tag HEAD with the version that VERSION.txt holds, without a commit
#[derive(Args)]
pub(super) struct Tag {
    /// Print the plan and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Move the tag to the remote before it is made here
    #[arg(long)]
    push: bool,
    /// The branch that HEAD belongs to, where it is detached
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
}

impl Tag {
    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        Release::tag_only(self.dry_run, self.push, self.branch).run(context)
    }
}
