//! A real browser without a screen, led by the `DevTools` protocol through pipes. Without one its tests are left out
//! with a word.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
const PATIENCE: Duration = Duration::from_secs(30);

/// One page of a browser.
#[must_use]
pub(crate) struct Browser {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    count: u64,
    session: Option<String>,
    /// Its settings, which its end removes.
    _profile: TempDir,
}

impl Browser {
    /// Opens a page; with `script` or without. Nothing if there is no browser.
    pub(crate) fn open(url: &str, script: bool) -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders: Vec<_> = std::env::split_paths(&path).collect();
        let program = NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
        let Some(program) = program.into_iter().find(|program| program.exists()) else {
            let _ = writeln!(std::io::stderr(), "LEFT OUT in a browser: install chromium");
            return None;
        };
        let profile = TempDir::new().unwrap();
        // The browser reads its orders from file 3 and answers on file 4, a NUL after each.
        let line = format!(
            "exec {} --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
             --disable-background-networking --user-data-dir={} --remote-debugging-pipe about:blank 3<&0 4>&1 \
             0</dev/null 1>/dev/null 2>/dev/null",
            program.display(),
            profile.path().display()
        );
        #[expect(clippy::disallowed_methods, reason = "the test starts the browser itself")]
        let mut child = Command::new("sh")
            .args(["-c", &line])
            .env("HOME", profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (orders, answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut browser = Self { child, orders, answers, count: 0, session: None, _profile: profile };
        let target = browser.order("Target.createTarget", &json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.order("Target.attachToTarget", &attach)["sessionId"].clone();
        browser.session = session.as_str().map(str::to_owned);
        browser.order("Emulation.setScriptExecutionDisabled", &json!({ "value": !script }));
        browser.order("Page.enable", &json!({}));
        browser.order("Page.navigate", &json!({ "url": url }));
        Some(browser)
    }

    /// Runs a script of ours before those of each later page.
    pub(crate) fn before_each_page(&mut self, script: &str) {
        self.order("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": script }));
    }

    /// Goes to another page, and waits until it is there with all that belongs to it.
    pub(crate) fn go(&mut self, url: &str) {
        self.order("Page.navigate", &json!({ "url": url }));
        self.until("document.readyState === 'complete'");
    }

    /// Gives an order and waits for its answer.
    #[track_caller]
    fn order(&mut self, method: &str, params: &Value) -> Value {
        self.count += 1;
        let mut order = json!({ "id": self.count, "method": method, "params": params });
        if let Some(session) = &self.session {
            order["sessionId"] = json!(session);
        }
        self.orders.write_all(format!("{order}\0").as_bytes()).unwrap();
        loop {
            let mut bytes = Vec::new();
            self.answers.read_until(0, &mut bytes).unwrap();
            assert!(bytes.pop().is_some(), "the browser ended");
            let answer: Value = serde_json::from_slice(&bytes).unwrap();
            if answer["id"] == json!(self.count) {
                assert_eq!(answer["error"], Value::Null, "{method}");
                return answer["result"].clone();
            }
        }
    }

    /// What an expression is on the page. Our own scripts run even where those of the page do not.
    #[track_caller]
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let answer =
            self.order("Runtime.evaluate", &json!({ "expression": expression, "returnByValue": true }));
        assert_eq!(answer["exceptionDetails"], Value::Null, "{expression}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    #[track_caller]
    pub(crate) fn until(&mut self, expression: &str) {
        let start = Instant::now();
        while self.value(expression) != json!(true) {
            let page = self.value("document.documentElement.outerHTML");
            assert!(start.elapsed() < PATIENCE, "never `{expression}` in {page}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.orders.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        let start = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && start.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(20));
        }
        // It may have ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
