use super::*;

/// A history: each commit with its parents, oldest first; a letter each.
const HISTORY: [(&str, &str); 10] = [
    ("a", ""),
    ("b", "a"),
    ("c", "b"),
    // A branch from before `c`, which comes back by a merge.
    ("s", "a"),
    ("m", "c s"),
    ("d", "m"),
    ("e", "d"),
    // A hotfix on what ran.
    ("h", "c"),
    ("i", "h"),
    ("z", "e i"),
];

fn parents(sha: &str) -> Vec<String> {
    let found = HISTORY.iter().find(|(name, _)| *name == sha).unwrap();
    found.1.split_whitespace().map(str::to_owned).collect()
}

fn all(sha: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::from([sha.to_owned()]);
    for parent in parents(sha) {
        found.extend(all(&parent));
    }
    found
}

/// The list that a client with the whole history tells.
fn list(head: &str, since: Option<&str>) -> List {
    let before = since.map(all).unwrap_or_default();
    let at = |sha: &str| i64::try_from(HISTORY.iter().position(|(name, _)| *name == sha).unwrap()).unwrap();
    let line = |sha: String| Line {
        parents: parents(&sha),
        at: at(&sha),
        subject: format!("feat: {sha}"),
        breaking: false,
        sha,
    };
    let mut commits: Vec<Line> =
        all(head).into_iter().filter(|sha| !before.contains(sha)).map(line).collect();
    commits.sort_by_key(|line| std::cmp::Reverse(line.at));
    let told = Told { commits, commits_since: since.map(str::to_owned), commits_truncated: false };
    List { head: head.to_owned(), told }
}

fn shown(lists: &[List], a: &str, b: &str) -> (Standing, String, String, String) {
    let Difference { standing, ahead, behind, missing } = compare(lists, a, b);
    let names = |lines: Vec<&Line>| lines.iter().map(|line| line.sha.as_str()).collect::<String>();
    (standing, names(ahead), names(behind), missing.concat())
}

fn told(standing: Standing, ahead: &str, behind: &str) -> (Standing, String, String, String) {
    (standing, ahead.to_owned(), behind.to_owned(), String::new())
}

#[test]
fn what_was_told_is_put_together() {
    // The first deployment told nothing; then came a list after the other.
    let lists = [list("d", Some("c")), list("e", Some("d"))];
    assert_eq!(shown(&lists, "c", "c"), told(Standing::Same, "", ""));
    assert_eq!(shown(&lists, "c", "d"), told(Standing::Ahead, "dms", ""));
    assert_eq!(shown(&lists, "c", "e"), told(Standing::Ahead, "edms", ""));
    assert_eq!(shown(&lists, "e", "c"), told(Standing::Behind, "", "edms"));
    assert_eq!(shown(&lists, "d", "e"), told(Standing::Ahead, "e", ""));
    // A commit that was never deployed, but told.
    assert_eq!(shown(&lists, "m", "e"), told(Standing::Ahead, "ed", ""));
}

#[test]
fn a_hotfix_of_what_ran_has_diverged_until_it_is_merged() {
    let lists = [list("e", Some("c")), list("i", Some("c")), list("z", Some("e"))];
    assert_eq!(shown(&lists, "i", "e"), told(Standing::Diverged, "edms", "ih"));
    assert_eq!(shown(&lists, "i", "z"), told(Standing::Ahead, "zedms", ""));
}

#[test]
fn what_is_put_back_is_behind() {
    let lists = [list("d", Some("c")), list("c", Some("d"))];
    assert!(lists[1].told.commits.is_empty());
    assert_eq!(shown(&lists, "d", "c"), told(Standing::Behind, "", "dms"));
}

#[test]
fn what_was_not_told_is_named() {
    let lists = [list("d", Some("c")), list("z", Some("e"))];
    let (standing, ahead, behind, missing) = shown(&lists, "c", "z");
    assert_eq!((standing, ahead.as_str(), behind.as_str()), (Standing::Unknown, "", ""));
    assert!(missing.contains('e'), "{missing}");
    assert_eq!(shown(&lists, "c", "x").0, Standing::Unknown);
    assert_eq!(shown(&[], "c", "d"), (Standing::Unknown, String::new(), String::new(), "cd".to_owned()));
    // Of a list that is not whole nobody knows what else it would hold.
    let mut short = list("e", Some("c"));
    short.told.commits.truncate(2);
    short.told.commits_truncated = true;
    assert_eq!(shown(&[short], "c", "e").0, Standing::Unknown);
}

/// Every choice of lists over the history: whatever is said is so, and with enough lists it is said.
#[test]
fn nothing_is_ever_guessed() {
    let names: Vec<&str> = HISTORY.iter().map(|(name, _)| *name).collect();
    let mut all_lists = Vec::new();
    for head in &names {
        all_lists.push(list(head, None));
        all_lists.extend(names.iter().filter(|since| *since != head).map(|since| list(head, Some(since))));
    }
    let mut certain = 0;
    for step in 1..all_lists.len() {
        for start in 0..7 {
            let some: Vec<List> = all_lists.iter().skip(start).step_by(step).take(4).cloned().collect();
            for a in &names {
                for b in &names {
                    let (standing, ahead, behind, missing) = shown(&some, a, b);
                    let only = |one: &str, other: &str| {
                        let mut only: Vec<String> = all(one).difference(&all(other)).cloned().collect();
                        only.sort_by_key(|sha| std::cmp::Reverse(names.iter().position(|name| name == sha)));
                        only.concat()
                    };
                    if standing == Standing::Unknown {
                        assert!(!missing.is_empty());
                        continue;
                    }
                    certain += 1;
                    assert_eq!((ahead, behind), (only(b, a), only(a, b)), "{a} {b} {standing:?}");
                }
            }
        }
    }
    assert!(certain > 5_000, "{certain}");
    let whole = [list("z", None)];
    for a in &names {
        assert_ne!(shown(&whole, a, "z").0, Standing::Unknown, "{a}");
    }
}

/// A long history that was told in many parts, each commit with a name of its own.
#[test]
fn a_long_history_is_put_together() {
    let name = |number: usize| format!("{number:040}");
    let lists: Vec<List> = (1..=400)
        .map(|part| {
            let commits = (0..20).map(|back| {
                let number = part * 20 - back;
                let (sha, parents) = (name(number), vec![name(number - 1)]);
                Line {
                    sha,
                    parents,
                    at: i64::try_from(number).unwrap(),
                    subject: String::new(),
                    breaking: false,
                }
            });
            let since = Some(name((part - 1) * 20));
            let told = Told { commits: commits.collect(), commits_since: since, commits_truncated: false };
            List { head: name(part * 20), told }
        })
        .collect();
    let (first, last) = (name(0), name(8_000));
    let found = compare(&lists, &first, &last);
    assert_eq!((found.standing, found.ahead.len(), found.behind.len()), (Standing::Ahead, 8_000, 0));
    assert_eq!(found.ahead[0].sha, last);
    assert_eq!(compare(&lists, &last, &first).standing, Standing::Behind);
    // Commits whose parents nobody told, in a number that nobody has to weigh.
    let stray =
        |number: usize| Line { parents: vec![name(number + 50_000)], ..lists[0].told.commits[0].clone() };
    let strays: Vec<Line> =
        (0..=ENDS).map(|number| Line { sha: name(20_000 + number), ..stray(number) }).collect();
    let merge =
        Line { sha: name(10_000), parents: strays.iter().map(|line| line.sha.clone()).collect(), ..stray(0) };
    let told = Told { commits: [vec![merge], strays].concat(), commits_since: None, commits_truncated: true };
    let wide = [vec![List { head: name(10_000), told }], lists].concat();
    assert_eq!(compare(&wide, &name(10_000), &last).standing, Standing::Unknown);
}
