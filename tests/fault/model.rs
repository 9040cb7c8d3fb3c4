//! The next version of random histories, against a model of a few lines that shares no code with shipmark.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::random::Random;
use crate::stage::{Stage, Theatre};
use crate::weak::{full, strong, weak};

/// Messages and the level that each asks for: 0 none, 1 patch, 2 minor, 3 major.
const MESSAGES: [(&str, usize); 10] = [
    ("docs: a", 0),
    ("chore: b", 0),
    ("not conventional", 0),
    ("fix: c", 1),
    ("perf(d): e", 1),
    ("feat: f", 2),
    ("FEAT(g): h (#1)", 2),
    ("refactor!: i", 3),
    ("fix: j\n\nBREAKING CHANGE: k", 3),
    ("feature: l", 0),
];

type Version = (u64, u64, u64);

struct Model {
    parents: Vec<Vec<usize>>,
    levels: Vec<usize>,
    /// Versions with the commits that they were released from.
    tags: Vec<(Version, usize)>,
}

impl Model {
    fn contained(&self, from: usize) -> BTreeSet<usize> {
        let (mut found, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(at) = open.pop() {
            if found.insert(at) {
                open.extend(&self.parents[at]);
            }
        }
        found
    }

    /// What `next` must print at the newest commit; `None` where that version is taken elsewhere.
    fn next(&self) -> Option<Version> {
        let head = self.contained(self.parents.len() - 1);
        let base = self.tags.iter().filter(|(_, at)| head.contains(at)).max();
        let Some(((major, minor, patch), at)) = base.copied() else { return Some((0, 1, 0)) };
        let released = self.contained(at);
        let since = head.difference(&released).filter(|at| self.parents[**at].len() < 2);
        let level = since.map(|at| self.levels[*at]).max().unwrap_or(0);
        let level = if major == 0 && level == 3 { 2 } else { level };
        let next =
            [(major, minor, patch), (major, minor, patch + 1), (major, minor + 1, 0), (major + 1, 0, 0)]
                [level];
        (level == 0 || !self.tags.iter().any(|(version, _)| *version == next)).then_some(next)
    }
}

/// A history of up to 40 commits with merges, releases anywhere, and here and there a clock that is wrong by years.
fn history(random: &mut Random) -> (Model, String) {
    let count = 5 + random.below(36);
    let mut model = Model { parents: Vec::new(), levels: Vec::new(), tags: Vec::new() };
    let (mut feed, mut wrong) = (String::new(), Vec::new());
    for at in 0..count {
        let (text, level) = MESSAGES[random.below(MESSAGES.len())];
        let mut parents = Vec::new();
        if at > 0 {
            parents.push(at - 1 - random.below(at.min(4)));
            if random.chance(4) && at > 1 {
                parents.push(random.below(at));
            }
            parents.dedup();
        }
        wrong.push(random.chance(8) && !parents.iter().any(|parent| wrong[*parent]));
        let off = if wrong[at] { random.below(2_000_000_000) } else { 1_000_000_000 };
        let time = 767_225_600 + 600 * at + off;
        let who = format!("Ada <ada@example.org> {time} +0000");
        write!(feed, "reset refs/heads/main\ncommit refs/heads/main\nmark :{}\n", at + 1).unwrap();
        write!(feed, "author {who}\ncommitter {who}\ndata {}\n{text}\n", text.len()).unwrap();
        for (nth, parent) in parents.iter().enumerate() {
            writeln!(feed, "{} :{}", if nth == 0 { "from" } else { "merge" }, parent + 1).unwrap();
        }
        feed.push('\n');
        model.parents.push(parents);
        model.levels.push(level);
        let version = [0, 0, 0].map(|_| u64::try_from(random.below(3)).unwrap());
        let version = (version[0], version[1], version[2]);
        if random.chance(5) && !model.tags.iter().any(|(other, _)| *other == version) {
            let (major, minor, patch) = version;
            write!(feed, "tag v{major}.{minor}.{patch}\nfrom :{}\ntagger {who}\ndata 1\nx\n", at + 1)
                .unwrap();
            model.tags.push((version, at));
        }
    }
    (model, feed)
}

/// How many histories were compared, and those whose version is not the model's.
fn compare(theatre: &Theatre, binary: &std::path::Path, seeds: std::ops::Range<u64>) -> (usize, Vec<String>) {
    let (mut compared, mut wrong) = (0, Vec::new());
    for seed in seeds {
        let (model, feed) = history(&mut Random::of(seed));
        let Some((major, minor, patch)) = model.next() else { continue };
        let stage: Stage = theatre.stage();
        let place = stage.clone.with_file_name("random");
        stage.git(&[
            "init",
            "--quiet",
            "--bare",
            "--template=",
            "--initial-branch=main",
            place.to_str().unwrap(),
        ]);
        stage.git_with(&["-C", place.to_str().unwrap(), "fast-import", "--quiet", "--force"], &feed);
        // What a tag names is known from a packed reference, and looked up from another.
        if seed % 2 == 0 {
            stage.git(&["-C", place.to_str().unwrap(), "pack-refs", "--all"]);
        }
        let output = stage.command(binary).current_dir(&place).arg("next").output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        compared += 1;
        if said != format!("{major}.{minor}.{patch}") {
            wrong.push(format!("seed {seed}: `{said}`, not {major}.{minor}.{patch}"));
        }
        std::fs::remove_dir_all(stage.clone.parent().unwrap()).unwrap();
    }
    (compared, wrong)
}

#[test]
fn the_next_version_is_that_of_the_model() {
    let theatre = Theatre::open();
    let (compared, control) = compare(&theatre, &weak(), 1..60);
    eprintln!("weak build: {} of {compared} versions are wrong", control.len());
    assert!(!control.is_empty(), "the weak build, which counts from the nearest tag, passes");
    let (compared, wrong) = compare(&theatre, &strong(), 1..if full() { 5000 } else { 200 });
    eprintln!("shipmark: {} of {compared} versions are wrong", wrong.len());
    assert!(compared > 100, "{compared}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
