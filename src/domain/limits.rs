//! What a token may see and touch: apps, platforms and environments by their names. What is outside is for its owner
//! as if it were not there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::glob::Glob;

/// The most patterns for one kind of name.
const MOST: usize = 20;
/// The most `*` of one pattern: each of them multiplies the ways in which a name can be tried.
const STARS: usize = 5;
/// The longest pattern in code points, as long as the names themselves.
const LONGEST: usize = 100;

/// The limits of a token. A list without patterns lets every name through.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Patterns, in which `*` stands for any text.
    #[serde(default)]
    #[schemars(with = "Vec<String>", length(max = 20))]
    pub app: Vec<Glob>,
    #[serde(default)]
    #[schemars(with = "Vec<String>", length(max = 20))]
    pub platform: Vec<Glob>,
    #[serde(default)]
    #[schemars(with = "Vec<String>", length(max = 20))]
    pub environment: Vec<Glob>,
    /// Whether it reads the free text that clients of v1 store with a version, too.
    #[serde(default)]
    pub raw: bool,
}

impl Limits {
    /// The patterns of each kind of name, with the name of the field.
    pub fn fields(&self) -> [(&'static str, &[Glob]); 3] {
        [("app", &self.app), ("platform", &self.platform), ("environment", &self.environment)]
    }

    /// Whether nothing is limited by name.
    pub fn is_empty(&self) -> bool {
        self.fields().iter().all(|(_, globs)| globs.is_empty())
    }

    /// Whether a place is inside.
    pub fn covers(&self, app: &str, platform: &str, environment: &str) -> bool {
        self.covers_app(app) && fits(&self.platform, platform) && fits(&self.environment, environment)
    }

    /// Whether what belongs to an app and to none of its places is inside.
    pub fn covers_app(&self, app: &str) -> bool {
        fits(&self.app, app)
    }

    /// Whether what belongs to an environment and to none of its apps is inside.
    pub fn covers_environment(&self, platform: &str, name: &str) -> bool {
        fits(&self.platform, platform) && fits(&self.environment, name)
    }

    /// Whether everything is inside that is meant by names of which an absent one means all.
    pub fn covers_all(&self, app: Option<&str>, platform: Option<&str>, environment: Option<&str>) -> bool {
        let inside = |globs: &[Glob], name: Option<&str>| {
            globs.is_empty() || name.is_some_and(|name| fits(globs, name))
        };
        inside(&self.app, app) && inside(&self.platform, platform) && inside(&self.environment, environment)
    }

    /// What is wrong, each with the JSON pointer from here. The databases know no more of a pattern than `*`.
    pub fn faults(&self) -> Vec<(String, String)> {
        let mut faults = Vec::new();
        for (field, globs) in self.fields() {
            if globs.len() > MOST {
                faults.push((format!("/{field}"), format!("must have at most {MOST} patterns")));
            }
            for (at, glob) in globs.iter().enumerate() {
                if !is_plain(glob.as_str()) {
                    let detail = format!(
                        "must have 1 to {LONGEST} characters, at most {STARS} of them `*`, and none of `?[]{{}}\\`"
                    );
                    faults.push((format!("/{field}/{at}"), detail));
                }
            }
        }
        if faults.is_empty() && self.is_empty() {
            let detail = "must name an `app`, a `platform` or an `environment`, or be absent";
            faults.push((String::new(), detail.to_owned()));
        }
        faults
    }
}

fn fits(globs: &[Glob], name: &str) -> bool {
    globs.is_empty() || globs.iter().any(|glob| glob.fits(name))
}

fn is_plain(text: &str) -> bool {
    (1..=LONGEST).contains(&text.chars().count())
        && text.matches('*').count() <= STARS
        && !text.contains(|c: char| c.is_control() || "?[]{}\\".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(app: &[&str], environment: &[&str]) -> Limits {
        let globs = |texts: &[&str]| texts.iter().map(|text| Glob::parse(text).unwrap()).collect();
        Limits { app: globs(app), environment: globs(environment), ..Limits::default() }
    }

    #[test]
    fn a_place_is_inside_if_each_of_its_names_is() {
        let limits = limits(&["web-*", "api"], &["dev"]);
        assert!(limits.covers("web-shop", "any", "dev") && limits.covers("api", "p", "dev"));
        for (app, environment) in [("web", "dev"), ("API", "dev"), ("api", "development"), ("my-api", "dev")]
        {
            assert!(!limits.covers(app, "p", environment), "{app} {environment}");
        }
    }

    #[test]
    fn what_means_every_name_is_inside_where_nothing_is_limited() {
        let limits = limits(&["api"], &[]);
        assert!(limits.covers_all(Some("api"), None, None));
        assert!(!limits.covers_all(None, Some("p"), Some("dev")));
    }

    #[test]
    fn a_pattern_that_no_database_understands_is_refused() {
        assert_eq!(limits(&["web-*", "É*"], &["%_!"]).faults(), []);
        let pointers = |limits: &Limits| limits.faults().into_iter().map(|(at, _)| at).collect::<Vec<_>>();
        let long = "a".repeat(101);
        let bad = limits(&["a?", "[ab]", "{a,b}", "a\\*", &long, "******", ""], &["a\nb"]);
        let expected =
            ["/app/0", "/app/1", "/app/2", "/app/3", "/app/4", "/app/5", "/app/6", "/environment/0"];
        assert_eq!(pointers(&bad), expected);
        assert_eq!(pointers(&Limits { raw: true, ..Limits::default() }), [""]);
    }
}
