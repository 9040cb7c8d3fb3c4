//! Releases in worktrees in every state that people leave them in: only the managed files may change, or nothing.

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::random::Random;
use crate::stage::{Stage, Theatre};
use crate::weak::{full, strong, weak};

const MANAGED: [&str; 2] = ["CHANGELOG.md", "VERSION.txt"];

/// What it is, and how it is done.
type Habit = (&'static str, fn(&Stage, &mut Random));

/// What a person may have left behind. Each is done to the repository or not, by the numbers of one seed.
const HABITS: [Habit; 20] = [
    ("a stash", |stage, _| {
        write(stage, "src/i", "stashed\n");
        stage.git(&["stash", "push", "--quiet", "--", "src/i"]);
    }),
    ("a sparse checkout", |stage, _| {
        stage.git(&["sparse-checkout", "set", "--no-cone", "/*", "!/docs/"]);
    }),
    ("a staged edit", |stage, _| {
        write(stage, "src/a", "staged\n");
        stage.git(&["add", "src/a"]);
    }),
    ("an edit that is not staged", |stage, _| write(stage, "src/b", "edited\n")),
    ("an edit on top of a staged one", |stage, _| {
        write(stage, "src/c", "staged\n");
        stage.git(&["add", "src/c"]);
        write(stage, "src/c", "edited\n");
    }),
    ("a staged new file", |stage, random| {
        let name = ["new", "new file", "-rf", "neu ü", "a\nb", "src/new"][random.below(6)];
        write(stage, name, "new\n");
        stage.git(&["add", "--", name]);
    }),
    ("a file that is to be added", |stage, _| {
        write(stage, "later", "later\n");
        stage.git(&["add", "--intent-to-add", "later"]);
    }),
    ("a staged deletion", |stage, _| {
        stage.git(&["rm", "--quiet", "src/d"]);
    }),
    ("a deletion that is not staged", |stage, _| std::fs::remove_file(stage.clone.join("src/e")).unwrap()),
    ("a staged rename", |stage, _| {
        stage.git(&["mv", "src/f", "src/renamed"]);
    }),
    ("an untracked file", |stage, _| write(stage, "untracked", "mine\n")),
    ("an ignored file", |stage, _| write(stage, "build/out", "made\n")),
    ("an executable bit", |stage, random| {
        std::fs::set_permissions(stage.clone.join("src/g"), PermissionsExt::from_mode(0o755)).unwrap();
        if random.chance(2) {
            stage.git(&["add", "src/g"]);
        }
    }),
    ("a link in the place of a file", |stage, _| {
        std::fs::remove_file(stage.clone.join("src/h")).unwrap();
        symlink("a", stage.clone.join("src/h")).unwrap();
    }),
    ("line ends of Windows", |stage, _| {
        write(stage, ".gitattributes", "*.bat text eol=crlf\n");
        write(stage, "run.bat", "echo\r\n");
        stage.git(&["add", ".gitattributes", "run.bat"]);
    }),
    ("a file that git is to believe", |stage, _| {
        stage.git(&["update-index", "--assume-unchanged", "src/j"]);
        write(stage, "src/j", "secretly edited\n");
    }),
    ("a submodule", |stage, _| {
        let from = stage.remote.to_str().unwrap();
        stage.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", from, "sub"]);
        write(stage, "sub/edited", "in the submodule\n");
    }),
    ("a version file that is edited", |stage, random| {
        write(stage, "VERSION.txt", "1.0.0 \n");
        if random.chance(2) {
            stage.git(&["add", "VERSION.txt"]);
        }
    }),
    ("a changelog that is edited", |stage, _| write(stage, "CHANGELOG.md", "# Log\n\nby hand\n")),
    ("a merge with a conflict", |stage, _| {
        let blob = stage.git(&["rev-parse", "HEAD:conflict"]);
        let stages: Vec<String> = (1..=3).map(|n| format!("100644 {blob} {n}\tconflict\n")).collect();
        let removed = format!("0 {} 0\tconflict\n", "0".repeat(40));
        stage.git_with(&["update-index", "--index-info"], &(removed + &stages.concat()));
        write(stage, ".git/MERGE_HEAD", &stage.git(&["rev-parse", "v1.0.0^{commit}"]));
    }),
];

/// The habits at the end of the list, with which a release must be refused.
const REFUSED: usize = 3;

fn write(stage: &Stage, name: &str, text: &str) {
    let path = stage.clone.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// The files that the habits meet, and managed files in an odd form.
fn furnish(stage: &Stage, random: &mut Random) {
    for name in "abcdefghij".chars() {
        write(stage, &format!("src/{name}"), &format!("{name}\n"));
    }
    write(stage, "docs/a", "sparse\n");
    write(stage, ".gitignore", "/build\n");
    write(stage, "conflict", "ours\n");
    write(stage, "VERSION.txt", ["1.0.0\n", "1.0.0", "\u{FEFF}1.0.0\n", "1.0.0\r\n"][random.below(4)]);
    let log = "# Log\n\n## 1.0.0\n\n- begin";
    write(
        stage,
        "CHANGELOG.md",
        &[log.to_owned(), log.replace('\n', "\r\n"), format!("\u{FEFF}{log}\n")][random.below(3)],
    );
    if random.chance(2) {
        std::fs::set_permissions(stage.clone.join("VERSION.txt"), PermissionsExt::from_mode(0o755)).unwrap();
    }
    stage.git(&["add", "--all"]);
    stage.git(&["commit", "--quiet", "-m", "chore: furnish"]);
}

/// Every file but the managed ones and git's own, with its mode and content.
fn files(root: &Path, below: &Path, found: &mut BTreeMap<String, (u32, Vec<u8>)>) {
    for entry in std::fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        let data = std::fs::symlink_metadata(&path).unwrap();
        if name == ".git" || MANAGED.contains(&name.as_str()) {
        } else if data.is_dir() {
            files(root, &path, found);
        } else if data.is_symlink() {
            let target = std::fs::read_link(&path).unwrap();
            found.insert(name, (data.permissions().mode(), target.to_str().unwrap().into()));
        } else {
            found.insert(name, (data.permissions().mode(), std::fs::read(&path).unwrap()));
        }
    }
}

/// What a release must leave as it is: everything but the managed files.
fn foreign(stage: &Stage) -> Vec<(&'static str, String)> {
    let mut worktree = BTreeMap::new();
    files(&stage.clone, &stage.clone, &mut worktree);
    let lines = |args: &[&str]| {
        let output = stage.command("git").env("GIT_OPTIONAL_LOCKS", "0").args(args).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let ours = |line: &&str| !MANAGED.iter().any(|name| line.ends_with(name));
        text.split('\0').filter(ours).collect::<Vec<_>>().join("\n")
    };
    let modes = MANAGED.map(|name| stage.clone.join(name).metadata().unwrap().permissions().mode());
    vec![
        ("the worktree", format!("{worktree:?}")),
        ("the index", lines(&["ls-files", "--stage", "-z"])),
        ("the flags of the index", lines(&["ls-files", "-v", "-z"])),
        ("the state", lines(&["status", "--porcelain", "-z", "--ignored"])),
        ("the stash", lines(&["stash", "list", "--format=%H"])),
        ("the modes", format!("{modes:?}")),
    ]
}

/// What a refused release must leave as it is beside that.
fn own(stage: &Stage) -> Vec<(&'static str, String)> {
    let managed = MANAGED.map(|name| std::fs::read(stage.clone.join(name)).unwrap());
    vec![
        ("the references", stage.git(&["for-each-ref"])),
        ("the whole index", stage.git(&["ls-files", "--stage"])),
        ("the managed files", format!("{managed:?}")),
    ]
}

/// Everything that is wrong after a release in the worktree of one seed.
fn faults(theatre: &Theatre, binary: &Path, seed: u64) -> Vec<String> {
    let mut random = Random::of(seed);
    let stage = theatre.stage();
    furnish(&stage, &mut random);
    let chosen: Vec<usize> = (0..HABITS.len())
        .filter(|habit| random.chance(if *habit < HABITS.len() - REFUSED { 3 } else { 25 }))
        .collect();
    for habit in &chosen {
        HABITS[*habit].1(&stage, &mut random);
    }
    let refused = chosen.iter().any(|habit| *habit >= HABITS.len() - REFUSED);
    let head = stage.git(&["rev-parse", "HEAD"]);
    let (mut before, managed) = (foreign(&stage), own(&stage));
    let output = stage.run(binary, &["release"]);
    let (code, said) = (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned());
    let mut after = foreign(&stage);
    let mut wrong = Vec::new();
    if code == Some(0) && !refused {
        let changed = stage.git(&["diff", "--name-only", &head, "HEAD"]);
        if changed != MANAGED.join("\n") {
            wrong.push(format!("the release commit changed `{}`", changed.replace('\n', " ")));
        }
        let content = |path: &str| {
            stage.command("git").args(["show", &format!("HEAD:{path}")]).output().unwrap().stdout
        };
        if MANAGED.iter().any(|name| content(name) != std::fs::read(stage.clone.join(name)).unwrap()) {
            wrong.push("a managed file differs from the release commit".to_owned());
        }
    } else if code == Some(4) && refused {
        before.extend(managed);
        after.extend(own(&stage));
    } else {
        wrong.push(format!("it ended with {code:?}: {}", said.trim()));
    }
    let pairs = before.into_iter().zip(after).filter(|((_, before), (_, after))| before != after);
    wrong.extend(pairs.map(|((what, before), (_, after))| format!("{what}: {before:?} became {after:?}")));
    std::fs::remove_dir_all(stage.clone.parent().unwrap()).unwrap();
    let habits: Vec<&str> = chosen.iter().map(|habit| HABITS[*habit].0).collect();
    wrong.into_iter().map(|fault| format!("seed {seed} ({}): {fault}", habits.join(", "))).collect()
}

#[test]
fn a_release_touches_nothing_but_its_own_files() {
    let theatre = Theatre::open();
    let control: Vec<String> = (1..=20).flat_map(|seed| faults(&theatre, &weak(), seed)).collect();
    eprintln!("weak build: {} faults in 20 worktrees", control.len());
    assert!(!control.is_empty(), "the weak build, which commits the whole worktree, passes");
    let cases = if full() { 2000 } else { 200 };
    let found: Vec<String> = (1..=cases).flat_map(|seed| faults(&theatre, &strong(), seed)).collect();
    eprintln!("shipmark: {} faults in {cases} worktrees", found.len());
    assert!(found.is_empty(), "{found:#?}");
}
