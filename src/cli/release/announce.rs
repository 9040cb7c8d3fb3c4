//! Tells the registry of releases that the remote has. The journal holds them until they lie in the outbox, so a
//! release that is pushed is reported, and one that is not is not.

use std::time::Duration;

use crate::cli::Context;
use crate::config::Config;
use crate::deploy::client::{Client, Means};
use crate::deploy::courier::Patience;
use crate::deploy::outbox::Outbox;
use crate::deploy::parcel::{Letter, Parcel};
use crate::domain::fact::Fact;
use crate::domain::text;
use crate::error::Error;
use crate::git::Repo;
use crate::git::journal::{Journal, JournalTag};

/// How long a release waits for its registry.
const PATIENCE: Duration = Duration::from_secs(3);

/// Puts the releases of a journal whose push is done into the outbox; a second time changes nothing.
pub(super) fn keep(repo: &Repo, config: &Config, journal: &Journal) -> Result<(), Error> {
    let Some(registry) = config.registry.as_ref().filter(|_| journal.remote.is_some()) else {
        return Ok(());
    };
    let outbox = Outbox::below(&repo.private_dir());
    let newest = JournalTag { tag_ref: journal.tag_ref.clone(), tag: journal.tag.clone() };
    for tag in journal.earlier.iter().chain([&newest]) {
        if let Some(release) = repo.released(tag, &config.tag_format)? {
            outbox.put(&Parcel::new(registry.url.as_str(), Fact::Release(release)))?;
        }
    }
    Ok(())
}

/// Sends what `keep` put there. The release is made, so nothing that happens here is an error of it.
pub(in crate::cli) fn send(context: &Context, repo: &Repo, config: &Config) {
    let Some(registry) = &config.registry else { return };
    let outbox = Outbox::below(&repo.private_dir());
    let kept = |reason: &str| {
        context.ui.warn(&format!(
            "the release is not reported: {}; it is kept in `{}`, send it with `shipmark outbox flush`",
            text::line(reason),
            outbox.folder().display()
        ));
    };
    let client = match Client::new(registry, &Means::default(), context.world) {
        Ok(client) => client,
        Err(error) => return kept(&error.to_string()),
    };
    match client.deliver_from(&outbox, Patience::Asked, PATIENCE) {
        Err(error) => kept(&error.to_string()),
        Ok(round) => {
            let ours = |(letter, _): &&(Letter, String)| matches!(letter.parcel.report, Fact::Release(_));
            if let Some((_, reason)) = round.refused.iter().find(ours) {
                context.ui.warn(&format!(
                    "the registry refused the release: {}; see `shipmark outbox list`",
                    text::line(reason)
                ));
            } else if let Some((_, reason)) = round.kept.iter().find(ours).or(round.kept.first()) {
                kept(reason);
            }
        }
    }
}
