//! Addresses of commits, pull requests and comparisons on the forge that hosts a repository.

use url::Url;

/// A repository's page on a forge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    base: String,
    forge: Forge,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Forge {
    GitHub,
    GitLab,
    Gitea,
    Bitbucket,
}

impl Links {
    /// The forge behind a remote's address; `None` for a host that is not known to be one, or a path.
    /// Credentials in the address are left out.
    pub fn of_remote(remote: &str) -> Option<Self> {
        let (host, path) = split(remote)?;
        let path = path.trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        let forge = Forge::of_host(&host)?;
        (!path.is_empty()).then(|| Self { base: format!("https://{host}/{path}"), forge })
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
    fn each_forge_has_its_own_paths() {
        for (host, pull, compare) in [
            ("github.com", "pull/7", "compare/v1...v2"),
            ("gitlab.example.org", "-/merge_requests/7", "-/compare/v1...v2"),
            ("codeberg.org", "pulls/7", "compare/v1...v2"),
            ("bitbucket.org", "pull-requests/7", "branches/compare/v2%0Dv1"),
        ] {
            let links = Links::of_remote(&format!("https://{host}/a/b.git")).unwrap();
            assert_eq!(links.pull_request(7), format!("https://{host}/a/b/{pull}"));
            assert_eq!(links.compare("v1", "v2"), format!("https://{host}/a/b/{compare}"));
        }
    }
}
