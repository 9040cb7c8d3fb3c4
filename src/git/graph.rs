//! Which commit contains which, without reading more of the history than the answer needs.
//!
//! Two colours flow down from two commits to their ancestors, newest first. Once every commit that is still to
//! be looked at has the ancestor's colour, nothing above the ancestor is left, so it cannot be met any more.
//! Dates only decide in which order commits are looked at: a wrong clock costs time, never the answer.

use std::collections::{BinaryHeap, HashMap, HashSet};

use git2::{Oid, Repository};

use super::{GitError, failed};

/// A part of the history, read as far as questions asked for it.
pub(super) struct Graph<'r> {
    repository: &'r Repository,
    places: HashMap<Oid, usize>,
    nodes: Vec<Node>,
}

struct Node {
    oid: Oid,
    /// Seconds since 1970 UTC at which it was committed.
    time: i64,
    parents: Vec<Oid>,
}

const DESCENDANT: u8 = 1;
const ANCESTOR: u8 = 2;

/// Commits to be looked at, newest first, each at most once at a time.
#[derive(Default)]
struct Queue {
    heap: BinaryHeap<(i64, usize)>,
    colours: HashMap<usize, u8>,
    waiting: HashSet<usize>,
    /// How many of those that wait have the descendant's colour alone.
    open: usize,
}

impl Queue {
    fn paint(&mut self, time: i64, place: usize, colour: u8) {
        let known = self.colours.entry(place).or_default();
        let (before, after) = (*known, *known | colour);
        if before == after {
            return;
        }
        *known = after;
        let waits = !self.waiting.insert(place);
        if waits && before == DESCENDANT {
            self.open -= 1;
        }
        if after == DESCENDANT {
            self.open += 1;
        }
        if !waits {
            self.heap.push((time, place));
        }
    }

    fn next(&mut self) -> Option<(usize, u8)> {
        let (_, place) = self.heap.pop()?;
        self.waiting.remove(&place);
        let colour = self.colours.get(&place).copied().unwrap_or_default();
        if colour == DESCENDANT {
            self.open -= 1;
        }
        Some((place, colour))
    }
}

impl<'r> Graph<'r> {
    pub(super) fn of(repository: &'r Repository) -> Self {
        Self { repository, places: HashMap::new(), nodes: Vec::new() }
    }

    /// Where a commit stands in `nodes`; it is read if it was not yet.
    fn place(&mut self, oid: Oid) -> Result<usize, GitError> {
        if let Some(place) = self.places.get(&oid) {
            return Ok(*place);
        }
        let commit = self.repository.find_commit(oid).map_err(failed(format!("the commit {oid}")))?;
        let place = self.nodes.len();
        let time = commit.committer().when().seconds();
        self.nodes.push(Node { oid, time, parents: commit.parent_ids().collect() });
        self.places.insert(oid, place);
        Ok(place)
    }

    fn paint(&mut self, queue: &mut Queue, oids: &[Oid], colour: u8) -> Result<(), GitError> {
        for oid in oids {
            let place = self.place(*oid)?;
            let time = self.nodes.get(place).map_or(0, |node| node.time);
            queue.paint(time, place, colour);
        }
        Ok(())
    }

    fn node(&self, place: usize) -> (Option<Oid>, Vec<Oid>) {
        self.nodes.get(place).map_or((None, Vec::new()), |node| (Some(node.oid), node.parents.clone()))
    }

    /// Whether `descendant` is `ancestor` or contains it.
    pub(super) fn contains(&mut self, descendant: Oid, ancestor: Oid) -> Result<bool, GitError> {
        let mut queue = Queue::default();
        self.paint(&mut queue, &[ancestor], ANCESTOR)?;
        self.paint(&mut queue, &[descendant], DESCENDANT)?;
        let goal = self.place(ancestor)?;
        while queue.colours.get(&goal) != Some(&(ANCESTOR | DESCENDANT)) {
            if queue.open == 0 {
                return Ok(false);
            }
            let Some((place, colour)) = queue.next() else { return Ok(false) };
            let (_, parents) = self.node(place);
            self.paint(&mut queue, &parents, colour)?;
        }
        Ok(true)
    }

    /// The newest of the wanted commits that `from` contains, by a walk that ends there.
    pub(super) fn nearest(&mut self, from: Oid, wanted: &HashSet<Oid>) -> Result<Option<Oid>, GitError> {
        self.walk(from, |oid| wanted.contains(&oid))
    }

    /// Everything that `from` contains.
    pub(super) fn all(&mut self, from: Oid) -> Result<HashSet<Oid>, GitError> {
        let mut met = HashSet::new();
        self.walk(from, |oid| !met.insert(oid))?;
        Ok(met)
    }

    /// Goes down from `from`, newest first, to the first commit at which it is told to stop.
    fn walk(&mut self, from: Oid, mut stop: impl FnMut(Oid) -> bool) -> Result<Option<Oid>, GitError> {
        let mut queue = Queue::default();
        self.paint(&mut queue, &[from], DESCENDANT)?;
        while let Some((place, colour)) = queue.next() {
            let (oid, parents) = self.node(place);
            if let Some(oid) = oid.filter(|oid| stop(*oid)) {
                return Ok(Some(oid));
            }
            self.paint(&mut queue, &parents, colour)?;
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use git2::{Signature, Time};

    use super::*;

    /// A small generator of numbers (Marsaglia's xorshift), so that a failure can be repeated by its seed.
    fn random(state: &mut u64, below: u64) -> u64 {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state % below
    }

    /// A history of merges in which every fourth clock is wrong by years, either way.
    fn history(repository: &Repository, seed: u64) -> (Vec<Oid>, Vec<Vec<usize>>) {
        let mut state = seed;
        let tree = repository.treebuilder(None).unwrap().write().unwrap();
        let tree = repository.find_tree(tree).unwrap();
        let (mut oids, mut parents) = (Vec::<Oid>::new(), Vec::<Vec<usize>>::new());
        for at in 0..60 {
            let mut above: Vec<usize> = (0..random(&mut state, 3))
                .filter(|_| at > 0)
                .map(|_| usize::try_from(random(&mut state, at)).unwrap())
                .collect();
            above.dedup();
            let wrong = if random(&mut state, 4) == 0 { random(&mut state, 4_000_000_000) } else { 0 };
            let time = i64::try_from(1_700_000_000 + at * 60).unwrap() + i64::try_from(wrong).unwrap()
                - 2_000_000_000 * i64::from(wrong > 0);
            let person = Signature::new("Ada", "ada@example.org", &Time::new(time, 0)).unwrap();
            let commits: Vec<_> =
                above.iter().map(|above| repository.find_commit(oids[*above]).unwrap()).collect();
            let commits: Vec<_> = commits.iter().collect();
            oids.push(repository.commit(None, &person, &person, &at.to_string(), &tree, &commits).unwrap());
            parents.push(above);
        }
        (oids, parents)
    }

    #[test]
    fn wrong_clocks_never_change_the_answer() {
        for seed in 1..=20 {
            let folder = tempfile::tempdir().unwrap();
            let repository = Repository::init_bare(folder.path()).unwrap();
            let (oids, parents) = history(&repository, seed);
            let mut graph = Graph::of(&repository);
            for (from, oid) in oids.iter().enumerate() {
                let (mut contained, mut open) = (HashSet::new(), vec![from]);
                while let Some(at) = open.pop() {
                    if contained.insert(at) {
                        open.extend(&parents[at]);
                    }
                }
                for (to, ancestor) in oids.iter().enumerate() {
                    let found = graph.contains(*oid, *ancestor).unwrap();
                    assert_eq!(found, contained.contains(&to), "seed {seed}: {from} contains {to}");
                }
                let all: HashSet<Oid> = contained.iter().map(|at| oids[*at]).collect();
                assert_eq!(graph.all(*oid).unwrap(), all, "seed {seed}: {from}");
            }
        }
    }
}
