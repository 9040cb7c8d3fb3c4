//! Several releases at once: in one clone, and in clones of one remote.

use std::path::Path;
use std::process::{Child, Output};

use crate::stage::{Stage, Theatre};
use crate::weak::{full, strong, weak};

fn rounds() -> usize {
    if full() { 50 } else { 3 }
}

fn start(stage: &Stage, binary: &Path) -> Child {
    use std::process::Stdio;
    let mut command = stage.command(binary);
    command.args(["release", "--push"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn end(child: Child) -> Output {
    child.wait_with_output().unwrap()
}

/// What is wrong after eight releases at once in one clone.
fn eight(theatre: &Theatre, binary: &Path) -> Vec<String> {
    let stage = theatre.stage();
    let running: Vec<Child> = (0..8).map(|_| start(&stage, binary)).collect();
    let ends = running.into_iter().map(end).filter(|output| !matches!(output.status.code(), Some(0 | 75)));
    let mut wrong: Vec<String> = ends
        .map(|output| format!("{:?}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim()))
        .collect();
    wrong.extend(stage.faults(true));
    wrong
}

#[test]
fn eight_releases_in_one_clone_make_one() {
    let theatre = Theatre::open();
    let control: usize = (0..3).map(|_| eight(&theatre, &weak()).len()).sum();
    eprintln!("weak build: {control} faults in 3 rounds of eight releases at once");
    assert!(control > 0, "the weak build, which locks nothing, passes");
    for _ in 0..rounds() {
        assert_eq!(eight(&theatre, &strong()), [] as [String; 0]);
    }
}

#[test]
fn clones_that_race_release_each_version_once_and_lose_nothing() {
    let theatre = Theatre::open();
    for _ in 0..rounds() {
        let stage = theatre.stage();
        stage.git(&["push", "--quiet", "origin", "main"]);
        let clones: Vec<Stage> = (0..4).map(|n| stage.sibling(&format!("clone-{n}"))).collect();
        let mut open: Vec<usize> = (0..clones.len()).collect();
        for (n, clone) in clones.iter().enumerate() {
            clone.git(&["commit", "--quiet", "--allow-empty", "-m", &format!("fix: change {n}")]);
        }
        // Whoever loses brings its branch up to date and tries again, as a person or a job would.
        for _ in 0..2 * clones.len() {
            let running: Vec<(usize, Child)> =
                open.iter().map(|n| (*n, start(&clones[*n], &strong()))).collect();
            for (n, child) in running {
                let output = end(child);
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                match output.status.code() {
                    Some(0) => open.retain(|other| *other != n),
                    Some(4 | 5) => {
                        clones[n].git(&["pull", "--quiet", "--rebase", "--tags", "origin", "main"]);
                    }
                    other => panic!("{other:?}: {said}"),
                }
            }
            if open.is_empty() {
                break;
            }
        }
        assert!(open.is_empty(), "clones {open:?} never got through");
        let remote = stage.remote.to_str().unwrap();
        let tags = stage.git(&["-C", remote, "tag", "--merged", "main", "--sort=version:refname"]);
        assert_eq!(tags, "v1.0.0\nv1.1.0\nv1.1.1\nv1.1.2\nv1.1.3");
        assert_eq!(stage.git(&["-C", remote, "tag"]).lines().count(), 5, "no tag is off the branch");
        let changes = stage.git(&["-C", remote, "log", "--format=%s", "--grep=change", "main"]);
        assert_eq!(changes.lines().count(), 4, "{changes}");
    }
}
