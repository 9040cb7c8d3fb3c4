//! What is read off the machine that runs a program, where the program itself cannot be asked: the commands for
//! it, which have fixed forms, and what their output says.

use serde_json::Value;

use super::health::Observed;
use super::text;

/// Where the facts lie. Each text is a word by `is_word`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Readout {
    /// The machine, as `ssh` knows it; without one it is this machine.
    pub ssh: Option<String>,
    pub container: Option<String>,
    /// The file that holds the version, in the container if there is one.
    pub file: Option<String>,
    /// The checkout that the program runs from.
    pub repo: Option<String>,
}

/// What one command tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact {
    /// Image, start and labels of the container.
    Container,
    Version,
    Commit,
}

/// Whether a text may stand in these commands. ssh hands one string to a shell over there, so only what no
/// shell gives a meaning to is allowed, and nothing that begins like an option.
pub fn is_word(text: &str) -> bool {
    let rest = text.strip_prefix('/').unwrap_or(text);
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"._/@-".contains(&byte);
    rest.starts_with(|first: char| first.is_ascii_alphanumeric()) && rest.bytes().all(inner)
}

impl Readout {
    /// The commands, each with what its output tells.
    pub fn commands(&self) -> Vec<(Fact, Vec<String>)> {
        let mut found = Vec::new();
        if let Some(container) = &self.container {
            found.push((Fact::Container, self.there(&["docker", "inspect", container])));
        }
        match (&self.container, &self.file) {
            (Some(container), Some(file)) => {
                found.push((Fact::Version, self.there(&["docker", "exec", container, "cat", file])));
            }
            (None, Some(file)) => found.push((Fact::Version, self.there(&["cat", file]))),
            (_, None) => {}
        }
        if let Some(repo) = &self.repo {
            found.push((Fact::Commit, self.there(&["git", "-C", repo, "rev-parse", "HEAD"])));
        }
        found
    }

    fn there(&self, words: &[&str]) -> Vec<String> {
        let way = self.ssh.as_deref().map(|host| ["ssh", "-o", "BatchMode=yes", "--", host]);
        way.iter().flatten().chain(words).map(|word| (*word).to_owned()).collect()
    }

    /// What the outputs say together. What was read on purpose comes before the labels of an image; an error is
    /// a fragment that says what is wrong.
    pub fn read(&self, outputs: &[(Fact, String)]) -> Result<Observed, String> {
        let mut observed = Observed::default();
        for (fact, output) in outputs {
            match fact {
                Fact::Container => self.container_of(output, &mut observed)?,
                Fact::Version => observed.version = Some(line(output, "the version file is empty")?),
                Fact::Commit => observed.commit = Some(line(output, "the checkout has no commit")?),
            }
        }
        Ok(observed)
    }

    fn container_of(&self, output: &str, observed: &mut Observed) -> Result<(), String> {
        let name = text::line(self.container.as_deref().unwrap_or_default());
        let document: Option<Value> = serde_json::from_str(output).ok();
        let Some(container) = document.as_ref().and_then(|document| document.pointer("/0")) else {
            return Err(format!("docker said nothing of the container `{name}`"));
        };
        if container.pointer("/State/Running") == Some(&Value::Bool(false)) {
            return Err(format!("the container `{name}` does not run"));
        }
        let field = |pointer: &str| {
            let text = container.pointer(pointer).and_then(Value::as_str);
            text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        observed.image = field("/Image");
        observed.started_at = field("/State/StartedAt");
        observed.version = field("/Config/Labels/org.opencontainers.image.version");
        observed.commit = field("/Config/Labels/org.opencontainers.image.revision");
        Ok(())
    }
}

/// The first line of an output.
fn line(output: &str, otherwise: &str) -> Result<String, String> {
    let first = output.lines().next().map(str::trim).filter(|line| !line.is_empty());
    first.map(str::to_owned).ok_or_else(|| otherwise.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readout(fields: [&str; 4]) -> Readout {
        let [ssh, container, file, repo] =
            fields.map(|text| Some(text.to_owned()).filter(|text| !text.is_empty()));
        Readout { ssh, container, file, repo }
    }

    fn commands(fields: [&str; 4]) -> Vec<String> {
        readout(fields).commands().into_iter().map(|(_, words)| words.join(" ")).collect()
    }

    #[test]
    fn the_commands_have_their_fixed_forms() {
        assert_eq!(
            commands(["prod", "desk", "/app/VERSION.txt", "/opt/desk"]),
            [
                "ssh -o BatchMode=yes -- prod docker inspect desk",
                "ssh -o BatchMode=yes -- prod docker exec desk cat /app/VERSION.txt",
                "ssh -o BatchMode=yes -- prod git -C /opt/desk rev-parse HEAD",
            ]
        );
        assert_eq!(commands(["", "desk", "", ""]), ["docker inspect desk"]);
        assert_eq!(
            commands(["", "", "VERSION.txt", "desk"]),
            ["cat VERSION.txt", "git -C desk rev-parse HEAD"]
        );
    }

    #[test]
    fn only_plain_words_may_stand_in_them() {
        for word in ["prod", "maya@prod.example", "/app/VERSION.txt", "a-b_c.d/e", "8"] {
            assert!(is_word(word), "{word}");
        }
        for word in [
            "",
            "/",
            "-oProxyCommand=x",
            "/-x",
            "a b",
            "a;b",
            "$(x)",
            "a\nb",
            "a'b",
            "~",
            "//x",
            "a:b",
            "é",
            "a*",
            ".hidden",
        ] {
            assert!(!is_word(word), "{word}");
        }
    }

    #[test]
    fn what_was_read_on_purpose_comes_before_the_labels_of_the_image() {
        let labels = |running: bool| {
            serde_json::json!([{
                "Image": "sha256:77af4d6b9913", "State": { "Running": running, "StartedAt": "2026-01-31T12:00:00Z" },
                "Config": { "Labels": { "org.opencontainers.image.revision": "764c119",
                    "org.opencontainers.image.version": "1.0.1" } },
            }])
            .to_string()
        };
        let whole = readout(["", "desk", "VERSION.txt", "/opt/desk"]);
        let outputs = |more: &[(Fact, &str)]| {
            let more = more.iter().map(|(fact, output)| (*fact, (*output).to_owned()));
            std::iter::once((Fact::Container, labels(true))).chain(more).collect::<Vec<_>>()
        };
        let observed = whole.read(&outputs(&[])).unwrap();
        assert_eq!(
            (observed.version.as_deref(), observed.commit.as_deref()),
            (Some("1.0.1"), Some("764c119"))
        );
        assert_eq!(observed.image.as_deref(), Some("sha256:77af4d6b9913"));
        assert_eq!(observed.started_at.as_deref(), Some("2026-01-31T12:00:00Z"));
        let read = outputs(&[(Fact::Version, "1.0.2\n"), (Fact::Commit, "9054631\n")]);
        let observed = whole.read(&read).unwrap();
        assert_eq!(
            (observed.version.as_deref(), observed.commit.as_deref()),
            (Some("1.0.2"), Some("9054631"))
        );
        for (outputs, complaint) in [
            (vec![(Fact::Container, labels(false))], "the container `desk` does not run"),
            (vec![(Fact::Container, "[]".to_owned())], "docker said nothing of the container `desk`"),
            (vec![(Fact::Version, "\n".to_owned())], "the version file is empty"),
        ] {
            assert_eq!(whole.read(&outputs), Err(complaint.to_owned()));
        }
    }
}
