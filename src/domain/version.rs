//! Version order, tag formats both ways, and how far a change moves a version.

use semver::Version;
use serde::Serialize;

/// How far a version moves, in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Bump {
    Patch,
    Minor,
    Major,
}

impl Bump {
    /// The name as configuration, options and JSON write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        }
    }

    /// Reads the name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Patch, Self::Minor, Self::Major].into_iter().find(|bump| bump.name() == name)
    }

    /// The next version as a person means it who looks at `from`: the final of a pre-release is the next step
    /// that its core already is (1.1.0-rc.1 is followed by 1.1.0 at patch and minor, by 2.0.0 at major).
    pub fn by_hand(self, from: &Version) -> Version {
        let reached = match self {
            Self::Patch => true,
            Self::Minor => from.patch == 0,
            Self::Major => from.minor == 0 && from.patch == 0,
        };
        if from.pre.is_empty() || !reached {
            return self.apply(from);
        }
        Version::new(from.major, from.minor, from.patch)
    }

    /// The next version at exactly this level; pre-release and build parts are dropped. A number that cannot
    /// grow stays, so that the result is no higher.
    pub fn apply(self, from: &Version) -> Version {
        match self {
            Self::Patch => Version::new(from.major, from.minor, from.patch.saturating_add(1)),
            Self::Minor => Version::new(from.major, from.minor.saturating_add(1), 0),
            Self::Major => Version::new(from.major.saturating_add(1), 0, 0),
        }
    }
}

/// What a level means while the major version is 0, where the semantic versioning specification (item 4)
/// promises nothing. Chosen by `bump.zero`; a level that a person names is never translated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Zero {
    /// Breaking is minor, the rest as from 1.0.0 on.
    #[default]
    Semver,
    /// As Cargo reads `^0.y.z`: breaking is minor, all else patch; at 0.0.z everything is patch.
    Cargo,
    /// Breaking leads to 1.0.0.
    Major,
}

impl Zero {
    /// The values of `bump.zero`.
    pub const ALL: [Self; 3] = [Self::Semver, Self::Cargo, Self::Major];

    /// The name as configuration and JSON write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Semver => "semver",
            Self::Cargo => "cargo",
            Self::Major => "major",
        }
    }

    /// The level that `level` amounts to when it is applied to `version`.
    pub fn effective(self, version: &Version, level: Bump) -> Bump {
        if version.major > 0 {
            return level;
        }
        match (self, level) {
            (Self::Semver, Bump::Major) => Bump::Minor,
            (Self::Cargo, Bump::Major) if version.minor > 0 => Bump::Minor,
            (Self::Cargo, _) => Bump::Patch,
            (Self::Semver | Self::Major, level) => level,
        }
    }
}

/// How a version is written as a tag: a literal text around `{version}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagFormat {
    prefix: String,
    suffix: String,
}

impl Default for TagFormat {
    fn default() -> Self {
        Self { prefix: "v".to_owned(), suffix: String::new() }
    }
}

impl TagFormat {
    /// Reads `v{version}` and the like; `None` unless `{version}` stands in it exactly once and the rest is
    /// text that a reference name may hold (git-check-ref-format).
    pub fn parse(format: &str) -> Option<Self> {
        let (prefix, suffix) = format.split_once("{version}")?;
        let forbidden = |c: char| c.is_control() || " ~^:?*[\\{}".contains(c);
        let clean = |part: &str| !part.contains(forbidden) && !part.contains("..") && !part.contains("@{");
        let edges = !prefix.starts_with(['-', '/', '.']) && !suffix.ends_with(['/', '.']);
        let name = format!("{prefix}1.0.0{suffix}");
        let components = name.split('/').all(|part| {
            !part.is_empty()
                && !part.starts_with('.')
                && !part.ends_with('.')
                && part.strip_suffix(".lock").is_none()
        });
        (clean(prefix) && clean(suffix) && edges && components)
            .then(|| Self { prefix: prefix.to_owned(), suffix: suffix.to_owned() })
    }

    /// The version that a tag of this format names; both ends are anchored, so `xv1.0.0` and `v1.0` name none.
    pub fn version_of(&self, tag: &str) -> Option<Version> {
        let text = tag.strip_prefix(self.prefix.as_str())?.strip_suffix(self.suffix.as_str())?;
        Version::parse(text).ok()
    }

    /// The tag of a version.
    pub fn tag_of(&self, version: &Version) -> String {
        format!("{}{version}{}", self.prefix, self.suffix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn a_bump_drops_what_stands_below_it() {
        assert_eq!(Bump::Patch.apply(&v("1.2.3-rc.1+5")), v("1.2.4"));
        assert_eq!(Bump::Minor.apply(&v("1.2.3")), v("1.3.0"));
        assert_eq!(Bump::Major.apply(&v("1.2.3")), v("2.0.0"));
    }

    #[test]
    fn by_hand_a_pre_release_becomes_its_final() {
        for (from, level, to) in [
            ("1.1.0-rc.1", Bump::Patch, "1.1.0"),
            ("1.1.0-rc.1", Bump::Minor, "1.1.0"),
            ("1.1.1-rc.1", Bump::Minor, "1.2.0"),
            ("1.1.0-rc.1", Bump::Major, "2.0.0"),
            ("2.0.0-rc.1", Bump::Major, "2.0.0"),
            ("1.0.0", Bump::Patch, "1.0.1"),
        ] {
            assert_eq!(level.by_hand(&v(from)), v(to), "{from} {level:?}");
        }
    }

    #[test]
    fn the_zero_policies_differ_only_below_one() {
        use Bump::{Major, Minor, Patch};
        for (version, zero, breaking, feature, fix) in [
            ("0.3.1", Zero::Semver, Minor, Minor, Patch),
            ("0.3.1", Zero::Cargo, Minor, Patch, Patch),
            ("0.3.1", Zero::Major, Major, Minor, Patch),
            ("0.0.4", Zero::Semver, Minor, Minor, Patch),
            ("0.0.4", Zero::Cargo, Patch, Patch, Patch),
            ("0.0.4", Zero::Major, Major, Minor, Patch),
            ("1.0.0", Zero::Cargo, Major, Minor, Patch),
        ] {
            let levels = [Major, Minor, Patch].map(|level| zero.effective(&v(version), level));
            assert_eq!(levels, [breaking, feature, fix], "{version} {zero:?}");
        }
    }

    #[test]
    fn tags_are_read_whole() {
        let format = TagFormat::default();
        assert_eq!(format.version_of("v1.2.3-rc.1"), Some(v("1.2.3-rc.1")));
        for tag in ["a.b.c", "v1", "v1.2", "xv1.0.0", "1.0.0", "v01.0.0", "v1.0.0 "] {
            assert_eq!(format.version_of(tag), None, "{tag}");
        }
        let package = TagFormat::parse("api-v{version}").unwrap();
        assert_eq!(package.version_of("api-v2.0.0"), Some(v("2.0.0")));
        assert_eq!(package.tag_of(&v("2.0.0")), "api-v2.0.0");
    }

    #[test]
    fn a_tag_format_must_make_a_legal_reference() {
        for format in [
            "v1",
            "v {version}",
            "-{version}",
            "{version}{version}",
            "a..{version}",
            "v{version}.lock",
            "a//b{version}",
            "x/.y{version}",
            "a.lock/v{version}",
        ] {
            assert_eq!(TagFormat::parse(format), None, "{format}");
        }
    }

    proptest::proptest! {
        #![proptest_config(crate::domain::properties())]

        #[test]
        fn a_higher_level_leads_higher(major in 0..9u64, minor in 0..9u64, patch in 0..9u64, zero in 0..3usize) {
            let (from, zero) = (Version::new(major, minor, patch), Zero::ALL[zero]);
            let steps = [Bump::Patch, Bump::Minor, Bump::Major].map(|level| zero.effective(&from, level).apply(&from));
            proptest::prop_assert!(from < steps[0]);
            proptest::prop_assert!(steps.is_sorted(), "{:?}", steps);
            let tag = TagFormat::default().tag_of(&steps[2]);
            proptest::prop_assert_eq!(TagFormat::default().version_of(&tag), Some(steps[2].clone()));
        }
    }
}
