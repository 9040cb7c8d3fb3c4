//! Texts of attackers in every field that a client may send, and then every page, feed and badge in a real browser: none
//! of them is more than text.

mod fields;
mod payloads;

use std::io::{Read, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use self::fields::{WRITES, body, lacking, texts};
use self::payloads::payloads;
use crate::support::browser::Browser;
use crate::support::served::{Served, command, run};

/// What a page must not have: a script that ran, a node that is not ours, a link that runs something, and anything that
/// the policy had to stop.
const HARM: &str = "[Number(window.canary === 1), document.querySelectorAll('.smkx').length, \
    [...document.querySelectorAll('*')].filter((node) => ['href', 'src', 'action', 'formaction', 'xlink:href', 'data'] \
    .some((name) => /^[\\s\\u0000-\\u001f]*(javascript|data|vbscript):/i.test(node.getAttribute(name) || ''))).length, \
    window.stopped || 0]";
const WATCH: &str =
    "window.stopped = 0; addEventListener('securitypolicyviolation', () => { window.stopped += 1; });";

/// What shows something of all of them.
const SHARED: [&str; 21] = [
    "/",
    "/ui",
    "/ui/",
    "/feed.atom",
    "/feed/a.atom",
    "/feed/a/e.atom",
    "/badge/a/e.svg",
    "/nothing",
    "/static/nothing",
    "/api/v1/read/home",
    "/api/v1/read/distinct/workloads",
    "/api/v1/nothing",
    "/api/v2/deployments?limit=100",
    "/api/v2/current",
    "/api/v2/apps",
    "/api/v2/environments",
    "/api/v2/holds",
    "/api/v2/incidents",
    "/api/v2/observations?app=a&platform=p&environment=e",
    "/api/v2/deployments/2/events",
    "/badge/a/e.json",
];
/// Every how many of them are tried everywhere by the tier of a push; no divisor of the number of addresses of each.
const SHARE: usize = 7;

/// What came back: the status, the head in lower case, and the body.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

struct Stage {
    server: Served,
    token: String,
    sent: AtomicUsize,
    accepted: AtomicUsize,
}

impl Stage {
    fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        let mut stream = self.server.connect();
        let (length, token) = (body.len(), &self.token);
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_lowercase(), body: body.to_owned() }
    }

    /// Sends a payload in each text field of each write, in one request each; or, if not `every`, in those that take any
    /// text.
    fn say(&self, payload: &str, ids: &[(&str, String)], every: bool) {
        for write in WRITES {
            let path = ids.iter().fold(write.1.to_owned(), |path, (name, id)| path.replace(name, id));
            let wanted = |at: &String| every || is_free(at);
            for at in texts(&body(write, 0), "").into_iter().filter(wanted) {
                let number = self.sent.fetch_add(1, Ordering::SeqCst);
                let mut body = body(write, number);
                *body.pointer_mut(&at).unwrap() = json!(payload);
                let path = path.replace("NEW", &format!("n{number}"));
                self.note(&self.ask(write.0, &path, &body.to_string()), &path, payload);
            }
        }
        // As a part of an address, and in all fields of v1 at once, which is the row of a place of its own.
        let name = percent(payload);
        let number = self.sent.fetch_add(1, Ordering::SeqCst);
        let release = json!({ "app": payload, "version": format!("1.{number}"), "tag": payload, "sha": "1".repeat(40),
            "released_at": 1 });
        let path = format!("/api/v2/apps/{name}/versions/1.{number}");
        self.note(&self.ask("PUT", &path, &release.to_string()), &path, payload);
        let row = json!({ "workload": payload, "platform": payload, "environment": payload, "version": payload,
            "changelogURL": payload, "raw": payload, "status": "deployed" });
        let made = self.ask("POST", "/api/v1/create", &row.to_string());
        assert_eq!(made.status, 201, "{payload:?}: {}", made.body);
    }

    fn note(&self, answer: &Answer, path: &str, payload: &str) {
        assert!(answer.status < 500, "{path} with {payload:?}: {} {}", answer.status, answer.body);
        if answer.status < 300 {
            self.accepted.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Whether a field takes more than a few words, and makes no place of its own, of which a page has a line or a column.
fn is_free(at: &str) -> bool {
    const FREE: [&str; 21] = [
        "version",
        "changelogURL",
        "raw",
        "status",
        "ref",
        "actor",
        "run_url",
        "changelog_url",
        "reason",
        "group_id",
        "subject",
        "note",
        "tag",
        "title",
        "team",
        "repo_url",
        "url",
        "name",
        "run_key",
        "secret",
        "token",
    ];
    at.starts_with("/log_tail") || FREE.contains(&at.rsplit('/').next().unwrap())
}

/// A text as a part of an address.
pub(super) fn percent(text: &str) -> String {
    let byte = |byte: u8| {
        if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(byte).collect()
}

/// A registry with an attempt, an incident and a webhook, whose ids are given.
fn stage(folder: &std::path::Path) -> (Stage, Vec<(&'static str, String)>) {
    let data = folder.join("data");
    let data = data.to_str().unwrap();
    let output = run(&["token", "create", "root", "--scope", "admin", "--data-dir", data], folder);
    let token = String::from_utf8(output.stdout).unwrap().trim_end().to_owned();
    let options = ["serve", "--listen", "127.0.0.1:0", "--data-dir", data, "--token-rate", "0"];
    let server = Served::of(command(&options, folder)).unheard();
    let stage = Stage { server, token, sent: AtomicUsize::new(0), accepted: AtomicUsize::new(0) };
    let mut ids: Vec<(&str, String)> = Vec::new();
    for (at, write) in WRITES.iter().enumerate() {
        let path = ids.iter().fold(write.1.to_owned(), |path: String, (name, id)| path.replace(name, id));
        let answer =
            stage.ask(write.0, &path.replace("NEW", &format!("n{at}")), &body(write, at).to_string());
        // Commits are told once, an event may say what is, and nobody takes tokens of GitHub here.
        let known =
            write.1.ends_with("/events") || write.1.ends_with("/commits") || write.1.ends_with("/github");
        assert!(answer.status < 300 || known, "{} {}: {} {}", write.0, write.1, answer.status, answer.body);
        let id = |text: &str| serde_json::from_str::<Value>(text).unwrap()["id"].as_str().unwrap().to_owned();
        match (write.0, write.1) {
            ("POST", "/api/v2/incidents") => ids.push(("INCIDENT", id(&answer.body))),
            ("POST", "/api/v2/webhooks") => ids.push(("WEBHOOK", id(&answer.body))),
            _ => {}
        }
    }
    (stage, ids)
}

/// The control: a page that takes the texts for HTML. How many of them do harm there.
fn harmful(browser: &mut Browser, all: &[String]) -> usize {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let pages: Vec<String> = all
        .iter()
        .map(|text| {
            format!(
                "<!doctype html><title>x</title><p>{text}</p><a href=\"{text}\">x</a><input value=\"{text}\">"
            )
        })
        .collect();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = [0; 4_096];
            let read = stream.read(&mut head).unwrap_or(0);
            let text = String::from_utf8_lossy(&head[..read]).into_owned();
            let at = text.split(' ').nth(1).and_then(|path| path[1..].parse::<usize>().ok());
            let page = at.and_then(|at| pages.get(at)).map_or("", String::as_str);
            let length = page.len();
            // A browser that goes away is part of the play.
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{page}"
            );
        }
    });
    let harm = |at: usize| {
        browser.go(&format!("http://127.0.0.1:{port}/{at}"));
        browser.value(HARM) != json!([0, 0, 0, 0])
    };
    (0..all.len()).filter(|at| all[*at].len() < 200).map(harm).filter(|harm| *harm).count()
}

/// Every address that shows something of a payload to a browser.
fn addresses(all: &[String]) -> Vec<String> {
    let of_one = |text: &String| {
        let name = percent(text);
        [
            format!("/badge/{name}/{name}.svg"),
            format!("/feed/{name}.atom"),
            format!("/feed/{name}/{name}.atom"),
            format!("/{name}?{name}={name}"),
        ]
    };
    SHARED.iter().map(ToString::to_string).chain(all.iter().flat_map(of_one)).collect()
}

/// What is wrong with the answer at an address, as bytes.
fn as_bytes(stage: &Stage, path: &str) -> Vec<String> {
    let answer = stage.ask("GET", path, "");
    let mut faults = Vec::new();
    let mut must = |good: bool, what: &str| {
        if !good {
            faults.push(format!("{path}: {what}: {}", answer.head));
        }
    };
    must(answer.status < 500, "a failure");
    must(answer.head.contains("\r\ncontent-security-policy: default-src 'none'; "), "no policy");
    must(answer.head.contains("\r\nx-content-type-options: nosniff"), "its kind may be guessed");
    let is_html = answer.head.contains("\r\ncontent-type: text/html");
    let bidi = |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
    must(!is_html || !answer.body.contains(bidi), "it turns the text around");
    let is_xml = answer.head.contains("xml");
    must(!is_xml || roxmltree::Document::parse(&answer.body).is_ok(), "no XML");
    faults
}

/// What is wrong in a browser: on the board that is open, then at the addresses.
fn opened(browser: &mut Browser, base: &str, addresses: &[String], full: bool) -> Vec<String> {
    let mut faults = Vec::new();
    let mut look = |browser: &mut Browser, name: &str| {
        let harm = browser.value(HARM);
        if harm != json!([0, 0, 0, 0]) {
            faults.push(format!("{name}: {harm}"));
        }
    };
    look(browser, "the open board");
    let (shared, own) = addresses.split_at(SHARED.len());
    for path in shared.iter().chain(own.iter().step_by(if full { 1 } else { SHARE })) {
        browser.go(&format!("{base}{path}"));
        look(browser, path);
    }
    faults
}

#[test]
fn a_text_of_an_attacker_is_a_text_on_every_page() {
    let full = std::env::var("SHIPMARK_TIER").is_ok_and(|tier| tier == "full");
    let all = payloads(if full { 300 } else { 60 });
    let folder = tempfile::tempdir().unwrap();
    let (stage, ids) = stage(folder.path());
    let document = serde_json::from_str(&stage.ask("GET", "/api/v2/openapi.json", "").body).unwrap();
    assert_eq!(lacking(&document), [] as [String; 0], "fields that nothing is sent in");
    let base = format!("http://127.0.0.1:{}", stage.server.port);
    let (last, first) = all.split_last().unwrap();
    std::thread::scope(|scope| {
        for half in 0..2 {
            let (stage, ids) = (&stage, &ids);
            scope.spawn(move || {
                for (at, payload) in first.iter().enumerate().skip(half).step_by(2) {
                    stage.say(payload, ids, full || at % SHARE == 0);
                }
            });
        }
    });
    let mut browser = Browser::open("about:blank", true);
    // The open board hears of the last one and puts it in by its script.
    if let Some(browser) = &mut browser {
        browser.before_each_page(WATCH);
        browser.go(&format!("{base}/"));
    }
    stage.say(last, &ids, full);
    let addresses = addresses(&all);
    let mut faults: Vec<String> = addresses.iter().flat_map(|path| as_bytes(&stage, path)).collect();
    if let Some(browser) = &mut browser {
        let shown = json!(last);
        browser.until(&format!("document.querySelector('table').textContent.includes({shown})"));
        faults.extend(opened(browser, &base, &addresses, full));
        let control = harmful(browser, &all);
        let _ = writeln!(
            std::io::stderr(),
            "without escapes and policy: {control} of {} texts do harm",
            all.len()
        );
        assert!(control > all.len() / 2, "{control} of {} do harm on a page that escapes nothing", all.len());
    }
    let (sent, accepted) = (stage.sent.into_inner(), stage.accepted.into_inner());
    let _ = writeln!(
        std::io::stderr(),
        "{} texts in every field: {sent} requests, {accepted} accepted; {} addresses opened, {} faults",
        all.len(),
        addresses.len(),
        faults.len()
    );
    assert!(accepted > 10 * all.len(), "{accepted}");
    assert_eq!(faults, [] as [String; 0]);
}
