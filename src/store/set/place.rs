//! What a set of changes makes of one place, decided without the database.

use crate::domain::chain::Head;
use crate::domain::deployment::State;
use crate::domain::event::Event;
use crate::store::change::{Change, Moment};

/// The end and the id of an attempt: of two successes the one with the greater is live.
pub(in crate::store) type End = (Option<i64>, i64);

/// An event with its place in the chain.
#[derive(Debug)]
pub(in crate::store) struct Linked {
    pub(in crate::store) event: Event,
    pub(in crate::store) idempotency_key: Option<String>,
    pub(in crate::store) number: i64,
    pub(in crate::store) previous: String,
    pub(in crate::store) hash: String,
}

/// Adds an event to the chain that ends at `head`.
pub(in crate::store) fn link(head: &mut Head, event: Event, idempotency_key: Option<&String>) -> Linked {
    let next = head.next(&event.facts());
    let previous = std::mem::replace(head, next).hash;
    let (number, hash) = (head.length, head.hash.clone());
    Linked { event, idempotency_key: idempotency_key.cloned(), number, previous, hash }
}

/// What follows from a set of changes, beside the changes themselves.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) events: Vec<Linked>,
    /// The attempts that were live or would be, and are replaced.
    pub(super) superseded: Vec<i64>,
}

/// One place as it stands. Of its successes one is live, and every success before that was replaced: `settle` and
/// this leave it so. What only adds to a place therefore needs no more of it than this.
#[derive(Debug)]
pub(super) struct Place {
    /// The end of its chain of events.
    pub(super) head: Head,
    pub(super) live: Option<End>,
    /// The beginning and the id of the newest attempt; none in a place that is new.
    pub(super) newest: Option<(i64, i64)>,
    /// When it last changed, in milliseconds since 1970 UTC.
    pub(super) at: i64,
}

impl Place {
    /// Takes in a change that only adds (`Step::only_adds`) and gave attempt `id` its state.
    pub(super) fn take(&mut self, id: i64, change: &Change, log: &mut Log) {
        let moment = change.moment();
        let (event, to, started_at, end) = match change {
            Change::Enter(entry) | Change::Adopt(_, entry) => {
                let event = moment.event(id, Some(entry.seq), None, entry.state);
                (event, entry.state, entry.started_at, entry.finished_at)
            }
            Change::Advance(step) => {
                let event = moment.event(id, step.seq, Some(step.from), step.to);
                (event, step.to, step.started_at, step.finished_at)
            }
        };
        log.events.push(link(&mut self.head, event, moment.idempotency_key.as_ref()));
        self.newest = self.newest.max(Some((started_at, id)));
        self.at = moment.received_at;
        if to == State::Succeeded {
            self.succeed((end, id), moment, log);
        }
    }

    /// One more success: the later one is live.
    fn succeed(&mut self, new: End, moment: &Moment, log: &mut Log) {
        let live = self.live.map_or(new, |live| live.max(new));
        if let Some((_, replaced)) = self.live.map(|live| live.min(new)) {
            let event = moment.consequence(replaced, State::Succeeded, State::Superseded);
            log.events.push(link(&mut self.head, event, None));
            log.superseded.push(replaced);
        }
        self.live = Some(live);
    }
}
