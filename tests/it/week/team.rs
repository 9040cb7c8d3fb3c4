//! The team: its repositories, its registry, the machine that its programs run on, and what it expects.

use std::path::Path;

use tempfile::TempDir;

use crate::support::served::{self, Served};
use crate::support::site::Site;
use crate::support::{Remote, Sandbox};

/// The answers to the five questions, each with its exit status. `<REV>` stands for the short commit of a revision,
/// and `[..]` for an age or a time.
#[derive(Debug, Clone, Default)]
pub(super) struct Five {
    /// `status production`.
    pub(super) runs: String,
    /// `compare production`.
    pub(super) local: String,
    /// `where` of a revision.
    pub(super) rev: String,
    pub(super) found: String,
    /// The answer of `where` that comes back when the registry does.
    pub(super) later: String,
    /// `compare production dev`.
    pub(super) waits: String,
    /// `rollback production --dry-run`.
    pub(super) back: (i32, String),
}

/// One app with its repository.
pub(super) struct App {
    pub(super) sandbox: Sandbox,
    pub(super) five: Five,
    _remote: Remote,
}

/// Everything.
pub(super) struct Team {
    pub(super) helpdesk: App,
    pub(super) portal: App,
    site: Site,
    registry: Option<Served>,
    port: u16,
    data: TempDir,
}

/// Puts what it ships where the program of that environment reads it, as long as nothing in it is broken.
const SCRIPT: &str = "set -e\ntest ! -e broken\nmkdir -p \"$SITE/$SHIPMARK_APP/$ENVIRONMENT\"\n\
    printf '{\"version\":\"%s\",\"commit\":\"%s\",\"environment\":\"%s\"}' \"$VERSION\" \"$COMMIT\" \"$ENVIRONMENT\" \
    >\"$SITE/$SHIPMARK_APP/$ENVIRONMENT/health\"\n";

fn registry(data: &Path, port: u16) -> Served {
    let listen = format!("127.0.0.1:{port}");
    let data = data.to_str().unwrap();
    Served::of(served::command(&["serve", "--listen", &listen, "--data-dir", data], Path::new("/")))
}

impl App {
    fn begin(name: &str, url: &str, site: &Site) -> Self {
        let sandbox = Sandbox::repository()
            .var("SHIPMARK_REGISTRY_URL", url)
            .alias(url, "REGISTRY")
            .var("SITE", site.path().to_str().unwrap())
            .var("SOURCE_DATE_EPOCH", "1769860800");
        let remote = Remote::of(&sandbox);
        let mut toml = format!("app = \"{name}\"\n");
        let environment = |(order, environment): (usize, &str)| {
            format!(
                "[environments.{environment}]\norder = {order}\ndeploy = [\"sh\", \"deploy.sh\"]\n\
                 health = {{ url = \"{}/{name}/{environment}/health\", version = \"/version\", commit = \"/commit\", \
                 environment = \"/environment\", within = \"30s\", stable = 1 }}\n",
                site.url()
            )
        };
        toml.extend(["dev", "staging", "production"].into_iter().enumerate().map(environment));
        sandbox.file("shipmark.toml", &toml).file("deploy.sh", SCRIPT).file("VERSION.txt", "0.1.0\n");
        sandbox.file("CHANGELOG.md", "# Changelog\n");
        sandbox.commit("feat: take a ticket");
        sandbox.run(&["config", "trust"]).exits(0);
        Self { sandbox, five: Five::default(), _remote: remote }
    }

    /// The short commit of each `<REV>`.
    pub(super) fn fill(&self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('<') {
            let (rev, tail) = after.split_once('>').unwrap();
            let short = self.sandbox.git(&["rev-parse", "--short=7", &format!("{rev}^{{commit}}")]);
            filled = format!("{filled}{before}{short}");
            rest = tail;
        }
        format!("{filled}{rest}")
    }

    /// Asks the five questions. A registry that is down is answered for by its last answers.
    fn check(&self, when: &str, down: bool) {
        let five = &self.five;
        let stale = if down { "registry unreachable, answer of [..] ago\n" } else { "" };
        let ask = |arguments: &[&str], status: i32, wanted: &str| {
            let outcome = self.sandbox.run(arguments).during(&format!("{when}: {arguments:?}"));
            let wanted = self.fill(wanted);
            let (out, err) = if status == 0 {
                (format!("{stale}{wanted}"), String::new())
            } else {
                (String::new(), wanted)
            };
            outcome.says(status, &out, &err);
        };
        ask(&["status", "production"], 0, &five.runs);
        ask(&["compare", "production"], 0, &five.local);
        ask(&["where", &five.rev], 0, &five.found);
        ask(&["compare", "production", "dev"], 0, &five.waits);
        let back = ["rollback", "production", "--dry-run"];
        if down {
            let lost = "error: cannot reach `http://127.0.0.1:[..]`: Connection refused (os error 111)\n\
                hint: check `SHIPMARK_REGISTRY_URL`, or `url` under `[registry]`";
            ask(&back, 7, lost);
        } else {
            ask(&back, five.back.0, &five.back.1);
        }
    }
}

impl Team {
    pub(super) fn begin() -> Self {
        let (data, site) = (TempDir::new().unwrap(), Site::start());
        let registry = registry(data.path(), 0);
        let port = registry.port;
        let url = format!("http://127.0.0.1:{port}/");
        Self {
            helpdesk: App::begin("helpdesk", &url, &site),
            portal: App::begin("portal", &url, &site),
            site,
            registry: Some(registry),
            port,
            data,
        }
    }

    /// The registry goes away, as when its machine is started anew.
    pub(super) fn registry_goes(&mut self) {
        self.registry = None;
    }

    pub(super) fn registry_returns(&mut self) {
        self.registry = Some(registry(self.data.path(), self.port));
    }

    /// Puts another program in the place of one, and tells nobody.
    #[expect(clippy::disallowed_methods, reason = "a test's file need not survive a power cut")]
    pub(super) fn by_hand(&self, place: &str, version: &str, commit: &str) {
        let says = serde_json::json!({ "version": version, "commit": commit, "environment": "production" });
        std::fs::write(self.site.path().join(place).join("health"), says.to_string()).unwrap();
    }

    /// Asks all of both apps.
    pub(super) fn check(&self, when: &str) {
        for app in [&self.helpdesk, &self.portal] {
            app.check(when, self.registry.is_none());
        }
    }
}
