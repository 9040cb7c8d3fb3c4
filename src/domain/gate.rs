//! May this version be deployed there? The answer is a list of reasons against it; none means yes.

use super::checks::Finding;
use super::glob::Glob;
use super::health::{same_commit, same_version};
use super::hold::{Hold, HoldKind};
use super::past::Past;
use super::rollback::candidates;
use super::text;
use super::tier::{Rank, Tier};

/// What somebody wants to deploy, and where to.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    pub app: &'a str,
    pub platform: &'a str,
    pub environment: &'a str,
    pub version: &'a str,
    pub sha: Option<&'a str>,
    /// The branch or tag.
    pub r#ref: Option<&'a str>,
    /// Who asks.
    pub actor: Option<&'a str>,
    /// Whether tracked files differ from the commit.
    pub dirty: bool,
}

/// What the environment wants of what goes there.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    pub rank: Rank,
    /// By whose clocks times are shown.
    pub zone: Option<&'a str>,
    /// The branches that may go there; none means any.
    pub branches: &'a [Glob],
    /// The branches that have the commit, where nothing says which of them it is deployed from.
    pub on: &'a [String],
    /// The environment on which it must have succeeded before, with what was deployed there.
    pub before: Option<(&'a str, Result<&'a [Past], &'a str>)>,
}

/// Everything that speaks against it at a time, in milliseconds since 1970 UTC: holds of the version first,
/// then locks, freezes, and what the clone itself says.
pub fn reasons(wish: &Wish, terms: &Terms, holds: &[Hold], now: i64) -> Vec<Finding> {
    let applies = |hold: &&Hold| {
        hold.is_active(now) && hold.covers(wish.app, wish.platform, wish.environment) && binds(wish, hold)
    };
    let mut found = Vec::new();
    for kind in [HoldKind::Hold, HoldKind::Lock, HoldKind::Freeze] {
        let of_kind = holds.iter().filter(|hold| hold.kind == kind);
        found.extend(of_kind.filter(applies).map(|hold| reason(wish, terms.zone, hold)));
    }
    found.extend(foreign(wish, terms));
    found.extend(unproved(wish, terms));
    // Changed files matter where people work with the program; elsewhere they are recorded and no more.
    if wish.dirty && terms.rank.tier == Tier::Production {
        let problem = format!(
            "tracked files differ from HEAD, and {} is of the tier production{}",
            text::line(wish.environment),
            terms.rank.because()
        );
        found.push(Finding { code: "dirty", problem, mend: "commit or stash the changes".to_owned() });
    }
    found
}

/// A branch that may not go there, or a commit that is on none of those that may.
fn foreign(wish: &Wish, terms: &Terms) -> Option<Finding> {
    let fits = |branch: &str| terms.branches.iter().any(|glob| glob.fits(branch));
    let environment = text::line(wish.environment);
    let problem = match wish.r#ref {
        _ if terms.branches.is_empty() => return None,
        Some(branch) if fits(branch) => return None,
        None if terms.on.iter().any(|branch| fits(branch)) => return None,
        Some(branch) => format!("{environment} takes nothing from the branch {}", text::line(branch)),
        None => format!("{} is on no branch that {environment} takes", text::line(wish.version)),
    };
    let taken: Vec<String> = terms.branches.iter().map(|glob| text::line(glob.as_str())).collect();
    let mend = format!("deploy it from {}, or add its branch to `branches`", taken.join(", "));
    Some(Finding { code: "branch", problem, mend })
}

/// Whether what is held is what is wished.
fn binds(wish: &Wish, hold: &Hold) -> bool {
    match hold.kind {
        HoldKind::Freeze => true,
        HoldKind::Hold => hold.names(wish.version, wish.sha),
        HoldKind::Lock => {
            let owner = hold.actor.is_some() && hold.actor.as_deref() == wish.actor;
            let passes = hold.r#ref.as_deref().is_none_or(|own| Some(own) == wish.r#ref);
            !(owner && passes)
        }
    }
}

fn reason(wish: &Wish, zone: Option<&str>, hold: &Hold) -> Finding {
    let (code, what) = match hold.kind {
        HoldKind::Hold if hold.is_mark() => ("bad", wish.version),
        HoldKind::Hold => ("held", wish.version),
        HoldKind::Lock => ("locked", wish.environment),
        HoldKind::Freeze => ("frozen", wish.environment),
    };
    let problem = format!("{} is {}{}", text::line(what), hold.done(), hold.because(zone));
    let environment = operand(wish.environment, wish.platform);
    let mend = match (hold.kind, hold.version.as_deref()) {
        (HoldKind::Hold, Some(version)) => {
            format!("lift it with `shipmark hold lift {environment} {} --reason TEXT`", text::line(version))
        }
        (kind, _) => {
            format!("lift it with `shipmark hold lift {environment} --kind {} --reason TEXT`", kind.word())
        }
    };
    Finding { code, problem, mend }
}

/// How a person names an environment: with its platform where that has a name of its own.
pub fn operand(environment: &str, platform: &str) -> String {
    match environment == platform {
        true => text::line(environment),
        false => text::line(&format!("{environment}/{platform}")),
    }
}

/// A version that did not succeed where it had to before. What ran there and was taken back has not.
fn unproved(wish: &Wish, terms: &Terms) -> Option<Finding> {
    let (environment, rows) = terms.before?;
    let (environment, version) = (text::line(environment), text::line(wish.version));
    let problem = match rows {
        Err(reason) => {
            format!("nothing says whether {version} succeeded on {environment}: {}", text::line(reason))
        }
        Ok(rows) => {
            let is = |row: &Past| {
                let commits = row.sha.as_deref().zip(wish.sha);
                commits
                    .and_then(|(a, b)| same_commit(a, b))
                    .unwrap_or_else(|| same_version(&row.version, wish.version))
            };
            match candidates(rows).iter().find(|found| is(found.row)) {
                Some(found) if found.taken_back => {
                    format!("{version} was taken back on {environment}")
                }
                Some(_) => return None,
                None => format!("{version} never succeeded on {environment}"),
            }
        }
    };
    let mend = format!("deploy it on {environment} first");
    Some(Finding { code: "unverified", problem, mend })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::deployment::State;
    use crate::domain::weekly::Weekly;

    const SHA: &str = "764c119aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const WISH: Wish = Wish {
        app: "helpdesk",
        platform: "eu",
        environment: "production",
        version: "1.1.0",
        sha: Some(SHA),
        r#ref: Some("main"),
        actor: Some("maya"),
        dirty: false,
    };

    fn hold(kind: HoldKind) -> Hold {
        let name = |text: &str| Some(text.to_owned());
        Hold {
            app: name("helpdesk"),
            platform: name("eu"),
            environment: name("production"),
            until: Some(1_000),
            ..Hold::of(kind)
        }
    }

    const TERMS: Terms = Terms {
        rank: Rank { tier: Tier::Production, guessed: true },
        zone: None,
        branches: &[],
        on: &[],
        before: None,
    };

    fn codes(wish: &Wish, hold: Hold) -> Vec<&'static str> {
        reasons(wish, &TERMS, &[hold], 999).iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn only_some_branches_go_there() {
        let branches = ["main", "hotfix/*"].map(|text| Glob::parse(text).unwrap());
        let on = ["next".to_owned(), "hotfix/7".to_owned()];
        let problem = |wish: &Wish, on: &[String]| {
            let terms = Terms { branches: &branches, on, ..TERMS };
            reasons(wish, &terms, &[], 0).pop().map(|finding| finding.problem)
        };
        let of = |r#ref: Option<&'static str>| Wish { r#ref, ..WISH };
        assert_eq!(problem(&of(Some("main")), &[]), None);
        assert_eq!(problem(&of(Some("hotfix/a/b")), &[]), None);
        assert_eq!(problem(&of(None), &on), None);
        let said = problem(&of(Some("mainly")), &on);
        assert_eq!(said.as_deref(), Some("production takes nothing from the branch mainly"));
        let said = problem(&of(None), &on[..1]);
        assert_eq!(said.as_deref(), Some("1.1.0 is on no branch that production takes"));
    }

    #[test]
    fn a_version_must_be_proved_before() {
        let of = |rows: &[Past]| {
            let terms = Terms { before: Some(("staging", Ok(rows))), ..TERMS };
            reasons(&WISH, &terms, &[], 0).pop().map(|finding| finding.problem)
        };
        let row = |id, version, sha: &str, state| Past {
            sha: Some(sha.to_owned()),
            ..Past::of(id, version, state)
        };
        let good = row(1, "1.1.0-rc.1", &SHA[..9], State::Succeeded);
        assert_eq!(of(std::slice::from_ref(&good)), None, "the same commit, whatever it was called");
        let failed = row(2, "1.1.0", SHA, State::Failed);
        let never = Some("1.1.0 never succeeded on staging".to_owned());
        assert_eq!(of(&[failed]), never);
        assert_eq!(of(&[row(1, "1.1.0", "864c119", State::Succeeded)]), never, "another commit of that name");
        let older = || row(0, "1.0.0", "0000000", State::Superseded);
        let again = row(3, "1.0.0", "0000000", State::Succeeded);
        let back = of(&[older(), good, again]);
        assert_eq!(back.as_deref(), Some("1.1.0 was taken back on staging"));
        let terms = Terms { before: Some(("staging", Err("no answer"))), ..TERMS };
        let unknown = reasons(&WISH, &terms, &[], 0).pop().unwrap();
        assert_eq!(unknown.problem, "nothing says whether 1.1.0 succeeded on staging: no answer");
    }

    #[test]
    fn changed_files_stop_what_goes_to_production_only() {
        let dirty = Wish { dirty: true, ..WISH };
        let of = |tier, guessed| {
            let terms = Terms { rank: Rank { tier, guessed }, ..TERMS };
            reasons(&dirty, &terms, &[], 0).pop().map(|finding| finding.problem)
        };
        let told = "tracked files differ from HEAD, and production is of the tier production";
        assert_eq!(of(Tier::Production, false).as_deref(), Some(told));
        assert_eq!(of(Tier::Production, true), Some(format!("{told}, by its name")));
        assert_eq!(of(Tier::Testing, false), None);
    }

    #[test]
    fn a_version_is_held_by_its_name_and_by_its_commit() {
        let of = |version: &str, sha: Option<&str>| Hold {
            version: Some(version.to_owned()),
            sha: sha.map(str::to_owned),
            ..hold(HoldKind::Hold)
        };
        assert_eq!(codes(&WISH, of("v1.1.0", None)), ["held"]);
        assert_eq!(codes(&WISH, of("1.0.9", Some("764c119"))), ["held"]);
        assert_eq!(codes(&WISH, of("1.1.1", Some("864c119"))), [""; 0]);
        assert_eq!(codes(&WISH, of("1.1.0", Some("864c119"))), [""; 0], "another commit of that version");
        assert_eq!(codes(&Wish { sha: None, ..WISH }, of("1.1.1", Some("764c119"))), [""; 0]);
    }

    #[test]
    fn a_lock_lets_its_owner_through_with_its_ref() {
        let own = |r#ref: Option<&str>, actor: Option<&str>| Hold {
            r#ref: r#ref.map(str::to_owned),
            actor: actor.map(str::to_owned),
            ..hold(HoldKind::Lock)
        };
        for (r#ref, actor, locked) in [
            (None, Some("maya"), false),
            (Some("main"), Some("maya"), false),
            (Some("next"), Some("maya"), true),
            (Some("main"), Some("ben"), true),
            (None, None, true),
        ] {
            assert_eq!(!codes(&WISH, own(r#ref, actor)).is_empty(), locked, "{ref:?} {actor:?}");
        }
        assert_eq!(codes(&Wish { actor: None, ..WISH }, own(None, None)), ["locked"]);
    }

    #[test]
    fn only_what_is_active_and_speaks_of_the_place_counts() {
        let freeze = || hold(HoldKind::Freeze);
        assert_eq!(codes(&WISH, freeze()), ["frozen"]);
        assert_eq!(codes(&WISH, Hold { app: None, ..freeze() }), ["frozen"]);
        assert_eq!(codes(&WISH, Hold { app: Some("other".to_owned()), ..freeze() }), [""; 0]);
        assert_eq!(codes(&WISH, Hold { platform: Some("us".to_owned()), ..freeze() }), [""; 0]);
        assert_eq!(codes(&WISH, Hold { environment: Some("dev".to_owned()), ..freeze() }), [""; 0]);
        assert_eq!(codes(&WISH, Hold { until: Some(999), ..freeze() }), [""; 0]);
        assert_eq!(codes(&WISH, Hold { until: None, ..freeze() }), ["frozen"]);
        assert_eq!(codes(&WISH, Hold { lifted_at: Some(1), ..freeze() }), [""; 0]);
    }

    #[test]
    fn a_weekly_freeze_holds_in_its_hours_and_times_are_local() {
        // 1970-01-01 was a Thursday; Paris was an hour before UTC.
        let weekly = |text: &str| Hold {
            weekly: Weekly::parse(text, "Europe/Paris"),
            until: Some(3_600_000),
            ..hold(HoldKind::Freeze)
        };
        assert_eq!(codes(&WISH, weekly("Thu 01:01 - Fri 00:00")), [""; 0]);
        let holds = [weekly("Thu 01:00 - Fri 00:00")];
        let terms = Terms { zone: Some("Europe/Paris"), ..TERMS };
        let told = "production is frozen by ben until Thu 1970-01-01 02:00 Europe/Paris every week Thu 01:00 - Fri \
                    00:00 Europe/Paris: broken\\u{1b}";
        assert_eq!(reasons(&WISH, &terms, &holds, 0)[0].problem, told);
    }

    #[test]
    fn reasons_stand_in_their_order_and_foreign_text_is_harmless() {
        let version = Some("1.1.0".to_owned());
        let holds = [hold(HoldKind::Freeze), Hold { version, ..hold(HoldKind::Hold) }];
        let found = reasons(&Wish { dirty: true, ..WISH }, &TERMS, &holds, 0);
        let lines: Vec<_> = found.iter().map(|finding| (finding.code, finding.problem.as_str())).collect();
        let end = "by ben until 1970-01-01 00:00:01 UTC: broken\\u{1b}";
        assert_eq!(
            lines,
            [
                ("held", format!("1.1.0 is held {end}").as_str()),
                ("frozen", format!("production is frozen {end}").as_str()),
                (
                    "dirty",
                    "tracked files differ from HEAD, and production is of the tier production, by its name"
                ),
            ]
        );
        assert_eq!(found[0].mend, "lift it with `shipmark hold lift production/eu 1.1.0 --reason TEXT`");
    }
}
