//! What others read: the export, the feeds and the badges.

use serde_json::{Value, json};

use crate::support::engine::each_engine;
use crate::support::registry::{NOW, Service};

async fn deploy(service: &Service, environment: &str, version: &str, status: &str, actor: &str) {
    let now: jiff::Timestamp = NOW.parse().unwrap();
    let report = json!({ "app": "helpdesk", "workload": "desk", "platform": "p", "environment": environment,
        "version": version, "status": status, "run_key": format!("{environment}{version}"), "seq": 1,
        "at": now.as_millisecond() - 60_000, "sha": "c0ffee", "dirty": false, "duration": 5_000,
        "actor": actor, "run_url": "https://ci.example/8812?a=1&b=2", "ref": "main" });
    assert_eq!(service.json("/api/v2/deployments", &report.to_string()).await.status, 201);
}

each_engine!(the_history_is_exported_with_the_filters_of_the_list);
async fn the_history_is_exported_with_the_filters_of_the_list(service: Service) {
    deploy(&service, "dev", "1.0.0", "deployed", "maya").await;
    deploy(&service, "dev", "1.1.0", "failed", "=HYPERLINK(\"x\")").await;
    let table =
        service.get("/api/v2/export.csv?fields=environment,version,actor,started_at,sha,reason").await;
    table.is(
        200,
        "environment,version,actor,started_at,sha,reason\n\
         dev,1.1.0,\"'=HYPERLINK(\"\"x\"\")\",2026-01-31T11:58:55.25Z,c0ffee,\n\
         dev,1.0.0,maya,2026-01-31T11:58:55.25Z,c0ffee,\n",
    );
    assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(table.header("content-disposition"), "attachment; filename=\"deployments.csv\"");
    let all = service.get("/api/v2/export.json").await.json();
    let list = service.get("/api/v2/deployments").await.json();
    assert_eq!(all, list["items"]);
    let failed = service.get("/api/v2/export.json?status=failed&fields=version").await;
    failed.is(200, "[\n{\"version\":\"1.1.0\"}\n]\n");
    service.get("/api/v2/export.json?app=none").await.is(200, "[\n]\n");
    for path in
        ["/api/v2/export.csv?limit=5", "/api/v2/export.json?fields=no", "/api/v2/export.csv?status=no"]
    {
        assert_eq!(service.get(path).await.status, 400, "{path}");
    }
}

#[tokio::test]
async fn an_export_goes_on_over_its_pages() {
    let service = Service::start().await;
    for number in 0..1_100 {
        let form = format!("workload=a&platform=p&environment=e&version={number}&status=deployed");
        assert_eq!(service.form("/api/v1/create", &form).await.status, 201);
    }
    let all: Value = service.get("/api/v2/export.json?fields=id").await.json();
    let ids: Vec<i64> = all.as_array().unwrap().iter().map(|item| item["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, (1..=1_100).rev().collect::<Vec<_>>());
    let table = service.get("/api/v2/export.csv?fields=id").await;
    assert_eq!(table.text.lines().count(), 1_101);
}

#[tokio::test]
async fn a_feed_has_the_newest_of_all_of_an_app_or_of_a_place() {
    let service = Service::start().await;
    deploy(&service, "dev", "1.0.0", "deployed", "maya").await;
    let hostile = "workload=helpdesk&platform=p&environment=qa&version=%3Cb%3E%26%1B&status=failed";
    assert_eq!(service.form("/api/v1/create", hostile).await.status, 201);
    let feed = service.get("/feed.atom").await;
    assert_eq!(
        (feed.status.as_u16(), feed.header("content-type")),
        (200, "application/atom+xml; charset=utf-8")
    );
    let entry = "<entry>\n<id>urn:shipmark:deployment:1</id>\n<title>helpdesk 1.0.0 succeeded in dev</title>\n\
                 <updated>2026-01-31T11:59:00.25Z</updated>\n<author><name>maya</name></author>\n\
                 <link href=\"https://ci.example/8812?a&#x3D;1&amp;b&#x3D;2\"/>\n\
                 <summary>deployed since 2026-01-31T11:58:55.25Z, took 5 s, commit c0ffee</summary>\n</entry>\n";
    assert!(feed.text.contains(entry), "{}", feed.text);
    assert!(feed.text.contains("<title>helpdesk &lt;b&gt;&amp;U+001B failed in qa</title>"), "{}", feed.text);
    let document = roxmltree::Document::parse(&feed.text).unwrap();
    assert_eq!(document.descendants().filter(|node| node.tag_name().name() == "entry").count(), 2);
    let of_app = service.get("/feed/helpdesk.atom").await.text;
    assert!(
        of_app.contains("<title>deployments of helpdesk</title>") && of_app.matches("<entry>").count() == 2
    );
    let of_place = service.get("/feed/helpdesk/qa.atom").await.text;
    assert!(of_place.contains("<title>deployments of helpdesk in qa</title>"), "{of_place}");
    assert_eq!(of_place.matches("<entry>").count(), 1);
    let empty = service.get("/feed/other.atom").await;
    assert_eq!((empty.status.as_u16(), empty.text.matches("<entry>").count()), (200, 0));
    assert_eq!(service.get("/feed/helpdesk.rss").await.status, 404);
    for (path, status) in [("/feed/%ff.atom", 400), ("/badge/%ff/dev.svg", 400), ("/badge/a/%ff", 400)] {
        let answer = service.get(path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("content-type")),
            (status, "application/problem+json")
        );
    }
}

#[tokio::test]
async fn a_badge_shows_what_is_live() {
    let service = Service::start().await;
    deploy(&service, "dev", "1.0.0", "deployed", "maya").await;
    let badge = service.get("/badge/helpdesk/dev.json").await;
    badge.is(200, r#"{"schemaVersion":1,"label":"dev","message":"1.0.0","color":"brightgreen"}"#);
    let drawn = service.get("/badge/helpdesk/dev.svg").await;
    assert_eq!((drawn.status.as_u16(), drawn.header("content-type")), (200, "image/svg+xml; charset=utf-8"));
    assert!(drawn.text.contains("aria-label=\"dev: 1.0.0\""), "{}", drawn.text);
    assert!(roxmltree::Document::parse(&drawn.text).is_ok());
    let tag = format!("If-None-Match: {}", drawn.header("etag"));
    let again = service.send("GET", "/badge/helpdesk/dev.svg", &[&tag], "").await;
    again.is(304, "");
    deploy(&service, "dev", "<script>", "failed", "maya").await;
    let failed = service.get("/badge/helpdesk/dev.json").await.json();
    assert_eq!((&failed["message"], &failed["color"]), (&json!("1.0.0"), &json!("red")));
    let changed = service.send("GET", "/badge/helpdesk/dev.svg", &[&tag], "").await;
    assert_eq!(changed.status, 200);
    deploy(&service, "<i>", "1.0.0", "running", "maya").await;
    let hostile = service.get("/badge/helpdesk/%3Ci%3E.svg").await.text;
    assert!(hostile.contains("<title>&lt;i&gt;: nothing</title>"), "{hostile}");
    for path in
        ["/badge/helpdesk/dev", "/badge/helpdesk/qa.svg", "/badge/other/dev.svg", "/badge/helpdesk/dev.png"]
    {
        assert_eq!(service.get(path).await.status, 404, "{path}");
    }
}

each_engine!(an_address_with_a_nul_leads_nowhere);
async fn an_address_with_a_nul_leads_nowhere(service: Service) {
    for path in [
        "/feed/%00.atom",
        "/feed/a/%00.atom",
        "/badge/%00/dev.svg",
        "/badge/a/%00.svg",
        "/api/v2/apps/a%00/versions/1",
        "/api/v2/apps/a/environments/%00/probe",
        "/api/v2/holds/%00",
    ] {
        assert_eq!(service.get(path).await.status, 404, "{path}");
    }
}
