use super::*;
use crate::domain::glob::Glob;
use crate::domain::plan::{Commit, Reason};
use crate::domain::version::Bump;

fn v(text: &str) -> Version {
    Version::parse(text).unwrap()
}

fn rules() -> Rules {
    let types = [("feat", Bump::Minor), ("fix", Bump::Patch), ("perf", Bump::Patch)];
    Rules {
        tag_format: TagFormat::default(),
        initial: v("0.1.0"),
        zero: Zero::Semver,
        types: types.map(|(name, level)| (name.to_owned(), Some(level))).into(),
        unlisted: None,
        own: Vec::new(),
    }
}

/// The newest message first; commit `n` from the oldest has the id `000000n…`.
fn history(base: Option<&str>, messages: &[&str]) -> History {
    let count = messages.len();
    let window = messages.iter().enumerate().map(|(at, text)| Commit {
        revert_target_exists: text.contains("elsewhere"),
        ..Commit::of(&format!("{:07}{}", count - at, "0".repeat(33)), text)
    });
    let base = base.map(|version| tag(version, "base"));
    History { tags: base.iter().cloned().collect(), base, ..History::of("head".to_owned(), window.collect()) }
}

fn tag(version: &str, commit: &str) -> Tag {
    Tag { name: format!("v{version}"), version: v(version), commit: commit.to_owned() }
}

#[track_caller]
fn next(history: &History) -> (Rule, String, bool) {
    let decision = decide(history, &rules(), &Wish::default()).unwrap();
    (decision.rule, decision.next.to_string(), decision.released)
}

#[track_caller]
fn is(history: &History, rule: Rule, version: &str) {
    assert_eq!(next(history), (rule, version.to_owned(), true));
}

#[track_caller]
fn nothing(history: &History, version: &str) {
    assert_eq!(next(history), (Rule::Commits, version.to_owned(), false));
}

#[test]
fn the_highest_level_of_the_commits_counts() {
    is(&history(Some("1.2.3"), &["fix: a", "docs: b"]), Rule::Commits, "1.2.4");
    is(&history(Some("1.2.3"), &["fix: a", "feat: b", "fix: c"]), Rule::Commits, "1.3.0");
    is(&history(Some("1.2.3"), &["fix: a", "chore!: b"]), Rule::Commits, "2.0.0");
    is(&history(Some("0.2.3"), &["feat!: b"]), Rule::Commits, "0.3.0");
    nothing(&history(Some("1.2.3"), &["docs: a", "feature: b", "no type"]), "1.2.3");
    nothing(&history(Some("1.2.3"), &[]), "1.2.3");
}

#[test]
fn the_first_release_is_what_version_txt_or_the_configuration_says() {
    is(&history(None, &["feat!: a"]), Rule::Initial, "0.1.0");
    let mut with_file = history(None, &["fix: a"]);
    with_file.version_file = Some(v("2.0.0"));
    is(&with_file, Rule::Initial, "2.0.0");
}

#[test]
fn a_person_may_move_version_txt_ahead() {
    let mut ahead = history(Some("1.0.0"), &["fix: a"]);
    ahead.version_file = Some(v("2.0.0"));
    is(&ahead, Rule::VersionFile, "2.0.0");
    ahead.version_file = Some(v("1.0.1"));
    is(&ahead, Rule::VersionFile, "1.0.1");
    let mut less = history(Some("1.0.0"), &["feat: a"]);
    less.version_file = Some(v("1.0.1"));
    is(&less, Rule::Commits, "1.1.0");
    let mut stale = history(Some("1.0.0"), &["fix: a"]);
    stale.version_file = Some(v("0.9.0"));
    is(&stale, Rule::Commits, "1.0.1");
}

#[test]
fn reverts_cancel_what_was_not_released() {
    let revert = "Revert \"feat: b\"\n\nThis reverts commit 0000001000.";
    is(&history(Some("1.0.0"), &[revert, "fix: a", "feat: b"]), Rule::Commits, "1.0.1");
    nothing(&history(Some("1.0.0"), &[revert, "docs: a", "feat: b"]), "1.0.0");
    let reapply = "Reapply \"feat: b\"\n\nThis reverts commit 0000003000.";
    is(&history(Some("1.0.0"), &[reapply, revert, "docs: a", "feat: b"]), Rule::Commits, "1.1.0");
    let conventional = "revert: feat: b\n\nRefs: 0000001";
    nothing(&history(Some("1.0.0"), &[conventional, "feat: b"]), "1.0.0");
}

#[test]
fn a_revert_of_something_released_is_a_patch() {
    let released = "Revert \"feat: b\"\n\nThis reverts commit abcdef1. It is elsewhere.";
    is(&history(Some("1.0.0"), &[released, "docs: feat: b"]), Rule::Commits, "1.0.1");
    is(&history(Some("1.0.0"), &["revert!: the door"]), Rule::Commits, "2.0.0");
}

#[test]
fn a_rebased_revert_finds_its_commit_by_the_header() {
    let rebased = "Revert \"feat: b\"\n\nThis reverts commit abcdef1.";
    nothing(&history(Some("1.0.0"), &[rebased, "feat: b"]), "1.0.0");
    is(&history(Some("1.0.0"), &[rebased, "feat: b", "feat: b"]), Rule::Commits, "1.1.0");
}

#[test]
fn release_as_beats_the_commits_and_must_be_above() {
    let asked = "chore: x\n\nRelease-As: 3.0.0";
    is(&history(Some("1.0.0"), &["feat: a", asked]), Rule::ReleaseAs, "3.0.0");
    let decision = decide(&history(Some("4.0.0"), &["fix: a", asked]), &rules(), &Wish::default()).unwrap();
    assert_eq!((decision.next, decision.warnings.len()), (v("4.0.1"), 1));
    let bad = history(Some("1.0.0"), &["chore: x\n\nRelease-As: soon"]);
    let error = decide(&bad, &rules(), &Wish::default()).unwrap_err();
    assert_eq!(error.to_string(), "0000001: `Release-As: soon` is not a semantic version");
}

#[test]
fn a_wish_beats_everything_and_is_never_translated() {
    let history = history(Some("0.3.0"), &["fix: a"]);
    let wish = |set: Option<&str>, bump| Wish { set: set.map(v), bump, graduate: false };
    let next = |wish| decide(&history, &rules(), &wish).map(|decision| decision.next.to_string());
    assert_eq!(next(wish(Some("7.0.0"), None)).unwrap(), "7.0.0");
    assert_eq!(next(wish(None, Some(Bump::Major))).unwrap(), "1.0.0");
    let below = next(wish(Some("0.2.0"), None)).unwrap_err();
    assert_eq!(below.to_string(), "0.2.0 is not above the released version 0.3.0");
}

#[test]
fn a_pre_release_in_play_promises_its_core() {
    let mut promised = history(Some("1.0.0"), &["docs: a", "feat: b"]);
    let commit = promised.window[1].oid.clone();
    promised.tags.push(tag("2.0.0-rc.2", &commit));
    is(&promised, Rule::Promote, "2.0.0");
    promised.tags = vec![tag("2.0.0-nightly.1", &commit)];
    is(&promised, Rule::Commits, "1.1.0");
    promised.tags = vec![tag("2.0.0-rc.1", "elsewhere")];
    is(&promised, Rule::Commits, "1.1.0");
}

#[test]
fn a_first_pre_release_promises_its_core_too() {
    let mut first = history(None, &["docs: a", "feat: b"]);
    first.tags.push(tag("1.0.0-rc.1", &first.window[1].oid));
    is(&first, Rule::Promote, "1.0.0");
    first.tags[0].version = v("0.1.0-rc.1");
    is(&first, Rule::Initial, "0.1.0");
}

#[test]
fn a_release_as_that_a_pre_release_contains_is_spent() {
    let mut spent = history(Some("1.0.0"), &["feat: a", "chore: b\n\nRelease-As: 3.0.0", "fix: c"]);
    is(&spent, Rule::ReleaseAs, "3.0.0");
    let oids: Vec<String> = spent.window.iter().map(|commit| commit.oid.clone()).collect();
    spent.window[0].parents = vec![oids[1].clone()];
    spent.window[1].parents = vec![oids[2].clone()];
    spent.tags.push(tag("2.0.0-rc.1", &oids[1]));
    is(&spent, Rule::Promote, "2.0.0");
    spent.tags = vec![tag("2.0.0-rc.1", &oids[2])];
    is(&spent, Rule::ReleaseAs, "3.0.0");
}

#[test]
fn a_promise_settles_the_version_unless_a_person_said_more() {
    let promise =
        |messages: &[&str]| Promise { tag: tag("2.0.0-rc.1", "rc"), since: history(None, messages).window };
    let plain = promise(&["feat!: a"]);
    assert_eq!(settled(&plain, None, &rules()), Some(v("2.0.0")));
    assert_eq!(settled(&plain, Some(&v("1.0.0")), &rules()), Some(v("2.0.0")));
    assert_eq!(settled(&plain, Some(&v("2.0.0")), &rules()), None);
    assert_eq!(settled(&promise(&["chore: a\n\nRelease-As: 3.0.0"]), None, &rules()), None);
    assert_eq!(settled(&plain, None, &Rules { initial: v("3.0.0"), ..rules() }), None);
}

#[test]
fn a_taken_version_is_refused_by_name() {
    let mut taken = history(Some("1.0.0"), &["fix: a"]);
    taken.tags.push(tag("1.0.1", "0123456789"));
    let error = decide(&taken, &rules(), &Wish::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the next version 1.0.1 is taken: the tag `v1.0.1` names 0123456, which HEAD does not contain"
    );
}

#[test]
fn every_commit_is_explained() {
    let mut mixed = history(
        Some("1.0.0"),
        &[
            "Merge branch 'x'",
            "feat: a",
            "nothing",
            "docs: b",
            "fixup! feat: a",
            "1.0.0",
            "x\n\nBREAKING CHANGE: y",
        ],
    );
    mixed.window[1].parents.push("1".repeat(40));
    let decision = decide(&mixed, &rules(), &Wish::default()).unwrap();
    let reasons: Vec<Reason> = decision.ignored.iter().map(|ignored| ignored.reason).collect();
    assert_eq!(
        reasons,
        [
            Reason::Merge,
            Reason::Merge,
            Reason::NotConventional,
            Reason::TypeNone,
            Reason::Autosquash,
            Reason::BareVersion
        ]
    );
    assert_eq!(decision.next, v("2.0.0"));
    assert_eq!(decision.warnings.len(), 1);
    assert_eq!(decision.reason, "major: 1 breaking since v1.0.0");
}

#[test]
fn the_reason_counts_what_decided() {
    let decision = decide(
        &history(Some("1.2.0"), &["feat: a", "fix(x): b", "fix: c", "feat(y)!: d"]),
        &rules(),
        &Wish::default(),
    )
    .unwrap();
    assert_eq!(decision.reason, "major: 1 breaking, 1 feat, 2 fix since v1.2.0");
}

#[test]
fn a_reverted_merge_takes_its_branch_back() {
    let mut merged = history(
        Some("1.0.0"),
        &[
            "Revert \"Merge branch 'x'\"\n\nThis reverts commit 0000004000, reversing\nchanges made to 0000001000.",
            "Merge branch 'x'",
            "feat: big",
            "feat: bigger",
            "fix: a",
        ],
    );
    let oid = |at: usize| merged.window[at].oid.clone();
    let (big, bigger, fix) = (oid(2), oid(3), oid(4));
    merged.window[0].parents = vec![oid(1)];
    merged.window[1].parents = vec![fix.clone(), big];
    merged.window[2].parents = vec![bigger];
    merged.window[3].parents = vec![fix];
    is(&merged, Rule::Commits, "1.0.1");
}

#[test]
fn a_release_beside_head_counts_if_head_has_all_its_changes() {
    let here = history(Some("1.0.0"), &["feat: b", "fix: a"]);
    let side = |messages: &[&str]| history(None, messages).window;
    let oids = |at: &[usize]| Some(at.iter().map(|at| here.window[*at].oid.clone()).collect());
    assert_eq!(same_line(&here, &side(&["chore(release): 1.0.1", "fix: a"]), &rules()), oids(&[1]));
    assert_eq!(same_line(&here, &side(&["docs: c"]), &rules()), oids(&[]));
    assert_eq!(same_line(&here, &side(&["fix: c"]), &rules()), None);
    let mut later = side(&["fix: a"]);
    later[0].authored = 1;
    assert_eq!(same_line(&here, &later, &rules()), None, "the same words, written at another time");
    let mut adopted = history(Some("1.0.1"), &["feat: b", "fix: a"]);
    adopted.copies.insert(adopted.window[0].oid.clone());
    adopted.adopted.push(tag("1.0.1", "0123456789"));
    let decision = decide(&adopted, &rules(), &Wish::default()).unwrap();
    assert_eq!((decision.next, decision.ignored[0].reason), (v("1.0.2"), Reason::AlreadyReleased));
    assert_eq!(
        decision.warnings,
        [
            "`v1.0.1` names 0123456, which HEAD does not contain; it counts all the same, as HEAD has all its changes"
        ]
    );
}

#[test]
fn build_metadata_is_no_step() {
    let wish = Wish { set: Some(v("1.0.0+1")), ..Wish::default() };
    let error = decide(&history(Some("1.0.0"), &["fix: a"]), &rules(), &wish).unwrap_err();
    assert_eq!(error.to_string(), "1.0.0+1 is not above the released version 1.0.0");
    let mut file = history(Some("1.0.0"), &["docs: a"]);
    file.version_file = Some(v("1.0.0+5"));
    nothing(&file, "1.0.0");
}

#[test]
fn a_number_that_cannot_grow_is_an_error() {
    let error = decide(&history(Some("1.18446744073709551615.0"), &["feat: a"]), &rules(), &Wish::default())
        .unwrap_err();
    assert_eq!(error.to_string(), "1.18446744073709551615.0 has a number that cannot grow");
}

#[test]
fn twenty_thousand_reverts_are_no_matter() {
    let messages: Vec<String> = (0..20_000).map(|n| format!("revert: feat: {n}")).collect();
    let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
    is(&history(Some("1.0.0"), &messages), Rule::Commits, "1.0.1");
}

#[test]
fn graduation_leads_out_of_zero_and_only_from_there() {
    let wish = Wish { graduate: true, ..Wish::default() };
    let graduate = |base| decide(&history(base, &["fix: a"]), &rules(), &wish);
    for base in [None, Some("0.9.3")] {
        let decision = graduate(base).unwrap();
        assert_eq!((decision.rule, decision.next), (Rule::BumpFlag, v("1.0.0")));
    }
    assert_eq!(graduate(Some("1.2.0")).unwrap_err(), DecideError::Graduated(v("1.2.0")));
}

#[test]
fn own_rules_come_first_and_a_breaking_change_needs_a_rule_of_its_own() {
    let rule = |name: Option<&str>, scope: Option<&str>, breaking, level| OwnRule {
        r#type: name.and_then(Glob::parse),
        scope: scope.and_then(Glob::parse),
        breaking,
        level,
    };
    let rules = Rules {
        own: vec![
            rule(Some("feat"), Some("internal-*"), false, None),
            rule(Some("docs"), None, false, Some(Bump::Patch)),
            rule(None, Some("beta"), true, Some(Bump::Minor)),
        ],
        unlisted: Some(Some(Bump::Minor)),
        ..rules()
    };
    let level = |message| decide(&history(Some("1.0.0"), &[message]), &rules, &Wish::default()).unwrap().bump;
    for (message, wanted) in [
        ("feat(internal-x): a", None),
        ("feat(internal-x)!: a", Some(Bump::Major)),
        ("feat(api): a", Some(Bump::Minor)),
        ("docs: a", Some(Bump::Patch)),
        ("fix(beta)!: a", Some(Bump::Minor)),
        ("chore: a", Some(Bump::Minor)),
        ("not conventional", None),
    ] {
        assert_eq!(level(message), wanted, "{message}");
    }
    assert_eq!(level("revert: what nobody knows"), Some(Bump::Patch));
}

#[test]
fn what_was_picked_counts_once() {
    let pick = |oid: &str| format!("fix: a\n\n(cherry picked from commit {oid})");
    let origin = format!("{:07}{}", 1, "0".repeat(33));
    let reasons = |messages: &[&str]| {
        let decision = decide(&history(Some("1.0.0"), messages), &rules(), &Wish::default()).unwrap();
        decision.ignored.into_iter().map(|ignored| ignored.reason).collect::<Vec<_>>()
    };
    let elsewhere = "f".repeat(40);
    assert_eq!(reasons(&[&pick(&origin), "feat: b", "fix: a"]), [Reason::DuplicatePick]);
    assert_eq!(reasons(&[&pick(&elsewhere), &pick(&elsewhere)]), [Reason::DuplicatePick]);
    assert_eq!(reasons(&[&pick(&elsewhere), "feat: b"]), []);
    // What was taken back in between counts again.
    let revert = format!("Revert \"fix: a\"\n\nThis reverts commit {origin}.");
    assert_eq!(reasons(&[&pick(&origin), &revert, "fix: a"]), [Reason::Revert, Reason::Reverted]);
}

proptest::proptest! {
    #![proptest_config(crate::domain::properties())]

    #[test]
    fn one_more_commit_never_lowers_the_version(
        base in proptest::option::of((0..3u64, 0..4u64, 0..4u64)),
        kinds in proptest::collection::vec(0..MESSAGES.len(), 0..8),
        more in 0..MESSAGES.len(),
        zero in 0..Zero::ALL.len(),
    ) {
        let rules = Rules { zero: Zero::ALL[zero], ..rules() };
        let base = base.map(|(major, minor, patch)| Version::new(major, minor, patch).to_string());
        let mut messages: Vec<&str> = kinds.into_iter().map(|kind| MESSAGES[kind]).collect();
        let next = |messages: &[&str]| decide(&history(base.as_deref(), messages), &rules, &Wish::default()).unwrap();
        let before = next(&messages);
        messages.insert(0, MESSAGES[more]);
        let after = next(&messages);
        proptest::prop_assert!(after.next >= before.next);
        proptest::prop_assert_eq!(format!("{:?}", next(&messages)), format!("{after:?}"));
        let counted = after.deciding.len() + after.ignored.len();
        proptest::prop_assert_eq!(counted, messages.len());
    }
}

/// Messages that take nothing back.
const MESSAGES: [&str; 8] = [
    "feat: a",
    "fix(x): b",
    "perf: c",
    "docs: d",
    "chore!: e",
    "words",
    "fix: f\n\nBREAKING CHANGE: g",
    "Merge branch 'h'",
];
