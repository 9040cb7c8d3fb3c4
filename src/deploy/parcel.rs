//! One report on its way: what a file of the outbox holds, and how the file is named.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::delivery::digest;
use crate::domain::fact::Fact;

/// A report with what is needed to deliver it. It never holds a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parcel {
    /// The registry that the report was meant for, whatever is configured by now.
    pub registry: String,
    pub report: Fact,
    /// How often its delivery was tried.
    #[serde(default)]
    pub attempts: u32,
    /// Not to be tried before this time, in milliseconds since 1970 UTC.
    #[serde(default)]
    pub next_at: i64,
    /// Whether the registry asked for that wait; else it is our own backoff.
    #[serde(default)]
    pub asked: bool,
    /// What came of the last try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
}

impl Parcel {
    /// A parcel that nobody has tried to deliver.
    pub fn new(registry: &str, report: Fact) -> Self {
        Self { registry: registry.to_owned(), report, attempts: 0, next_at: 0, asked: false, last: None }
    }
}

/// A parcel in the spool.
#[derive(Debug, Clone)]
pub struct Letter {
    pub(super) file: String,
    /// Short and stable, for a person to type.
    pub id: String,
    pub parcel: Parcel,
}

/// A report that will not be sent, and why. Its content is unknown if the file is damaged.
#[derive(Debug, Clone)]
pub struct DeadLetter {
    pub id: String,
    pub parcel: Option<Parcel>,
    pub reason: String,
}

/// The parts of a file's name, `AT-SEQ-ID.REGISTRY.json`: names sort by time, and the registry can be told
/// from the name of a file whose content is damaged.
pub(super) struct Name<'a> {
    pub(super) id: &'a str,
    pub(super) registry: &'a str,
}

impl<'a> Name<'a> {
    pub(super) fn parse(file: &'a str) -> Option<Self> {
        let (front, registry) = file.strip_suffix(".json")?.rsplit_once('.')?;
        let (_, id) = front.rsplit_once('-')?;
        Some(Self { id, registry })
    }

    pub(super) fn of(parcel: &Parcel) -> String {
        let report = &parcel.report;
        let key = report.key();
        let id = key.get(..12).unwrap_or(&key);
        let (at, seq) = (report.at().max(0), report.seq().max(0));
        format!("{at:013}-{seq:03}-{id}.{}.json", tag_of(&parcel.registry))
    }
}

/// What stands for a registry in names of files.
pub(super) fn tag_of(registry: &str) -> String {
    digest(&[registry]).chars().take(8).collect()
}

/// Whether one must not overtake the other.
pub(super) fn same_target(a: &Letter, b: &Letter) -> bool {
    a.parcel.report.target() == b.parcel.report.target()
}

/// The steps of one run stay in their order and together, also if the clock was set back between them.
pub(super) fn in_order_of_runs(queue: &mut [Letter]) {
    let mut first_seen = BTreeMap::new();
    for (place, letter) in queue.iter().enumerate() {
        first_seen.entry(letter.parcel.report.run().to_owned()).or_insert(place);
    }
    queue.sort_by_key(|letter| {
        let report = &letter.parcel.report;
        (first_seen.get(report.run()).copied(), report.seq())
    });
}
