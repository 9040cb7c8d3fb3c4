//! The checklist before a deployment: facts in, one line per check out, in the order of the work.

use serde::Serialize;

use super::added::Printed;
use super::checks::Finding;
use super::{span, text};

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Ok,
    Warn,
    Fail,
    /// It could not be looked at.
    Skip,
}

/// One line of the checklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    pub level: Level,
    /// The name of the check.
    pub check: String,
    pub text: String,
    /// What to do, where something is to be done.
    pub mend: Option<String>,
}

/// How HEAD stands to what is recorded on the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is recorded there, or nothing says which commit that is.
    Nothing,
    /// The recorded commit is not in this clone.
    Unknown,
    /// Counted in commits.
    Between { ahead: usize, behind: usize },
}

/// A command that was run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    pub name: String,
    /// As a person would type it.
    pub command: String,
    /// How long it took, in milliseconds.
    pub took: i64,
    /// Why it failed, if it did.
    pub failure: Option<String>,
}

/// What HEAD brings to the environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct News {
    pub debug_prints: Vec<Printed>,
    /// The manifests that changed without their lock.
    pub unlocked: Vec<String>,
}

/// The variables that `.env.example` names, against the file of the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Names {
    /// No file of the environment is configured.
    NoFile,
    /// It is not there.
    Missing {
        file: String,
    },
    Compared {
        file: String,
        count: usize,
        lacking: Vec<String>,
    },
}

/// Whether what runs can be had again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Artifact {
    /// Nothing is recorded there.
    Nothing,
    /// What a command said.
    Ran(Ran),
    /// Its commit is in this clone, or is not; as a person names it.
    Here(String),
    Away(String),
}

/// What the checklist looks at.
#[derive(Debug)]
pub struct Facts<'a> {
    pub environment: &'a str,
    /// The checks of the user's own.
    pub ran: &'a [Ran],
    /// Nothing where nothing says what the environment has.
    pub news: Option<&'a News>,
    /// The backup, if one is configured, or whether one should be.
    pub backup: Result<&'a Ran, bool>,
    pub artifact: &'a Artifact,
    /// Nothing where there is no `.env.example`.
    pub names: Option<&'a Names>,
    /// Whether the caller says that the users know.
    pub told: bool,
    pub version: &'a str,
    /// Every tracked file at HEAD, from the root.
    pub paths: &'a [String],
    /// What `verify` found.
    pub disagreements: &'a [Finding],
    /// How many messages since the environment's commit were read, and the headers of those that are refused.
    pub messages: usize,
    pub refused: &'a [String],
    pub standing: Standing,
    /// What speaks against the deployment.
    pub reasons: &'a [Finding],
    /// The version to go back to; an error says why nobody knows.
    pub way_back: Result<Option<String>, String>,
}

/// The checklist.
pub fn checklist(facts: &Facts) -> Vec<Line> {
    let mut lines: Vec<Line> = facts.ran.iter().map(ran).collect();
    lines.extend(debug_prints(facts.news));
    lines.extend(secrets(facts.paths));
    lines.extend(dependencies(facts.news));
    lines.extend(facts.names.map(|names| variables(facts.environment, names)));
    let agreed = format!("VERSION.txt, tag and CHANGELOG.md agree on {}", text::line(facts.version));
    lines.extend(or_ok("version", facts.disagreements, agreed));
    lines.push(messages(facts));
    lines.push(standing(facts));
    lines.extend(backup(facts));
    lines.extend(artifact(facts.artifact));
    lines.extend(or_ok("can-deploy", facts.reasons, "no hold, no lock, no freeze".to_owned()));
    lines.push(match &facts.way_back {
        Ok(Some(version)) => line(Level::Ok, "rollback", format!("{} is ready", text::line(version))),
        Ok(None) => line(
            Level::Warn,
            "rollback",
            format!("{} has no good version yet", text::line(facts.environment)),
        ),
        Err(reason) => line(Level::Skip, "rollback", text::line(reason)),
    });
    lines.push(match facts.told {
        true => line(Level::Ok, "users told", "confirmed".to_owned()),
        false => line(Level::Skip, "users told", "confirm with `--confirm users-told`".to_owned()),
    });
    lines
}

fn line(level: Level, check: &str, text: String) -> Line {
    Line { level, check: text::line(check), text, mend: None }
}

fn ran(ran: &Ran) -> Line {
    let took = span::took(ran.took);
    match &ran.failure {
        None => line(Level::Ok, &ran.name, format!("{}   {took}", ran.command)),
        Some(why) => line(Level::Fail, &ran.name, format!("{}   {took}: {}", ran.command, text::line(why))),
    }
}

fn debug_prints(news: Option<&News>) -> Vec<Line> {
    let check = "debug prints";
    let Some(news) = news else {
        return vec![line(Level::Skip, check, "nothing to compare with".to_owned())];
    };
    if news.debug_prints.is_empty() {
        return vec![line(Level::Ok, check, "none is new".to_owned())];
    }
    let failed = |print: &Printed| Line {
        mend: Some("remove it, or allow it by `preflight.allow`".to_owned()),
        ..line(
            Level::Fail,
            check,
            format!("{}:{} {}", text::line(&print.path), print.line, text::line(&print.text)),
        )
    };
    news.debug_prints.iter().map(failed).collect()
}

fn dependencies(news: Option<&News>) -> Vec<Line> {
    let check = "dependencies";
    let Some(news) = news else { return Vec::new() };
    if news.unlocked.is_empty() {
        return vec![line(Level::Ok, check, "no manifest changed without its lock file".to_owned())];
    }
    let warned = |path: &String| {
        line(Level::Warn, check, format!("{} changed without its lock file", text::line(path)))
    };
    news.unlocked.iter().map(warned).collect()
}

fn variables(environment: &str, names: &Names) -> Line {
    let check = "variables";
    match names {
        Names::NoFile => Line {
            mend: Some("name it as `env_file` of the environment".to_owned()),
            ..line(
                Level::Skip,
                check,
                format!("no file of variables is known for {}", text::line(environment)),
            )
        },
        Names::Missing { file } => line(Level::Warn, check, format!("{} is not there", text::line(file))),
        Names::Compared { file, count, lacking } if lacking.is_empty() => {
            let plural = if *count == 1 { "name" } else { "names" };
            line(Level::Ok, check, format!("{} has the {count} {plural} of .env.example", text::line(file)))
        }
        Names::Compared { file, lacking, .. } => line(
            Level::Warn,
            check,
            text::line(&format!("{file} lacks {} of .env.example", lacking.join(", "))),
        ),
    }
}

fn artifact(found: &Artifact) -> Option<Line> {
    let check = "artifact";
    match found {
        Artifact::Nothing => None,
        Artifact::Ran(done) => Some(ran(done)),
        Artifact::Here(name) => {
            Some(line(Level::Ok, check, format!("{} can be checked out", text::line(name))))
        }
        Artifact::Away(name) => Some(Line {
            mend: Some("run `git fetch`, or there is no way back to it".to_owned()),
            ..line(Level::Warn, check, format!("{} is not in this clone", text::line(name)))
        }),
    }
}

fn backup(facts: &Facts) -> Option<Line> {
    match facts.backup {
        Ok(done) => Some(ran(done)),
        Err(false) => None,
        Err(true) => Some(Line {
            mend: Some("name one as `backup` of the environment".to_owned()),
            ..line(Level::Warn, "backup", format!("no backup command for {}", text::line(facts.environment)))
        }),
    }
}

fn or_ok(check: &str, findings: &[Finding], good: String) -> Vec<Line> {
    if findings.is_empty() {
        return vec![line(Level::Ok, check, good)];
    }
    let failed = |found: &Finding| Line {
        mend: Some(found.mend.clone()),
        ..line(Level::Fail, check, found.problem.clone())
    };
    findings.iter().map(failed).collect()
}

fn secrets(paths: &[String]) -> Vec<Line> {
    let found: Vec<&String> = paths.iter().filter(|path| is_secret(path)).collect();
    if found.is_empty() {
        let files = if paths.len() == 1 { "file" } else { "files" };
        let good = format!("no tracked file has the name of a secret, of {} {files}", paths.len());
        return vec![line(Level::Ok, "secrets", good)];
    }
    let failed = |path: &String| Line {
        mend: Some(
            "take it out with `git rm --cached`, and replace the secret: the history keeps it".to_owned(),
        ),
        ..line(Level::Fail, "secrets", format!("{} is tracked", text::line(path)))
    };
    found.into_iter().map(failed).collect()
}

/// Names that programs give to files with secrets. Samples of them are meant to be tracked.
fn is_secret(path: &str) -> bool {
    const NAMES: [&str; 8] =
        ["id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", ".netrc", ".pgpass", ".git-credentials", ".env"];
    const ENDS: [&str; 4] = [".p12", ".pfx", ".jks", ".keystore"];
    const SAMPLES: [&str; 5] = ["example", "sample", "template", "dist", "defaults"];
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let environment =
        name.strip_prefix(".env.").is_some_and(|rest| !rest.split('.').any(|word| SAMPLES.contains(&word)));
    NAMES.contains(&name.as_str()) || ENDS.iter().any(|end| name.ends_with(end)) || environment
}

fn messages(facts: &Facts) -> Line {
    let (count, refused) = (facts.messages, facts.refused);
    let commits = if count == 1 { "commit" } else { "commits" };
    match refused {
        [] => line(Level::Ok, "messages", format!("{count} {commits} read")),
        [first, rest @ ..] => {
            let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
            Line {
                mend: Some("see why with `shipmark lint`".to_owned()),
                ..line(
                    Level::Warn,
                    "messages",
                    format!(
                        "{} of {count} {commits} not conventional: {}{more}",
                        refused.len(),
                        text::line(first)
                    ),
                )
            }
        }
    }
}

fn standing(facts: &Facts) -> Line {
    let environment = text::line(facts.environment);
    let commits = |count: usize| format!("{count} commit{}", if count == 1 { "" } else { "s" });
    let (level, words, mend) = match facts.standing {
        Standing::Nothing => {
            (Level::Warn, format!("nothing to compare with is recorded on {environment}"), None)
        }
        Standing::Unknown => {
            let words = format!("the commit of {environment} is not in this clone");
            (Level::Fail, words, Some("run `git fetch`".to_owned()))
        }
        Standing::Between { ahead: 0, behind: 0 } => (Level::Ok, format!("same as {environment}"), None),
        Standing::Between { ahead, behind: 0 } => {
            (Level::Ok, format!("{} ahead of {environment}", commits(ahead)), None)
        }
        Standing::Between { behind, .. } => {
            let words = format!("{} of {environment} would be taken back", commits(behind));
            (Level::Fail, words, Some(format!("see them with `shipmark compare {environment}`")))
        }
    };
    Line { mend, ..line(level, "compare", words) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(facts: &Facts) -> Vec<(Level, String)> {
        let shown = checklist(facts);
        shown.into_iter().map(|line| (line.level, format!("{}: {}", line.check, line.text))).collect()
    }

    fn good(paths: &[String]) -> Facts<'_> {
        Facts {
            environment: "production",
            ran: &[],
            news: None,
            backup: Err(false),
            artifact: &Artifact::Nothing,
            names: None,
            told: true,
            version: "1.1.0",
            paths,
            disagreements: &[],
            messages: 3,
            refused: &[],
            standing: Standing::Between { ahead: 3, behind: 0 },
            reasons: &[],
            way_back: Ok(Some("1.0.1 (764c119)".to_owned())),
        }
    }

    fn took(name: &str, failure: Option<&str>) -> Ran {
        let (name, command) = (name.to_owned(), "cargo test".to_owned());
        Ran { name, command, took: 42_000, failure: failure.map(str::to_owned) }
    }

    #[test]
    fn every_check_has_its_line() {
        let paths = ["a".to_owned(), ".env.example".to_owned()];
        let (quick, news) = (took("tests", None), News::default());
        let good = Facts {
            ran: std::slice::from_ref(&quick),
            news: Some(&news),
            backup: Ok(&quick),
            artifact: &Artifact::Nothing,
            names: None,
            ..good(&paths)
        };
        let wanted = [
            "tests: cargo test   42 s",
            "debug prints: none is new",
            "secrets: no tracked file has the name of a secret, of 2 files",
            "dependencies: no manifest changed without its lock file",
            "version: VERSION.txt, tag and CHANGELOG.md agree on 1.1.0",
            "messages: 3 commits read",
            "compare: 3 commits ahead of production",
            "tests: cargo test   42 s",
            "can-deploy: no hold, no lock, no freeze",
            "rollback: 1.0.1 (764c119) is ready",
            "users told: confirmed",
        ];
        assert_eq!(shown(&good), wanted.map(|words| (Level::Ok, words.to_owned())));
    }

    #[test]
    fn what_is_wrong_has_its_level() {
        let found = |problem: &str| Finding { code: "x", problem: problem.to_owned(), mend: "do".to_owned() };
        let (disagreements, reasons) = ([found("no tag"), found("no line")], [found("1.1.0 is held")]);
        let (paths, refused) = (["a/.env".to_owned()], ["wip\u{1b}".to_owned(), "tmp".to_owned()]);
        let ran = [took("tests", Some("exit status 1"))];
        let print = Printed { path: "src/kpi.rs".to_owned(), line: 88, text: "dbg!(&row)".to_owned() };
        let news = News { debug_prints: vec![print], unlocked: vec!["Cargo.toml".to_owned()] };
        let bad = Facts {
            ran: &ran,
            news: Some(&news),
            backup: Err(true),
            artifact: &Artifact::Nothing,
            names: None,
            told: false,
            disagreements: &disagreements,
            reasons: &reasons,
            refused: &refused,
            standing: Standing::Between { ahead: 1, behind: 1 },
            way_back: Ok(None),
            ..good(&paths)
        };
        let wanted = [
            (Level::Fail, "tests: cargo test   42 s: exit status 1"),
            (Level::Fail, "debug prints: src/kpi.rs:88 dbg!(&row)"),
            (Level::Fail, "secrets: a/.env is tracked"),
            (Level::Warn, "dependencies: Cargo.toml changed without its lock file"),
            (Level::Fail, "version: no tag"),
            (Level::Fail, "version: no line"),
            (Level::Warn, "messages: 2 of 3 commits not conventional: wip\\u{1b} and 1 more"),
            (Level::Fail, "compare: 1 commit of production would be taken back"),
            (Level::Warn, "backup: no backup command for production"),
            (Level::Fail, "can-deploy: 1.1.0 is held"),
            (Level::Warn, "rollback: production has no good version yet"),
            (Level::Skip, "users told: confirm with `--confirm users-told`"),
        ];
        assert_eq!(shown(&bad), wanted.map(|(level, words)| (level, words.to_owned())));
    }

    #[test]
    fn secrets_are_known_by_their_names() {
        for path in [".env", "web/.env.production", "keys/id_ed25519", "Server.P12", "home/.netrc"] {
            assert!(is_secret(path), "{path}");
        }
        for path in
            [".env.example", ".env.production.sample", "env", "id_rsa.pub", "docs/.env/readme", "a.key.md"]
        {
            assert!(!is_secret(path), "{path}");
        }
    }

    #[test]
    fn variables_and_what_runs_are_looked_for() {
        let file = || ".env.production".to_owned();
        let compared = |lacking: &[&str]| Names::Compared {
            file: file(),
            count: 2,
            lacking: lacking.iter().map(|name| (*name).to_owned()).collect(),
        };
        for (names, level, words) in [
            (Names::NoFile, Level::Skip, "no file of variables is known for production"),
            (Names::Missing { file: file() }, Level::Warn, ".env.production is not there"),
            (compared(&[]), Level::Ok, ".env.production has the 2 names of .env.example"),
            (compared(&["A", "B"]), Level::Warn, ".env.production lacks A, B of .env.example"),
        ] {
            let found = variables("production", &names);
            assert_eq!((found.level, found.text.as_str()), (level, words));
        }
        let name = || "1.0.0 (764c119)".to_owned();
        for (found, level) in [(Artifact::Here(name()), Level::Ok), (Artifact::Away(name()), Level::Warn)] {
            assert_eq!(artifact(&found).map(|line| line.level), Some(level));
        }
        assert_eq!(artifact(&Artifact::Nothing), None);
    }
}
