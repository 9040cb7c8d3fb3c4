//! Waits until a deployed program is what it should be, or the time is up.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::health::{Bad, Good, Observed, Proof, Wanted};
use crate::domain::way::Way;
use crate::world::World;

/// The time between two tries.
const PAUSE: Duration = Duration::from_secs(2);
/// How often an interruption is looked for meanwhile.
const GLANCE: Duration = Duration::from_millis(50);

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verified {
    Good {
        proof: Proof,
        after: Duration,
        /// What else answered before, with the number of answers.
        others: BTreeMap<String, u32>,
        warning: Option<String>,
    },
    Bad {
        reason: String,
        /// The time that it had.
        after: Duration,
    },
    /// Somebody asked us to end.
    Interrupted,
}

/// Asks by `look`, which gets the time that a try may take, until as many answers in a row are good.
pub fn verify(
    way: &Way,
    wanted: &Wanted,
    world: &World,
    look: &dyn Fn(Duration) -> Result<Observed, String>,
    interrupted: &mut dyn FnMut() -> bool,
) -> Verified {
    let watch = world.stopwatch();
    let mut others: BTreeMap<String, u32> = BTreeMap::new();
    let (mut row, mut last) = (0, "there was no time to ask".to_owned());
    loop {
        let left = way.within().saturating_sub(watch.elapsed());
        if left.is_zero() {
            return Verified::Bad { reason: last, after: way.within() };
        }
        let judged = look(left).map_err(Bad::Wrong).and_then(|observed| observed.judge(wanted));
        match judged {
            Ok(Good { proof, warning }) => {
                row += 1;
                if row >= way.stable() {
                    return Verified::Good { proof, after: watch.elapsed(), others, warning };
                }
                last = format!("only {row} of {} good answers in a row", way.stable());
            }
            Err(bad) => {
                row = 0;
                last = match bad {
                    Bad::Wrong(reason) => reason,
                    Bad::Other(name) => {
                        *others.entry(name.clone()).or_default() += 1;
                        format!("it is still {name}")
                    }
                };
            }
        }
        let pause = PAUSE.min(way.within().saturating_sub(watch.elapsed()));
        if !rest(pause, interrupted) {
            return Verified::Interrupted;
        }
    }
}

/// Sleeps; `false` if it was interrupted.
fn rest(pause: Duration, interrupted: &mut dyn FnMut() -> bool) -> bool {
    let mut slept = Duration::ZERO;
    loop {
        if interrupted() {
            return false;
        }
        if slept >= pause {
            return true;
        }
        let step = GLANCE.min(pause.saturating_sub(slept));
        std::thread::sleep(step);
        slept += step;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::path::Path;

    use url::Url;

    use super::*;
    use crate::domain::health::Health;

    fn health(stable: u32, milliseconds: u64) -> Way {
        let url = Url::parse("http://localhost/").unwrap();
        let (version, commit, environment) = (None, None, None);
        let within = Duration::from_millis(milliseconds);
        Way::Health(Health { url, version, commit, environment, within, stable })
    }

    fn run(health: &Way, answers: &[&str], interrupted: &mut dyn FnMut() -> bool) -> Verified {
        let world = World::fixed(jiff::Timestamp::UNIX_EPOCH, &[], Path::new("/"));
        let wanted = Wanted { version: "1.2.0", sha: None, environment: "e" };
        let turn = Cell::new(0);
        let look = |_| {
            let version = answers.get(turn.replace(turn.get() + 1)).or(answers.last()).unwrap();
            match *version {
                "down" => Err("it answered 503".to_owned()),
                version => Ok(Observed { version: Some(version.to_owned()), ..Observed::default() }),
            }
        };
        verify(health, &wanted, &world, &look, interrupted)
    }

    #[test]
    fn one_good_answer_is_enough_where_one_is_wanted() {
        let Verified::Good { proof, others, .. } = run(&health(1, 1000), &["1.2.0"], &mut || false) else {
            panic!("not good")
        };
        assert_eq!((proof, others.len()), (Proof::Version, 0));
    }

    #[test]
    fn the_last_reason_is_told_when_the_time_is_up() {
        let reason = |stable, answers: &[&str]| match run(&health(stable, 100), answers, &mut || false) {
            Verified::Bad { reason, .. } => reason,
            other => panic!("{other:?}"),
        };
        assert_eq!(reason(1, &["1.1.0"]), "it is still 1.1.0");
        assert_eq!(reason(1, &["down"]), "it answered 503");
        assert_eq!(reason(3, &["1.2.0"]), "only 1 of 3 good answers in a row");
    }

    #[test]
    fn an_answer_of_the_old_version_begins_the_row_anew() {
        let verified = run(&health(1, 10_000), &["1.1.0", "1.2.0"], &mut || false);
        let Verified::Good { others, after, .. } = verified else { panic!("{verified:?}") };
        assert_eq!((others.get("1.1.0"), after >= PAUSE), (Some(&1), true));
    }

    #[test]
    fn a_signal_ends_the_wait() {
        assert_eq!(run(&health(1, 60_000), &["down"], &mut || true), Verified::Interrupted);
    }
}
