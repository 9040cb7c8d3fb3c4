//! Repositories that are not as most are. Every command that reads gives the right answer, or refuses with a way out;
//! none breaks off, and no version is wrong.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::stage::{Stage, Theatre};
use crate::weak::{strong, weak};

/// What `next` must say.
enum Answer {
    Version(&'static str),
    /// Exit status 4, with these words in the message.
    Refusal(&'static str),
}

use Answer::{Refusal, Version};

/// A name, how a clone at v1.0.0 with a feature since gets that way, and what is right there. The path is where the
/// commands run.
type Oddity = (&'static str, fn(&Stage) -> PathBuf, Answer);

const ODDITIES: [Oddity; 26] = [
    ("nothing odd", here(), Version("1.1.0")),
    ("objects by sha256", |stage| init(stage, &["--object-format=sha256"]), Refusal("sha256")),
    ("references in a reftable", |stage| extension(stage, "refStorage", "reftable"), Refusal("refstorage")),
    ("an extension that nobody knows", |stage| extension(stage, "someday", "true"), Refusal("someday")),
    ("no blobs", |stage| clone(stage, &["--filter=blob:none", "--bare"]), Version("1.1.0")),
    ("no trees but those of HEAD", |stage| clone(stage, &["--filter=tree:0"]), Version("1.1.0")),
    ("the newest commit only", |stage| clone(stage, &["--depth=1"]), Refusal("shallow")),
    ("as much as is needed", |stage| clone(stage, &["--depth=2"]), Version("1.1.0")),
    ("objects of another clone", |stage| clone(stage, &["--shared"]), Version("1.1.0")),
    ("no worktree", |stage| clone(stage, &["--bare"]), Version("1.1.0")),
    ("no commit", |stage| init(stage, &[]), Refusal("no commit")),
    ("another owner", another_owner, Refusal("belongs to another user")),
    ("HEAD at a commit", |stage| with(stage, &["switch", "--quiet", "--detach"]), Version("1.1.0")),
    ("a second worktree", second_worktree, Version("1.1.0")),
    ("a submodule", submodule, Version("1.1.0")),
    ("a replaced commit", replaced, Version("1.1.0")),
    ("bytes that are no UTF-8", latin, Version("1.1.0")),
    (
        "a message of a mebibyte",
        |stage| said(stage, &format!("feat: long\n\n{}", "words \n".repeat(150_000))),
        Version("1.1.0"),
    ),
    ("a release in 1970", |stage| dated(stage, "1970-01-01T00:00:01Z"), Version("1.1.0")),
    ("a release in 2038", |stage| dated(stage, "2038-01-20T00:00:00Z"), Version("1.1.0")),
    ("a release in 2099", |stage| dated(stage, "2099-12-31T00:00:00Z"), Version("1.1.0")),
    ("a release behind two wrong clocks", behind_wrong_clocks, Version("1.1.0")),
    ("a tag of a tag, of a blob and of a tree", odd_tags, Version("1.3.0")),
    ("a merge of five branches", octopus, Version("2.0.0")),
    ("a lost commit", lost, Refusal("")),
    ("a broken list of packed references", broken_refs, Refusal("")),
];

const fn here() -> fn(&Stage) -> PathBuf {
    |stage| stage.clone.clone()
}

fn with(stage: &Stage, args: &[&str]) -> PathBuf {
    stage.git(args);
    stage.clone.clone()
}

fn init(stage: &Stage, args: &[&str]) -> PathBuf {
    let path = stage.clone.with_file_name("odd");
    stage.git(&[&["init", "--quiet", "--initial-branch=main"], args, &[path.to_str().unwrap()]].concat());
    if args.is_empty() {
        return path;
    }
    let odd = |args: &[&str]| stage.git(&[&["-C", path.to_str().unwrap()], args].concat());
    odd(&["commit", "--quiet", "--allow-empty", "-m", "feat: begin"]);
    path
}

fn extension(stage: &Stage, name: &str, value: &str) -> PathBuf {
    stage.git(&["config", "core.repositoryFormatVersion", "1"]);
    stage.git(&["config", &format!("extensions.{name}"), value]);
    stage.clone.clone()
}

/// A clone over a protocol that can leave things out.
fn clone(stage: &Stage, args: &[&str]) -> PathBuf {
    stage.git(&["config", "uploadpack.allowFilter", "true"]);
    let path = stage.clone.with_file_name("odd");
    let url = if args == ["--shared"] {
        stage.clone.to_str().unwrap().to_owned()
    } else {
        format!("file://{}", stage.clone.display())
    };
    stage.git(&[&["clone", "--quiet"], args, &[&url, path.to_str().unwrap()]].concat());
    path
}

fn another_owner(stage: &Stage) -> PathBuf {
    let chown = stage.command("chown").args(["-R", "12345", "."]).status().unwrap();
    assert!(chown.success(), "this needs root");
    stage.clone.clone()
}

fn second_worktree(stage: &Stage) -> PathBuf {
    let path = stage.clone.with_file_name("odd");
    stage.git(&["worktree", "add", "--quiet", "-b", "topic", path.to_str().unwrap()]);
    path
}

fn submodule(stage: &Stage) -> PathBuf {
    let outer = stage.clone.with_file_name("outer");
    let from = stage.clone.to_str().unwrap();
    stage.git(&["init", "--quiet", outer.to_str().unwrap()]);
    let outer_path = outer.to_str().unwrap();
    stage.git(&[
        "-C",
        outer_path,
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        from,
        "sub",
    ]);
    outer.join("sub")
}

/// Only this clone sees the replacement, so a version that heeds it would be another one elsewhere.
fn replaced(stage: &Stage) -> PathBuf {
    let fix = stage.git(&["commit-tree", "HEAD^{tree}", "-p", "HEAD^", "-m", "fix: a door"]);
    with(stage, &["replace", "HEAD", &fix])
}

fn latin(stage: &Stage) -> PathBuf {
    let raw = |header: &str| {
        let tree = stage.git(&["rev-parse", "HEAD^{tree}"]);
        let parent = stage.git(&["rev-parse", "HEAD"]);
        let mut bytes = format!("tree {tree}\nparent {parent}\nauthor ").into_bytes();
        bytes.extend(
            b"J\xf6rg <j@example.org> 1767225600 +0000\ncommitter J\xf6rg <j@example.org> 1767225600 +0000\n",
        );
        bytes.extend(header.as_bytes());
        bytes.extend(b"\nfix: T\xfcren und \xff\xfe\n");
        std::fs::write(stage.clone.join(".git/raw"), bytes).unwrap();
        let oid = stage.git(&["hash-object", "-t", "commit", "-w", "--literally", ".git/raw"]);
        stage.git(&["reset", "--quiet", "--hard", &oid]);
    };
    raw("");
    raw("encoding ISO-8859-1\n");
    raw("encoding no-such-thing\n");
    let head = stage.git(&["rev-parse", "HEAD"]);
    let name = std::ffi::OsStr::from_bytes(b"v9\xff.0.0");
    std::fs::write(stage.clone.join(".git/refs/tags").join(name), head + "\n").unwrap();
    stage.clone.clone()
}

fn said(stage: &Stage, message: &str) -> PathBuf {
    std::fs::write(stage.clone.join(".git/said"), message).unwrap();
    with(stage, &["commit", "--quiet", "--allow-empty", "--file", ".git/said"])
}

fn commit_at(stage: &Stage, date: &str, message: &str) {
    let mut git = stage.command("git");
    git.args(["commit", "--quiet", "--allow-empty", "-m", message]);
    assert!(git.env("GIT_COMMITTER_DATE", date).env("GIT_AUTHOR_DATE", date).status().unwrap().success());
}

/// v1.0.0 stands on a commit with this date; a fix and a feature follow today.
fn dated(stage: &Stage, date: &str) -> PathBuf {
    stage.git(&["reset", "--quiet", "--hard", "v1.0.0"]);
    commit_at(stage, date, "feat!: dated");
    stage.git(&["tag", "-f", "-a", "-m", "x", "v1.0.0"]);
    commit_at(stage, "2026-01-02T00:00:00Z", "fix: b");
    with(stage, &["commit", "--quiet", "--allow-empty", "-m", "feat: c"])
}

/// The breaking change is released, but the way from the release to it leads over two clocks that were not set.
fn behind_wrong_clocks(stage: &Stage) -> PathBuf {
    stage.git(&["reset", "--quiet", "--hard", "v1.0.0"]);
    commit_at(stage, "2026-01-02T00:00:00Z", "docs: base");
    stage.git(&["branch", "base"]);
    commit_at(stage, "2026-01-03T00:00:00Z", "feat!: shared");
    stage.git(&["branch", "shared"]);
    commit_at(stage, "1970-01-01T00:00:01Z", "docs: unset");
    commit_at(stage, "1970-01-01T00:00:02Z", "docs: unset too");
    let unset = stage.git(&["rev-parse", "HEAD"]);
    stage.git(&["reset", "--quiet", "--hard", "base"]);
    let mut merge = stage.command("git");
    merge.args(["merge", "--quiet", "--no-ff", "-m", "Merge branch 'unset'", &unset]);
    let date = "2026-01-04T00:00:00Z";
    assert!(merge.env("GIT_COMMITTER_DATE", date).env("GIT_AUTHOR_DATE", date).status().unwrap().success());
    stage.git(&["tag", "-f", "-a", "-m", "x", "v1.0.0"]);
    stage.git(&["reset", "--quiet", "--hard", "shared"]);
    // HEAD contains the release by a merge too, but looks at the shared commit first.
    let mut merge = stage.command("git");
    merge.args(["merge", "--quiet", "--no-ff", "-m", "Merge tag 'v1.0.0'", "v1.0.0^{commit}"]);
    let date = "2026-01-05T00:00:00Z";
    assert!(merge.env("GIT_COMMITTER_DATE", date).env("GIT_AUTHOR_DATE", date).status().unwrap().success());
    with(stage, &["commit", "--quiet", "--allow-empty", "-m", "feat: a door"])
}

fn odd_tags(stage: &Stage) -> PathBuf {
    stage.git(&["tag", "-a", "-m", "x", "inner", "v1.0.0^{commit}"]);
    stage.git(&["tag", "-a", "-m", "x", "v1.2.0", "inner"]);
    stage.git(&["tag", "-a", "-m", "x", "v7.0.0", "HEAD:VERSION.txt"]);
    stage.git(&["tag", "v8.0.0", "HEAD^{tree}"]);
    stage.git(&["symbolic-ref", "refs/tags/v9.0.0", "refs/tags/nowhere"]);
    stage.clone.clone()
}

fn octopus(stage: &Stage) -> PathBuf {
    for (n, message) in ["fix: a", "feat!: b", "docs: c", "fix: d"].iter().enumerate() {
        stage.git(&["switch", "--quiet", "--create", &format!("arm-{n}"), "main"]);
        std::fs::write(stage.clone.join(format!("arm-{n}")), message).unwrap();
        stage.git(&["add", "--all"]);
        stage.git(&["commit", "--quiet", "-m", message]);
    }
    stage.git(&["switch", "--quiet", "main"]);
    with(stage, &["merge", "--quiet", "--no-ff", "-m", "Merge the arms", "arm-0", "arm-1", "arm-2", "arm-3"])
}

fn lost(stage: &Stage) -> PathBuf {
    stage.git(&["commit", "--quiet", "--allow-empty", "-m", "fix: on top"]);
    let oid = stage.git(&["rev-parse", "HEAD^"]);
    let (folder, file) = oid.split_at(2);
    std::fs::remove_file(stage.clone.join(".git/objects").join(folder).join(file)).unwrap();
    stage.clone.clone()
}

fn broken_refs(stage: &Stage) -> PathBuf {
    stage.git(&["pack-refs", "--all"]);
    let path = stage.clone.join(".git/packed-refs");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace(" refs/tags/v1.0.0", "refs/tags/v1.0.0")).unwrap();
    stage.clone.clone()
}

/// Every command that reads a repository and needs nothing else.
const READING: [&[&str]; 12] = [
    &["next"],
    &["next", "--explain"],
    &["next", "--json"],
    &["changelog"],
    &["changelog", "--latest"],
    &["changelog", "--all"],
    &["release", "--dry-run"],
    &["lint"],
    &["verify"],
    &["env"],
    &["config", "show"],
    &["hooks", "status"],
];

fn said_by(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What is wrong with the answers in one odd repository.
fn faults(theatre: &Theatre, binary: &Path, (name, make, answer): &Oddity, locale: &str) -> Vec<String> {
    let stage = theatre.stage();
    let place = make(&stage);
    let mut wrong = Vec::new();
    for args in READING {
        let run =
            stage.command(binary).env("LC_ALL", locale).current_dir(&place).args(args).output().unwrap();
        let (code, said) = (run.status.code(), said_by(&run));
        let refused = code == Some(4) || code == Some(74);
        if !matches!(code, Some(0 | 1 | 4 | 74)) || said.contains("panicked") {
            wrong.push(format!("{args:?} ended with {code:?}: {said}"));
        } else if refused && !said.contains("hint: ") {
            wrong.push(format!("{args:?} knows no way out: {said}"));
        }
        if args == ["next"] {
            let stdout = String::from_utf8_lossy(&run.stdout).trim().to_owned();
            match answer {
                Version(version) if code == Some(0) && stdout == *version => {}
                Refusal(words) if refused && stdout.is_empty() && said.to_lowercase().contains(words) => {}
                _ => wrong.push(format!("next said `{stdout}` with {code:?}: {said}")),
            }
        }
    }
    std::fs::remove_dir_all(stage.clone.parent().unwrap()).unwrap();
    wrong.into_iter().map(|fault| format!("{name}: {fault}")).collect()
}

#[test]
fn an_odd_repository_gets_the_right_answer_or_a_way_out() {
    let theatre = Theatre::open();
    let all = |binary: &Path, locale: &str| -> Vec<String> {
        ODDITIES.iter().flat_map(|oddity| faults(&theatre, binary, oddity, locale)).collect()
    };
    let control = all(&weak(), "C");
    eprintln!("weak build: {} faults in {} odd repositories", control.len(), ODDITIES.len());
    assert!(control.len() >= 2, "{control:#?}");
    let found = all(&strong(), "tr_TR.UTF-8");
    eprintln!("shipmark: {} faults in {} odd repositories", found.len(), ODDITIES.len());
    assert!(found.is_empty(), "{found:#?}");
}
