//! Carries what lies in the outbox to its registry: oldest first per target, and never past a report of the
//! same target that has to wait. A few targets are served at once.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::outbox::{Outbox, OutboxError};
use super::parcel::Letter;
use super::sending::Sending;
use crate::domain::delivery::{Accepted, Delivery, Wait};
use crate::domain::fact::Fact;
use crate::world::{Stopwatch, World};

/// The longest that one request may take.
const REQUEST: Duration = Duration::from_secs(10);

/// A rest of the time in which no answer could be expected.
const TOO_SHORT: Duration = Duration::from_millis(20);

/// How many targets are served at once.
const ABREAST: usize = 4;

/// How often a lock that another process holds is tried.
const POLL: Duration = Duration::from_millis(20);

/// Which waits are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// Those of the registry and our own backoff: for deliveries in passing.
    All,
    /// Those of the registry only: somebody is waiting for the result.
    Asked,
}

/// What came of a round.
#[derive(Debug, Default)]
pub struct Round {
    pub delivered: Vec<(Letter, Accepted)>,
    pub refused: Vec<(Letter, String)>,
    /// Tried, and to be tried again, with the reason.
    pub kept: Vec<(Letter, String)>,
    /// Another process is sending to this registry.
    pub busy: bool,
}

/// Sends what waits for `registry`, for at most `limit` in all. `post` makes one request within its time.
pub fn send(
    outbox: &Outbox,
    registry: &str,
    world: &World,
    patience: Patience,
    limit: Duration,
    post: &(dyn Fn(&Fact, Duration) -> Delivery + Sync),
) -> Result<Round, OutboxError> {
    let watch = world.stopwatch();
    let sending = loop {
        match outbox.lock(registry)? {
            Some(sending) => break sending,
            None if watch.elapsed() + POLL >= limit => return Ok(Round { busy: true, ..Round::default() }),
            None => std::thread::sleep(POLL),
        }
    };
    Courier { sending, world, patience, limit, watch, post }.deliver()
}

struct Courier<'a> {
    sending: Sending<'a>,
    world: &'a World,
    patience: Patience,
    limit: Duration,
    watch: Stopwatch,
    post: &'a (dyn Fn(&Fact, Duration) -> Delivery + Sync),
}

/// The targets that nobody serves so far, each with its place in the order of the answers.
type Open = VecDeque<(usize, Vec<Letter>)>;

impl Courier<'_> {
    /// The first target alone shows whether the registry is there; then the others come together.
    fn deliver(&self) -> Result<Round, OutboxError> {
        let mut open: Open = self.sending.queues()?.into_iter().enumerate().collect();
        let mut round = Round::default();
        if let Some((_, first)) = open.pop_front()
            && !self.serve(first, &mut round)?
        {
            return Ok(round);
        }
        let servers = open.len().min(ABREAST);
        let open = Mutex::new(open);
        let mut served: Vec<(usize, Round)> = Vec::new();
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..servers).map(|_| scope.spawn(|| self.work(&open))).collect();
            for thread in threads {
                // A thread that panics has the bug of `serve`, which is told as such.
                let rounds = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
                served.extend(rounds);
            }
            Ok::<(), OutboxError>(())
        })?;
        served.sort_by_key(|(place, _)| *place);
        for (_, part) in served {
            round.delivered.extend(part.delivered);
            round.refused.extend(part.refused);
            round.kept.extend(part.kept);
        }
        Ok(round)
    }

    /// Serves one target after the other, until there is none or the registry is not worth another try.
    fn work(&self, open: &Mutex<Open>) -> Result<Vec<(usize, Round)>, OutboxError> {
        let mut rounds = Vec::new();
        loop {
            let next = open.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some((place, queue)) = next else { return Ok(rounds) };
            let mut round = Round::default();
            let reached = self.serve(queue, &mut round)?;
            rounds.push((place, round));
            if !reached {
                open.lock().unwrap_or_else(PoisonError::into_inner).clear();
            }
        }
    }

    /// Sends one target's reports up to the first that has to wait; `false` if the registry is not worth
    /// another try in this round.
    fn serve(&self, queue: Vec<Letter>, round: &mut Round) -> Result<bool, OutboxError> {
        for letter in queue {
            let parcel = &letter.parcel;
            let honoured = parcel.asked || self.patience == Patience::All;
            if honoured && parcel.next_at > self.world.now().as_millisecond() {
                let reason = parcel.last.clone().unwrap_or_default();
                round.kept.push((letter, reason));
                return Ok(true);
            }
            let left = self.limit.saturating_sub(self.watch.elapsed());
            if left < TOO_SHORT {
                return Ok(false);
            }
            if !self.sending.lease(&letter)? {
                continue;
            }
            match (self.post)(&parcel.report, left.min(REQUEST)) {
                Delivery::Done(accepted) => {
                    self.sending.delivered(&letter)?;
                    round.delivered.push((letter, accepted));
                }
                Delivery::Refused { reason, .. } => {
                    self.sending.refused(&letter, &reason)?;
                    round.refused.push((letter, reason));
                }
                Delivery::Retry { wait, reason, reached } => {
                    let letter = self.put_off(letter, wait, &reason);
                    self.sending.keep(&letter)?;
                    round.kept.push((letter, reason));
                    return Ok(reached);
                }
            }
        }
        Ok(true)
    }

    fn put_off(&self, mut letter: Letter, wait: Wait, reason: &str) -> Letter {
        let parcel = &mut letter.parcel;
        let time = wait.time(parcel.attempts, random(self.world)).as_millis();
        let now = self.world.now().as_millisecond();
        parcel.next_at = now.saturating_add(i64::try_from(time).unwrap_or(i64::MAX));
        parcel.asked = matches!(wait, Wait::Asked(_));
        parcel.attempts = parcel.attempts.saturating_add(1);
        parcel.last = Some(reason.to_owned());
        letter
    }
}

fn random(world: &World) -> u64 {
    world.nonce().get(..16).and_then(|hex| u64::from_str_radix(hex, 16).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::deploy::parcel::Parcel;

    const REGISTRY: &str = "https://r.example/";
    const LIMIT: Duration = Duration::from_secs(5);

    fn world() -> World {
        World::fixed("2026-01-31T12:00:00Z".parse().unwrap(), &[], Path::new("/"))
    }

    fn put(outbox: &Outbox, environment: &str, seq: i64) {
        let report = serde_json::json!({ "app": "a", "workload": "a", "platform": environment,
            "environment": environment, "version": "1.0.0", "status": "running", "run_key": environment,
            "seq": seq, "at": seq });
        outbox.put(&Parcel::new(REGISTRY, serde_json::from_value(report).unwrap())).unwrap();
    }

    fn filled() -> (tempfile::TempDir, Outbox) {
        let folder = tempfile::tempdir().unwrap();
        let outbox = Outbox::below(folder.path());
        for (environment, seq) in [("dev", 1), ("dev", 2), ("prod", 3)] {
            put(&outbox, environment, seq);
        }
        (folder, outbox)
    }

    /// Sends with one answer for all, and tells the steps that were tried.
    fn round(outbox: &Outbox, patience: Patience, delivery: &Delivery) -> (Round, Vec<i64>) {
        let tried = Mutex::new(Vec::new());
        let post = |report: &Fact, _| {
            tried.lock().unwrap().push(report.seq());
            delivery.clone()
        };
        let round = send(outbox, REGISTRY, &world(), patience, LIMIT, &post).unwrap();
        (round, tried.into_inner().unwrap())
    }

    fn retry(wait: Wait, reached: bool) -> Delivery {
        Delivery::Retry { wait, reason: "busy".to_owned(), reached }
    }

    fn done() -> Delivery {
        Delivery::Done(Accepted { id: Some(1), state: "running".to_owned(), version: "1.0.0".to_owned() })
    }

    #[test]
    fn a_wait_holds_back_its_own_target_and_an_absent_registry_all() {
        let (_folder, outbox) = filled();
        assert_eq!(round(&outbox, Patience::Asked, &retry(Wait::Slow, true)).1, [1, 3]);
        assert_eq!(round(&outbox, Patience::Asked, &retry(Wait::Slow, false)).1, [1]);
        assert_eq!(outbox.waiting().unwrap().len(), 3);
    }

    #[test]
    fn our_own_backoff_is_kept_only_in_passing_and_that_of_the_registry_always() {
        let (_folder, outbox) = filled();
        round(&outbox, Patience::Asked, &retry(Wait::Slow, true));
        let (kept, tried) = round(&outbox, Patience::All, &done());
        assert_eq!((kept.kept.len(), tried.len()), (2, 0));
        let asked = Wait::Asked(Duration::from_mins(10));
        assert_eq!(round(&outbox, Patience::Asked, &retry(asked, true)).1, [1, 3]);
        assert_eq!(round(&outbox, Patience::Asked, &done()).1, [0; 0]);
        let letter = outbox.waiting().unwrap().remove(0);
        let minutes = (letter.parcel.next_at - world().now().as_millisecond()) / 60_000;
        assert_eq!((letter.parcel.attempts, minutes, letter.parcel.last.as_deref()), (2, 10, Some("busy")));
    }

    #[test]
    fn what_is_delivered_or_refused_is_out_of_the_way() {
        let (_folder, outbox) = filled();
        let refused = Delivery::Refused { status: 422, reason: "no".to_owned() };
        assert_eq!(round(&outbox, Patience::Asked, &refused).1, [1, 2, 3]);
        assert_eq!((outbox.waiting().unwrap().len(), outbox.dead().unwrap().len()), (0, 3));
        put(&outbox, "dev", 4);
        assert_eq!(round(&outbox, Patience::All, &done()).1, [4]);
        assert!(outbox.waiting().unwrap().is_empty());
    }

    #[test]
    fn a_registry_that_another_process_sends_to_is_left_alone_in_time() {
        let (_folder, outbox) = filled();
        let _held = outbox.lock(REGISTRY).unwrap().unwrap();
        let never = |_: &Fact, _| retry(Wait::Backoff, true);
        let limit = Duration::from_millis(50);
        let round = send(&outbox, REGISTRY, &world(), Patience::Asked, limit, &never).unwrap();
        assert!(round.busy);
        assert_eq!(outbox.waiting().unwrap().len(), 3);
    }
}
