//! Which commit contains which, without reading more of the history than the answer needs; each commit is read
//! once.
//!
//! Two colours flow down from two commits to their ancestors, newest first. Once every commit that is still to
//! be looked at has the ancestor's colour, nothing above the ancestor is left, so it cannot be met any more.

mod queue;
mod raw;
mod window;

use std::collections::{HashMap, HashSet};

use git2::Oid;

use self::queue::{ANCESTOR, DESCENDANT, Queue};
pub(super) use self::raw::Raw;
use self::raw::{Body, People};
use super::{GitError, Repo, failed};

/// A part of the history, read as far as questions asked for it.
pub(super) struct Graph<'r> {
    repo: &'r Repo,
    places: HashMap<Oid, usize, foldhash::fast::FixedState>,
    nodes: Vec<Node>,
    people: People,
}

/// One commit.
struct Node {
    oid: Oid,
    /// Seconds since 1970 UTC at which it was committed.
    time: i64,
    parents: Vec<Oid>,
    /// The rest of it, until someone takes it.
    body: Option<Box<Body>>,
}

impl<'r> Graph<'r> {
    /// Nothing is read yet.
    pub(super) fn of(repo: &'r Repo) -> Self {
        Self { repo, places: HashMap::default(), nodes: Vec::new(), people: People::default() }
    }

    /// Where a commit stands in `nodes`; it is read if it was not yet.
    fn place(&mut self, oid: Oid) -> Result<usize, GitError> {
        if let Some(place) = self.places.get(&oid) {
            return Ok(*place);
        }
        let found = self.repo.inner.find_commit(oid).map_err(failed(format!("the commit {oid}")))?;
        let place = self.nodes.len();
        let time = found.time().seconds();
        let body = Some(Box::new(Body::of(&found, &mut self.people)));
        self.nodes.push(Node { oid, time, parents: found.parent_ids().collect(), body });
        self.places.insert(oid, place);
        Ok(place)
    }

    fn paint(&mut self, queue: &mut Queue, oids: &[Oid], colour: u8) -> Result<(), GitError> {
        for oid in oids {
            let place = self.place(*oid)?;
            queue.paint(self.time(place), place, colour);
        }
        Ok(())
    }

    /// When a commit was made, in seconds since 1970 UTC.
    pub(super) fn time(&self, place: usize) -> i64 {
        self.nodes.get(place).map_or(0, |node| node.time)
    }

    fn parents(&self, place: usize) -> Vec<Oid> {
        self.nodes.get(place).map_or_else(Vec::new, |node| node.parents.clone())
    }

    /// Whether `descendant` is `ancestor` or contains it. Dates only decide in which order commits are looked
    /// at: a wrong clock costs time, never the answer.
    pub(super) fn contains(&mut self, descendant: Oid, ancestor: Oid) -> Result<bool, GitError> {
        let mut queue = Queue::default();
        self.paint(&mut queue, &[ancestor], ANCESTOR)?;
        self.paint(&mut queue, &[descendant], DESCENDANT)?;
        let goal = self.place(ancestor)?;
        while queue.colour(goal) != ANCESTOR | DESCENDANT {
            if queue.open() == 0 {
                return Ok(false);
            }
            let Some((place, colour)) = queue.next() else { return Ok(false) };
            let parents = self.parents(place);
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
            let found = self.nodes.get(place).map(|node| node.oid).filter(|oid| stop(*oid));
            if found.is_some() {
                return Ok(found);
            }
            let parents = self.parents(place);
            self.paint(&mut queue, &parents, colour)?;
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use git2::{Repository, Signature, Time};

    use super::*;

    const HOUR: i64 = 3600;
    const YEAR: i64 = 8766 * HOUR;

    /// A small generator of numbers (Marsaglia's xorshift), so that a failure can be repeated by its seed.
    fn random(state: &mut u64, below: u64) -> u64 {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state % below
    }

    /// A history of merges in which up to every fourth clock is wrong by up to `wrong` seconds, either way, but
    /// never that of a commit and of its parent.
    fn history(repository: &Repository, seed: u64, wrong: i64) -> (Vec<Oid>, Vec<Vec<usize>>) {
        let mut state = seed;
        let tree = repository.treebuilder(None).unwrap().write().unwrap();
        let tree = repository.find_tree(tree).unwrap();
        let (mut oids, mut parents) = (Vec::<Oid>::new(), Vec::<Vec<usize>>::new());
        let mut is_wrong = Vec::new();
        for at in 0..60 {
            let mut above: Vec<usize> = (0..random(&mut state, 3))
                .filter(|_| at > 0)
                .map(|_| usize::try_from(random(&mut state, at)).unwrap())
                .collect();
            above.dedup();
            let off = i64::try_from(random(&mut state, u64::try_from(2 * wrong).unwrap())).unwrap() - wrong;
            is_wrong.push(random(&mut state, 4) == 0 && !above.iter().any(|above| is_wrong[*above]));
            let off = if is_wrong.last() == Some(&true) { off } else { 0 };
            let time = 1_767_225_600 + 600 * i64::try_from(at).unwrap() + off;
            let person = Signature::new("Ada", "ada@example.org", &Time::new(time, 0)).unwrap();
            let commits: Vec<_> =
                above.iter().map(|above| repository.find_commit(oids[*above]).unwrap()).collect();
            let commits: Vec<_> = commits.iter().collect();
            oids.push(repository.commit(None, &person, &person, &at.to_string(), &tree, &commits).unwrap());
            parents.push(above);
        }
        (oids, parents)
    }

    /// What a commit contains, by the plainest walk.
    fn contained(parents: &[Vec<usize>], from: usize) -> HashSet<usize> {
        let (mut contained, mut open) = (HashSet::new(), vec![from]);
        while let Some(at) = open.pop() {
            if contained.insert(at) {
                open.extend(&parents[at]);
            }
        }
        contained
    }

    fn compare(seed: u64, wrong: i64) {
        let folder = tempfile::tempdir().unwrap();
        let repo = Repo { inner: Repository::init_bare(folder.path()).unwrap() };
        let (oids, parents) = history(&repo.inner, seed, wrong);
        let number = |oid: &str| oids.iter().position(|known| known.to_string() == oid).unwrap();
        let mut graph = Graph::of(&repo);
        for (from, oid) in oids.iter().enumerate() {
            let upper = contained(&parents, from);
            let all: HashSet<Oid> = upper.iter().map(|at| oids[*at]).collect();
            assert_eq!(graph.all(*oid).unwrap(), all, "seed {seed}, wrong {wrong}: {from}");
            for (to, other) in oids.iter().enumerate() {
                let found = graph.contains(*oid, *other).unwrap();
                assert_eq!(found, upper.contains(&to), "seed {seed}, wrong {wrong}: {from} contains {to}");
                if (from + to) % 7 == 0 {
                    let mut fresh = Graph::of(&repo);
                    let window = fresh.window(*oid, &[*other]).unwrap();
                    let window: Vec<usize> = window
                        .into_iter()
                        .map(|place| number(&fresh.take(place).unwrap().understand().oid))
                        .collect();
                    let lower = contained(&parents, to);
                    let expected: HashSet<usize> = upper.difference(&lower).copied().collect();
                    let found: HashSet<usize> = window.iter().copied().collect();
                    assert_eq!(found, expected, "seed {seed}, wrong {wrong}: {to}..{from}");
                    assert_eq!(window.len(), expected.len());
                    let rank = |at: &usize| window.iter().position(|found| found == at);
                    let sorted = |at: &usize| {
                        parents[*at].iter().all(|parent| rank(parent) > rank(at) || rank(parent).is_none())
                    };
                    assert!(window.iter().all(sorted), "seed {seed}, wrong {wrong}: order of {to}..{from}");
                }
            }
        }
    }

    #[test]
    fn wrong_clocks_never_change_the_answer() {
        for seed in 1..=8 {
            compare(seed, 60 * YEAR);
            compare(seed, 20 * HOUR);
            compare(seed, 1200);
        }
    }

    #[test]
    fn clocks_that_were_not_set_hide_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let repo = Repo { inner: Repository::init_bare(folder.path()).unwrap() };
        let tree = repo.inner.find_tree(repo.inner.treebuilder(None).unwrap().write().unwrap()).unwrap();
        let commit = |time: i64, parents: &[Oid]| {
            let person = Signature::new("Ada", "ada@example.org", &Time::new(time, 0)).unwrap();
            let parents: Vec<_> = parents.iter().map(|oid| repo.inner.find_commit(*oid).unwrap()).collect();
            let parents: Vec<_> = parents.iter().collect();
            repo.inner.commit(None, &person, &person, "feat: a", &tree, &parents).unwrap()
        };
        let now = 1_767_225_600;
        let root = commit(now, &[]);
        let base = commit(now + 5 * HOUR, &[root]);
        let shared = commit(now + 10 * HOUR, &[base]);
        let unset = commit(1, &[commit(0, &[shared])]);
        let released = commit(now + 30 * HOUR, &[unset, base]);
        let head = commit(now + 40 * HOUR, &[shared]);
        let mut graph = Graph::of(&repo);
        let window = graph.window(head, &[released]).unwrap();
        assert_eq!(window.len(), 1);
        assert_eq!(graph.take(window[0]).unwrap().understand().oid, head.to_string());
    }
}
