//! What people do with git comes out the same with our hooks as without them: the same commits, index and worktree.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::stage::{Stage, Theatre};
use crate::weak::{strong, weak};

const HOOKS: [&str; 6] =
    ["commit-msg", "prepare-commit-msg", "pre-push", "post-merge", "post-rewrite", "post-checkout"];

/// A name, and how a clone gets its hooks; the paths are the clone and a `shipmark` that notes how deep it is called.
type Way = (&'static str, fn(&Stage, &Path));

const WAYS: [Way; 4] = [
    ("in the folder of git", |stage, binary| scripts(&stage.clone.join(".git/hooks"), binary)),
    ("by a relative core.hooksPath", |stage, binary| {
        scripts(&stage.clone.join(".githooks"), binary);
        stage.git(&["config", "core.hooksPath", ".githooks"]);
    }),
    ("by an absolute core.hooksPath", |stage, binary| {
        let folder = stage.clone.with_file_name("hooks");
        scripts(&folder, binary);
        stage.git(&["config", "core.hooksPath", folder.to_str().unwrap()]);
    }),
    ("by a manager such as husky", |stage, binary| {
        for hook in HOOKS {
            let call = format!("#!/bin/sh\nexec sh -e \"$(dirname \"$0\")/../{hook}\" \"$@\"\n");
            executable(&stage.clone.join(".husky/_").join(hook), &call);
            let line = format!("{} hook {hook} -- \"$@\"\n", binary.display());
            executable(&stage.clone.join(".husky").join(hook), &line);
        }
        stage.git(&["config", "core.hooksPath", ".husky/_"]);
    }),
];

fn executable(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
}

fn scripts(folder: &Path, binary: &Path) {
    for hook in HOOKS {
        let script =
            std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("hooks").join(hook)).unwrap();
        executable(&folder.join(hook), &script.replace("@BIN@", binary.to_str().unwrap()));
    }
}

/// A program in the place of shipmark that writes down how many of its kind it runs in.
fn noting(stage: &Stage, binary: &Path) -> PathBuf {
    let path = stage.clone.with_file_name("shipmark");
    let log = stage.clone.with_file_name("depths");
    let text = format!(
        "#!/bin/sh\necho \"${{DEPTH:-0}}\" >>'{}'\nDEPTH=$((${{DEPTH:-0}} + 1))\nexport DEPTH\nexec '{}' \"$@\"\n",
        log.display(),
        binary.display()
    );
    executable(&path, &text);
    path
}

/// Where the work is done: a folder, and variables that name the repository.
struct Desk<'a> {
    stage: &'a Stage,
    folder: PathBuf,
    variables: Vec<(&'static str, String)>,
}

impl Desk<'_> {
    /// Runs git, which must succeed, at a time that never changes, so that equal commits have equal ids.
    fn git(&self, args: &[&str]) -> String {
        let mut command = self.stage.command("git");
        command.args(args).current_dir(&self.folder).envs(self.variables.iter().cloned());
        command
            .env("GIT_AUTHOR_DATE", "2026-01-02T00:00:00Z")
            .env("GIT_COMMITTER_DATE", "2026-01-02T00:00:00Z");
        command.env("GIT_EDITOR", "true").env("GIT_SEQUENCE_EDITOR", "true");
        let output = command.output().unwrap();
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.join(name), text).unwrap();
    }

    fn change(&self, name: &str) {
        self.write(name, "more\n");
        self.git(&["add", name]);
    }

    fn commit(&self, name: &str, message: &str) {
        self.change(name);
        self.git(&["commit", "--quiet", "-m", message]);
    }

    /// A day's work. Each step leaves something that the next one could get wrong.
    fn work(&self) {
        self.write("untracked", "mine\n");
        self.commit("a", "feat: a");
        self.write("a", "edited\n");
        self.git(&["commit", "--quiet", "--all", "-m", "fix: a"]);
        self.change("b");
        self.change("c");
        self.git(&["commit", "--quiet", "-m", "fix: only c", "--", "c"]);
        self.write("c", "not staged\n");
        self.git(&["commit", "--quiet", "--amend", "-m", "fix: c and b"]);
        self.git(&["stash", "push", "--quiet"]);
        self.git(&["stash", "pop", "--quiet"]);
        self.git(&["checkout", "--quiet", "--", "c"]);
        self.git(&["switch", "--quiet", "--create", "topic"]);
        for n in 0..20 {
            self.commit(&format!("topic-{n}"), &format!("feat: step {n}"));
        }
        self.git(&["switch", "--quiet", "--detach", "topic~20"]);
        self.git(&["switch", "--quiet", "--create", "trunk"]);
        self.commit("d", "fix: d");
        self.git(&["rebase", "--quiet", "trunk", "topic"]);
        self.change("e");
        self.git(&["commit", "--quiet", "--fixup", "HEAD~2"]);
        self.git(&["rebase", "--quiet", "--interactive", "--autosquash", "HEAD~5"]);
        self.git(&["switch", "--quiet", "trunk"]);
        self.commit("f", "fix: f");
        self.git(&["merge", "--quiet", "--no-ff", "--no-edit", "topic"]);
        self.git(&["revert", "--no-edit", "HEAD~1"]);
        self.git(&["switch", "--quiet", "--create", "picked", "HEAD~3"]);
        self.git(&["cherry-pick", "trunk~2"]);
        self.git(&["switch", "--quiet", "trunk"]);
        self.git(&["switch", "--quiet", "--create", "behind", "trunk~1"]);
        self.git(&["merge", "--quiet", "--ff-only", "trunk"]);
        self.git(&["push", "--quiet", "origin", "behind:work"]);
        self.write("g", "left behind\n");
        self.git(&["add", "--intent-to-add", "g"]);
    }

    /// What must be the same with and without hooks.
    fn state(&self) -> String {
        let ask = |args: &[&str]| self.git(args);
        [
            ask(&["for-each-ref"]),
            ask(&["ls-files", "--stage"]),
            ask(&["ls-files", "-v"]),
            ask(&["status", "--porcelain"]),
            ask(&["stash", "list"]),
            ask(&["log", "--format=%H %s", "--all"]),
        ]
        .join("\n--\n")
    }
}

/// A name, and how a desk is set up in a clone.
type Place = (&'static str, fn(&Stage) -> (PathBuf, Vec<(&'static str, String)>));

const PLACES: [Place; 4] = [
    ("the clone", |stage| (stage.clone.clone(), Vec::new())),
    ("a linked worktree", |stage| {
        let path = stage.clone.with_file_name("linked");
        stage.git(&["worktree", "add", "--quiet", "-b", "linked", path.to_str().unwrap()]);
        for folder in [".githooks", ".husky"] {
            let from = stage.clone.join(folder);
            // A relative core.hooksPath is below each worktree.
            if from.exists() {
                stage
                    .command("cp")
                    .args(["-a", from.to_str().unwrap(), path.to_str().unwrap()])
                    .status()
                    .unwrap();
            }
        }
        (path, Vec::new())
    }),
    ("GIT_DIR and GIT_WORK_TREE", |stage| {
        let variables = [("GIT_DIR", stage.clone.join(".git")), ("GIT_WORK_TREE", stage.clone.clone())];
        let variables = variables.map(|(name, path)| (name, path.to_str().unwrap().to_owned()));
        (stage.clone.clone(), variables.into())
    }),
    ("an index of its own", |stage| {
        let index = stage.clone.join(".git/other-index");
        std::fs::copy(stage.clone.join(".git/index"), &index).unwrap();
        (stage.clone.clone(), vec![("GIT_INDEX_FILE", index.to_str().unwrap().to_owned())])
    }),
];

/// A clone that ignores the folders of hooks, so that they are no part of its state.
fn stage(theatre: &Theatre) -> Stage {
    let stage = theatre.stage();
    std::fs::write(stage.clone.join(".git/info/exclude"), "/.githooks\n/.husky\n").unwrap();
    stage
}

/// What differs after a day's work with hooks from one without.
fn faults(theatre: &Theatre, binary: &Path, places: &[Place], ways: &[Way]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (place, make) in places {
        let plain = stage(theatre);
        let (folder, variables) = make(&plain);
        let desk = Desk { stage: &plain, folder, variables };
        desk.work();
        let expected = desk.state();
        for (way, install) in ways {
            let hooked = stage(theatre);
            install(&hooked, &noting(&hooked, binary));
            let (folder, variables) = make(&hooked);
            let desk = Desk { stage: &hooked, folder, variables };
            let worked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                desk.work();
                desk.state()
            }));
            match worked {
                Ok(found) if found == expected => {}
                Ok(found) => wrong.push(format!("{place}, hooks {way}:\n{found}\ninstead of\n{expected}")),
                Err(_) => wrong.push(format!("{place}, hooks {way}: git failed")),
            }
            let depths = std::fs::read_to_string(hooked.clone.with_file_name("depths")).unwrap_or_default();
            if depths.lines().count() < 60 || depths.lines().any(|depth| depth != "0") {
                wrong.push(format!(
                    "{place}, hooks {way}: {} runs, not all outside of another",
                    depths.lines().count()
                ));
            }
        }
    }
    wrong
}

#[test]
fn work_comes_out_the_same_with_hooks() {
    let theatre = Theatre::open();
    let control = faults(&theatre, &weak(), &PLACES[..1], &WAYS[..1]);
    eprintln!("weak build: {} faults", control.len());
    assert!(!control.is_empty(), "the weak build, which stages what it finds, passes");
    let found = faults(&theatre, &strong(), &PLACES, &WAYS);
    eprintln!("shipmark: {} faults in {} ways of work", found.len(), PLACES.len() * WAYS.len());
    assert!(found.is_empty(), "{found:#?}");
}
