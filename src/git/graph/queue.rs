//! The commits that are still to be looked at, with the colours that reached them.

use std::collections::BinaryHeap;

/// Reached from the commit whose history is asked for.
pub(super) const DESCENDANT: u8 = 1;
/// Reached from a commit whose history is left out.
pub(super) const ANCESTOR: u8 = 2;

/// Commits by their place in the graph, newest first, each at most once at a time.
#[derive(Default)]
pub(super) struct Queue {
    heap: BinaryHeap<(i64, usize)>,
    states: Vec<State>,
    open: usize,
}

#[derive(Default, Clone, Copy)]
struct State {
    colour: u8,
    waits: bool,
}

impl Queue {
    /// Adds a colour to a commit; one that changes is looked at again.
    pub(super) fn paint(&mut self, time: i64, place: usize, colour: u8) {
        if self.states.len() <= place {
            self.states.resize(place + 1, State::default());
        }
        let Some(state) = self.states.get_mut(place) else { return };
        let (before, waited) = (state.colour, state.waits);
        let after = before | colour;
        if before == after {
            return;
        }
        *state = State { colour: after, waits: true };
        if waited && before == DESCENDANT {
            self.open -= 1;
        }
        if after == DESCENDANT {
            self.open += 1;
        }
        if !waited {
            self.heap.push((time, place));
        }
    }

    /// The newest commit that waits, with its colours.
    pub(super) fn next(&mut self) -> Option<(usize, u8)> {
        let (_, place) = self.heap.pop()?;
        let state = self.states.get_mut(place)?;
        state.waits = false;
        if state.colour == DESCENDANT {
            self.open -= 1;
        }
        Some((place, state.colour))
    }

    pub(super) fn colour(&self, place: usize) -> u8 {
        self.states.get(place).map_or(0, |state| state.colour)
    }

    /// How many commits wait that only the descendant reached.
    pub(super) fn open(&self) -> usize {
        self.open
    }

    /// The time of the newest commit that waits.
    pub(super) fn newest(&self) -> Option<i64> {
        self.heap.peek().map(|(time, _)| *time)
    }

    /// Everything that waits, in no order.
    pub(super) fn waiting(&self) -> Vec<usize> {
        self.heap.iter().map(|(_, place)| *place).collect()
    }
}
