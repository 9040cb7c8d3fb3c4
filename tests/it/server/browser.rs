//! The board in a real browser: what changes while it is open, and that it needs no script.

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::served::Served;

const FORM: &str = "application/x-www-form-urlencoded";

fn record(server: &Served, app: &str, environment: &str, version: &str, status: &str) {
    let body = format!(
        "workload={app}&platform={environment}&environment={environment}&version={version}&status={status}"
    );
    assert_eq!(server.send("POST", "/api/v1/create", FORM, &body).0, 201);
}

/// What the cells say, their marks and their ages left out.
const CELLS: &str = "[...document.querySelectorAll('td')].map((cell) => \
     [...cell.querySelectorAll('.v, .next strong, .next b')].map((part) => part.textContent).join(' ')).join('|')";
const SAID: &str = "document.querySelector('[role=status]').textContent";

#[test]
fn an_open_board_follows_what_happens() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Served::start(folder.path());
    record(&server, "helpdesk", "dev", "1.2.0", "deployed");
    record(&server, "helpdesk", "production", "1.1.0", "deployed");
    let url = format!("http://127.0.0.1:{}/", server.port);
    let Some(mut browser) = Browser::open(&url, true) else { return };
    browser.until("document.readyState === 'complete'");
    browser.value("window.same = true; window.table = document.querySelector('table')");
    record(&server, "helpdesk", "production", "1.2.0", "deployed");
    browser.until(&format!("{CELLS} === '1.2.0|1.2.0'"));
    assert_eq!(
        browser.value("[...document.querySelectorAll('td')].map((cell) => cell.matches('.new'))"),
        json!([false, true])
    );
    browser.until(&format!("{SAID} === 'helpdesk production now runs 1.2.0'"));
    // Within the five seconds of the first sentence nothing more is said.
    record(&server, "helpdesk", "dev", "1.3.0", "failed");
    browser.until(&format!("{CELLS} === '1.2.0 1.3.0 failed|1.2.0'"));
    assert_eq!(browser.value(SAID), "helpdesk production now runs 1.2.0");
    assert_eq!(browser.value("document.querySelector('h1').textContent"), "helpdesk 1.3.0 failed on dev.");
    browser.until(&format!("{SAID} === 'helpdesk dev: 1.3.0 failed'"));
    browser.until("!document.querySelector('.new')");
    assert_eq!(
        browser.value("document.querySelector('table') === window.table"),
        true,
        "it was put in place"
    );
    // A row and a column more.
    record(&server, "shop", "qa", "0.1.0", "deployed");
    browser.until(&format!("{CELLS} === '1.2.0 1.3.0 failed||1.2.0||0.1.0|'"));
    browser.until(&format!("{SAID} === 'shop qa now runs 0.1.0'"));
    assert_eq!(
        browser.value("[...document.querySelectorAll('td')].findIndex((cell) => cell.matches('.new'))"),
        4
    );
    assert_eq!(browser.value("window.same"), true, "the page was never loaded anew");

    // The registry goes away and comes back.
    let port = server.port;
    assert_eq!(browser.value("document.querySelector('.lost').hidden"), true);
    server.signal("KILL");
    server.wait();
    browser.until("!document.querySelector('.lost').hidden");
    let words = browser.value("document.querySelector('.lost').textContent");
    let words = words.as_str().unwrap();
    let start = "The connection to the registry is lost; trying again. It last answered at ";
    assert!(words.starts_with(start) && words.ends_with(" UTC."), "{words}");
    let listen = format!("127.0.0.1:{port}");
    let data = folder.path().to_str().unwrap();
    server = Served::of(crate::support::served::command(
        &["serve", "--listen", &listen, "--data-dir", data],
        folder.path(),
    ));
    record(&server, "shop", "qa", "0.2.0", "deployed");
    browser.until(&format!("{CELLS} === '1.2.0 1.3.0 failed||1.2.0||0.2.0|'"));
    browser.until("document.querySelector('.lost').hidden");
    assert_eq!(browser.value("window.same"), true);
}

#[test]
fn without_a_script_the_board_is_what_was_sent() {
    let folder = tempfile::tempdir().unwrap();
    let server = Served::start(folder.path());
    record(&server, "helpdesk", "production", "1.1.0", "deployed");
    let url = format!("http://127.0.0.1:{}/", server.port);
    let Some(mut browser) = Browser::open(&url, false) else { return };
    browser.until("document.readyState === 'complete'");
    assert_eq!(browser.value(CELLS), "1.1.0");
    assert_eq!(browser.value("document.querySelectorAll('.lost, [role=status]').length"), 0);
    record(&server, "helpdesk", "production", "1.2.0", "deployed");
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert_eq!(browser.value(CELLS), "1.1.0");
}
