//! Addresses of commits, pull requests and comparisons on the forge that hosts a repository.

use url::Url;

/// A repository's page on a forge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    base: String,
    forge: Forge,
}

/// A kind of forge, by which the paths of its pages are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forge {
    GitHub,
    GitLab,
    Gitea,
    Bitbucket,
}

impl Links {
    /// The forge behind a remote's address; `None` for a host that is not known to be one, or a path.
    /// Credentials in the address are left out.
    pub fn of_remote(remote: &str) -> Option<Self> {
        Self::on(remote, Forge::of_host)
    }

    fn on(remote: &str, forge_of: impl FnOnce(&str) -> Option<Forge>) -> Option<Self> {
        let (host, path) = split(remote)?;
        let path = path.trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        let forge = forge_of(&host)?;
        (!path.is_empty()).then(|| Self { base: format!("https://{host}/{path}"), forge })
    }

    /// The same for a forge that the configuration names: its kind, the address of the repository on it, or both.
    /// `None` where neither of them, nor the remote, says enough.
    pub fn of(remote: Option<&str>, forge: Option<Forge>, base: Option<&Url>) -> Option<Self> {
        if let Some(base) = base {
            let forge = forge.or_else(|| Forge::of_host(base.host_str()?))?;
            return Some(Self { base: base.as_str().trim_end_matches('/').to_owned(), forge });
        }
        match forge {
            None => Self::of_remote(remote?),
            Some(forge) => Self::on(remote?, |_| Some(forge)),
        }
    }

    /// The page of one commit.
    pub fn commit(&self, oid: &str) -> String {
        let middle = match self.forge {
            Forge::GitHub | Forge::Gitea => "commit",
            Forge::GitLab => "-/commit",
            Forge::Bitbucket => "commits",
        };
        format!("{}/{middle}/{oid}", self.base)
    }

    /// The page of a pull request.
    pub fn pull_request(&self, number: u64) -> String {
        let middle = match self.forge {
            Forge::GitHub => "pull",
            Forge::GitLab => "-/merge_requests",
            Forge::Gitea => "pulls",
            Forge::Bitbucket => "pull-requests",
        };
        format!("{}/{middle}/{number}", self.base)
    }

    /// The page of an issue.
    pub fn issue(&self, number: u64) -> String {
        let middle = if self.forge == Forge::GitLab { "-/issues" } else { "issues" };
        format!("{}/{middle}/{number}", self.base)
    }

    /// The same repository's page, and another's on the same host, `owner/name`.
    pub fn beside(&self, repository: &str) -> Option<Self> {
        let url = Url::parse(&self.base).ok()?;
        Some(Self { base: url.join(&format!("/{repository}")).ok()?.to_string(), forge: self.forge })
    }

    /// Which kind of forge it is.
    pub fn forge(&self) -> Forge {
        self.forge
    }

    /// The page of what `to` has and `from` lacks.
    pub fn compare(&self, from: &str, to: &str) -> String {
        let (from, to) = (encoded(from), encoded(to));
        match self.forge {
            Forge::GitHub | Forge::Gitea => format!("{}/compare/{from}...{to}", self.base),
            Forge::GitLab => format!("{}/-/compare/{from}...{to}", self.base),
            Forge::Bitbucket => format!("{}/branches/compare/{to}%0D{from}", self.base),
        }
    }
}

impl Forge {
    /// Reads a name of `links.host`; Forgejo has the pages of Gitea.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "github" => Some(Self::GitHub),
            "gitlab" => Some(Self::GitLab),
            "gitea" | "forgejo" => Some(Self::Gitea),
            "bitbucket" => Some(Self::Bitbucket),
            _ => None,
        }
    }

    fn of_host(host: &str) -> Option<Self> {
        let named = |name: &str| host == format!("{name}.com") || host.split('.').any(|part| part == name);
        if named("github") {
            Some(Self::GitHub)
        } else if named("gitlab") {
            Some(Self::GitLab)
        } else if named("bitbucket") {
            Some(Self::Bitbucket)
        } else if named("gitea") || named("forgejo") || host == "codeberg.org" {
            Some(Self::Gitea)
        } else {
            None
        }
    }
}

/// A tag as part of an address: what would end a Markdown link or a path is written in percent form.
fn encoded(tag: &str) -> String {
    tag.chars().fold(String::new(), |text, c| match c {
        '(' => text + "%28",
        ')' => text + "%29",
        '#' => text + "%23",
        '%' => text + "%25",
        '<' => text + "%3C",
        '>' => text + "%3E",
        c => text + c.encode_utf8(&mut [0; 4]),
    })
}

/// Host and path of `https://host/path`, `ssh://git@host/path` and `git@host:path`.
fn split(remote: &str) -> Option<(String, String)> {
    if remote.contains("://") {
        let url = Url::parse(remote).ok()?;
        let known = matches!(url.scheme(), "https" | "http" | "ssh" | "git");
        return known.then(|| Some((url.host_str()?.to_owned(), url.path().to_owned())))?;
    }
    let (host, path) = remote.split_once(':')?;
    let host = host.rsplit('@').next()?;
    (!host.contains('/') && host.contains('.')).then(|| (host.to_owned(), path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_address_gives_the_same_page() {
        for remote in [
            "https://github.com/acme/helpdesk.git",
            "https://user:secret@github.com/acme/helpdesk",
            "git@github.com:acme/helpdesk.git",
            "ssh://git@github.com:22/acme/helpdesk.git",
        ] {
            let links = Links::of_remote(remote).unwrap();
            assert_eq!(links.commit("abc"), "https://github.com/acme/helpdesk/commit/abc", "{remote}");
        }
        for remote in ["/srv/git/helpdesk.git", "../helpdesk", "https://git.example/x", "file:///srv/x.git"] {
            assert_eq!(Links::of_remote(remote), None, "{remote}");
        }
    }

    #[test]
    fn the_configuration_names_what_the_remote_does_not() {
        let remote = Some("git@git.example:acme/helpdesk.git");
        assert_eq!(Links::of(remote, None, None), None);
        let by_kind = Links::of(remote, Some(Forge::GitLab), None).unwrap();
        assert_eq!(by_kind.issue(7), "https://git.example/acme/helpdesk/-/issues/7");
        let base = Url::parse("https://gitlab.example/a/b/").unwrap();
        assert_eq!(
            Links::of(None, None, Some(&base)).unwrap().issue(7),
            "https://gitlab.example/a/b/-/issues/7"
        );
        let base = Url::parse("https://git.example:8443/x").unwrap();
        assert_eq!(Links::of(remote, None, Some(&base)), None);
        let both = Links::of(remote, Some(Forge::Gitea), Some(&base)).unwrap();
        assert_eq!(both.commit("abc"), "https://git.example:8443/x/commit/abc");
        assert_eq!(both.beside("c/d").unwrap().issue(1), "https://git.example:8443/c/d/issues/1");
    }

    #[test]
    fn each_forge_has_its_own_paths() {
        for (host, pull, compare, issue) in [
            ("github.com", "pull/7", "compare/v1...v2", "issues/7"),
            ("gitlab.example.org", "-/merge_requests/7", "-/compare/v1...v2", "-/issues/7"),
            ("codeberg.org", "pulls/7", "compare/v1...v2", "issues/7"),
            ("bitbucket.org", "pull-requests/7", "branches/compare/v2%0Dv1", "issues/7"),
        ] {
            let links = Links::of_remote(&format!("https://{host}/a/b.git")).unwrap();
            assert_eq!(links.pull_request(7), format!("https://{host}/a/b/{pull}"));
            assert_eq!(links.issue(7), format!("https://{host}/a/b/{issue}"));
            assert_eq!(links.compare("v1", "v2"), format!("https://{host}/a/b/{compare}"));
        }
    }
}
