//! Asks the running programs of several environments at once, and sets what they say against the record.

use serde::Serialize;

use crate::config::Config;
use crate::domain::deployment::Current;
use crate::domain::health::Observed;
use crate::domain::past::Past;
use crate::domain::verdict::{Moment, Verdict, is_held, is_known, is_stuck, verdict};
use crate::probe::Probe;

/// Why nothing is read off a machine.
const UNTRUSTED: &str = "its `readout` is not allowed, see `shipmark config trust --show`";

/// What is known of one environment beside its record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    pub observed: Option<Observed>,
    /// Why nothing was observed.
    pub problem: Option<String>,
    pub verdict: Verdict,
}

impl Seen {
    /// The verdict in a few words; with `why` also the reason for which there is no better one.
    pub fn words(&self, why: bool) -> String {
        let runs = || self.observed.as_ref().map_or_else(String::new, Observed::surest_name);
        match (self.verdict, &self.problem) {
            (Verdict::Confirmed, _) => "confirmed".to_owned(),
            (Verdict::Drift, _) => format!("DRIFT: runs {}", runs()),
            (Verdict::Stuck, _) => "STUCK".to_owned(),
            (Verdict::Held, _) => "HELD".to_owned(),
            (Verdict::Unreported, _) => format!("UNREPORTED: runs {}", runs()),
            (_, Some(problem)) if why => format!("unverified: {problem}"),
            (_, None) if why && self.verdict == Verdict::Unverified => {
                "reachable, version unproved".to_owned()
            }
            (Verdict::Failed, None) => "confirmed".to_owned(),
            _ => "unverified".to_owned(),
        }
    }
}

/// What is known of a cell whose program nobody asked, if it is worth a word.
pub fn unasked(item: &Current, moment: &Moment) -> Option<Seen> {
    let verdict = match () {
        () if is_stuck(item, moment.now) => Verdict::Stuck,
        () if is_held(item, moment) => Verdict::Held,
        () => return None,
    };
    Some(Seen { observed: None, problem: None, verdict })
}

/// One answer for each cell, in their order; nothing for an environment without a configured way to ask.
/// `trusted` says whether commands of the repository may run. `history` gives what was deployed to a place, and
/// is asked only where something else runs.
pub fn observe(
    items: &[&Current],
    config: &Config,
    trusted: bool,
    moment: &Moment,
    history: &dyn Fn(&Current) -> Option<Vec<Past>>,
) -> Vec<Option<Seen>> {
    let environment = |item: &Current| config.environments.get(&item.environment);
    let looked: Vec<Option<Result<Observed, String>>> = std::thread::scope(|scope| {
        let ask = |item: &&Current| {
            let environment = environment(item)?;
            let way = environment.way.as_ref()?;
            let allowed = trusted || environment.reads.iter().all(|command| !command.from_repository);
            Some(scope.spawn(move || {
                match allowed {
                    false => Err(UNTRUSTED.to_owned()),
                    true => Probe::new(way)
                        .map_err(|error| error.to_string())
                        .and_then(|probe| probe.look(way.patience())),
                }
            }))
        };
        let asked: Vec<_> = items.iter().map(ask).collect();
        let ended = |thread: std::thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|_| Err("asking it broke off".to_owned()))
        };
        asked.into_iter().map(|thread| thread.map(ended)).collect()
    });
    items
        .iter()
        .zip(looked)
        .map(|(item, looked)| looked.map(|looked| seen(item, looked, moment, history)))
        .collect()
}

fn seen(
    item: &Current,
    looked: Result<Observed, String>,
    moment: &Moment,
    history: &dyn Fn(&Current) -> Option<Vec<Past>>,
) -> Seen {
    let (observed, problem) = match looked {
        Ok(observed) => (Some(observed), None),
        Err(problem) => (None, Some(problem)),
    };
    let mut found = verdict(item, observed.as_ref(), None, moment);
    if found == Verdict::Drift {
        let rows = history(item);
        let known = observed.as_ref().zip(rows).map(|(observed, rows)| is_known(observed, &rows));
        found = verdict(item, observed.as_ref(), known, moment);
    }
    Seen { observed, problem, verdict: found }
}
