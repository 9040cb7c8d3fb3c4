//! The metrics: live numbers, bounded labels, a listener of their own.

use tempfile::TempDir;

use crate::support::registry::Service;
use crate::support::served::{Served, command};

#[tokio::test]
async fn deployments_are_counted_live_and_escaped() {
    let service = Service::start().await;
    assert!(!service.scrape().await.contains("versions_last_deployments_by_status{"));
    let body = "workload=a%22b&platform=p&environment=e&version=1&status=deployed";
    for id in 1..=2 {
        service.form("/api/v1/create", body).await.is(201, &format!(r#"{{"versionId":{id}}}"#));
    }
    let text = service.scrape().await;
    let line = r#"versions_last_deployments_by_status{workload="a\"b",platform="p",environment="e",status="deployed",date="2026-01-31 00:00:00 +0000 UTC"} 2"#;
    assert!(text.contains(line), "{text}");
    assert!(text.contains("shipmark_writes_acked_total 2\n"), "{text}");
}

#[tokio::test]
async fn labels_take_no_text_of_a_client() {
    let service = Service::start().await;
    service.get("/api/v1/health?token=secret").await;
    service.get("/secret").await;
    service.send("SECRET", "/api/v1/health", &[], "").await;
    let text = service.scrape().await;
    let route = "/api/v1/health";
    for line in [
        format!(
            r#"http_requests_total{{code="200",method="GET",handler="{route}",host="",url="{route}"}} 1"#
        ),
        r#"http_requests_total{code="404",method="GET",handler="",host="",url=""} 1"#.to_owned(),
        format!(
            r#"http_requests_total{{code="405",method="OTHER",handler="{route}",host="",url="{route}"}} 1"#
        ),
        r#"http_request_duration_seconds_bucket{le="+Inf"} 3"#.to_owned(),
        "http_request_duration_seconds_count 3".to_owned(),
    ] {
        assert!(text.contains(&line), "{line}\n{text}");
    }
    assert!(!text.to_lowercase().contains("secret"), "{text}");
    for name in ["process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"] {
        assert!(text.contains(&format!("\n{name} ")), "{text}");
    }
}

#[test]
fn the_metrics_have_their_own_listener() {
    let folder = TempDir::new().unwrap();
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"];
    let mut server = Served::of(command(&arguments, folder.path()));
    let metrics = server.next_line();
    let port = metrics.rsplit(':').next().unwrap().trim_end_matches("/metrics").parse().unwrap();
    assert_eq!(server.get("/metrics").0, 404);
    server.port = port;
    let (status, text) = server.get("/metrics");
    assert!(status == 200 && text.contains("shipmark_build_info{"), "{text}");
    assert_eq!(server.get("/api/v1/health").0, 404);
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
}
