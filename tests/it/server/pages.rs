//! The board.

use crate::support::registry::Service;

async fn record(service: &Service, workload: &str, environment: &str, version: &str, status: &str) {
    let body = format!(
        "workload={workload}&platform={environment}&environment={environment}&version={version}&status={status}"
    );
    assert_eq!(service.form("/api/v1/create", &body).await.status, 201);
}

#[tokio::test]
async fn an_empty_board_says_how_to_fill_it() {
    let service = Service::start().await;
    let page = service.get("/").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("<h1>Nothing has been deployed yet.</h1>"), "{}", page.text);
    assert!(page.text.contains("curl localhost:8080/api/v1/create"), "{}", page.text);
}

#[tokio::test]
async fn the_board_shows_what_is_live_and_what_was_tried() {
    let service = Service::start().await;
    record(&service, "helpdesk", "production", "1.2.0", "deployed").await;
    record(&service, "helpdesk", "production", "1.3.0", "failed").await;
    record(&service, "helpdesk", "dev", "1.3.0", "weird").await;
    let page = service.get("/").await.text;
    for part in [
        "<h1>helpdesk 1.3.0 failed on production.</h1>",
        r#"<span class="v">1.2.0</span>"#,
        "<strong>1.3.0</strong>",
        "<b>failed</b>",
        "<b>weird</b>",
        r#"<time datetime="2026-01-31T12:00:00Z" title="31 Jan 2026 12:00 UTC">just now</time>"#,
        r#"<th scope="row" role="rowheader">helpdesk</th>"#,
        "<caption",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert!(page.find(">dev</th>") < page.find(">production</th>"), "{page}");
}

#[tokio::test]
async fn hostile_names_stay_text() {
    let service = Service::start().await;
    record(&service, "%3Cscript%3Ealert(1)%3C/script%3E", "a%22%20onload=x", "%E2%80%AE1", "%3Cb%3E").await;
    let page = service.get("/").await.text;
    assert_eq!(
        page.matches("<script").count(),
        page.matches("<script src=\"/static/live.").count(),
        "{page}"
    );
    assert!(!page.contains("a\" onload") && !page.contains("<b><b>"), "{page}");
    assert!(page.contains("U+202E1"), "{page}");
}

#[tokio::test]
async fn the_page_reloads_only_when_asked() {
    let service = Service::start().await;
    assert!(!service.get("/").await.text.contains("http-equiv"));
    let page = service.get("/?refresh=30").await.text;
    assert!(page.contains(r#"<meta http-equiv="refresh" content="30">"#), "{page}");
    for bad in ["0", "x", "-1", ""] {
        assert_eq!(service.get(&format!("/?refresh={bad}")).await.status, 400, "{bad}");
    }
}

#[tokio::test]
async fn the_style_is_kept_for_ever_under_a_name_of_its_content() {
    let service = Service::start().await;
    let page = service.get("/").await.text;
    assert!(!page.contains("<style") && !page.contains("style="), "{page}");
    let path = page.split('"').find(|piece| piece.starts_with("/static/board.")).unwrap().to_owned();
    let style = service.get(&path).await;
    assert_eq!(style.status, 200);
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
    assert_eq!(style.header("cache-control"), "public, max-age=31536000, immutable");
    assert!(style.text.len() < 20_000);
    let path = page.split('"').find(|piece| piece.starts_with("/static/live.")).unwrap().to_owned();
    let script = service.get(&path).await;
    assert_eq!(
        (script.status.as_u16(), script.header("content-type")),
        (200, "text/javascript; charset=utf-8")
    );
    assert!(script.text.len() <= 6_000, "{}", script.text.len());
    assert_eq!(service.get("/static/board.css").await.status, 404);
}

#[tokio::test]
async fn an_unknown_address_has_a_page() {
    let service = Service::start().await;
    let page = service.get("/nothing/here").await;
    assert_eq!(page.status, 404);
    assert!(page.text.contains("<h1>Not Found</h1>"), "{}", page.text);
}
