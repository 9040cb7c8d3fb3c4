//! C1 to C6: health, create and update.

use serde_json::json;

use super::client::{CREATE, Client, FORM, JSON, UPDATE};

pub(super) async fn c1_health(client: &Client) {
    for method in ["GET", "HEAD"] {
        let health = client.send(method, "/api/v1/health", "", "").await;
        let healthz = client.send(method, "/api/v1/healthz", "", "").await;
        assert_eq!((health.status, healthz.status), (200, 200));
        if method == "GET" {
            assert_eq!(health.json(), json!({ "health": "OK" }));
            let status = healthz.json()["status"].as_object().unwrap().clone();
            assert_eq!(status.values().collect::<Vec<_>>(), ["OK"]);
        }
    }
}

pub(super) async fn c2_every_way_to_create(client: &Client) {
    let query = format!("{}&version=1&status=deployed", client.place("c2"));
    let first = client.send("POST", CREATE, FORM, &query).await.id();
    let body = json!({
        "workload": client.name("c2"), "platform": "p", "environment": "e", "version": "2", "status": "deployed",
    });
    let second = client.send("POST", CREATE, JSON, &body.to_string()).await.id();
    let part = |(name, value): (&str, &str)| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let workload = client.name("c2");
    let fields = [("workload", workload.as_str()), ("platform", "p"), ("environment", "e")];
    let body: String =
        fields.into_iter().chain([("version", "3"), ("status", "deployed")]).map(part).collect();
    let kind = "multipart/form-data; boundary=b";
    let third = client.send("POST", CREATE, kind, &format!("{body}--b--\r\n")).await.id();
    let fourth = client.send("POST", &format!("{CREATE}?{query}"), "", "").await.id();
    assert!(first < second && second < third && third < fourth);
}

fn line(shape: &str, name: &str, tag: &str) -> String {
    format!("Key: '{shape}.{name}' Error:Field validation for '{name}' failed on the '{tag}' tag")
}

pub(super) async fn c3_every_fault_has_its_line(client: &Client) {
    let fields = [
        ("workload", "Workload"),
        ("platform", "Platform"),
        ("environment", "Environment"),
        ("version", "Version"),
        ("status", "Status"),
    ];
    for (field, name) in fields {
        let mut body: serde_json::Map<_, _> =
            fields.iter().map(|(field, _)| ((*field).to_owned(), json!(client.name("c3")))).collect();
        for (value, verdict) in [
            (None, Some("required")),
            (Some(String::new()), Some("required")),
            (Some("é".repeat(101)), Some("max")),
            (Some("é".repeat(100)), None),
            (Some(" ".to_owned()), None),
        ] {
            match value {
                Some(value) => body.insert(field.to_owned(), json!(value)),
                None => body.remove(field),
            };
            let got = client.send("POST", CREATE, JSON, &json!(body).to_string()).await;
            match verdict {
                Some(tag) => got.refuses(400, &line("Create", name, tag)),
                None => assert_eq!(got.status, 201, "{got:?}"),
            }
        }
    }
    let all: Vec<_> = fields.iter().map(|(_, name)| line("Create", name, "required")).collect();
    client.send("POST", CREATE, JSON, "{}").await.refuses(400, &all.join("\n"));
    client.send("POST", CREATE, JSON, "").await.refuses(400, "EOF");
    let bad = client.send("POST", UPDATE, FORM, "versionId=abc&status=x").await;
    bad.refuses(400, "strconv.ParseInt: parsing \"abc\": invalid syntax");
}

pub(super) async fn c4_absent_and_empty_texts(client: &Client) {
    for extra in ["", "&changelogURL=&raw="] {
        let body = format!("{}&version=1&status=x{extra}", client.place("c4"));
        let id = client.send("POST", CREATE, FORM, &body).await.id();
        let row = client.get(&format!("/api/v1/read/raw/id?versionId={id}")).await.json();
        assert_eq!((&row["changelog_url"], &row["raw"]), (&json!("N/A"), &json!("N/A")));
    }
}

pub(super) async fn c5_only_the_status_is_lower_case(client: &Client) {
    let workload = client.name("C5-É");
    let body = json!({
        "workload": workload, "platform": "P", "environment": "E", "version": "V1-RC",
        "changelogURL": "HTTP://X", "raw": "<R> & 'Q' €", "status": "DEPLOYED",
    });
    let id = client.send("POST", CREATE, JSON, &body.to_string()).await.id();
    let row = client.get(&format!("/api/v1/read/raw/id?versionId={id}")).await.json();
    for (field, value) in [
        ("workload", workload.as_str()),
        ("platform", "P"),
        ("environment", "E"),
        ("version", "V1-RC"),
        ("changelog_url", "HTTP://X"),
        ("raw", "<R> & 'Q' €"),
        ("status", "deployed"),
    ] {
        assert_eq!(row[field], value);
    }
}

pub(super) async fn c6_update(client: &Client) {
    let id = client.row("c6", "1", "ongoing").await;
    let body = json!({ "versionId": id, "status": "FAILED" }).to_string();
    client.send("POST", UPDATE, JSON, &body).await.is(200, "\"OK\"");
    let row = client.get(&format!("/api/v1/read/raw/id?versionId={id}")).await.json();
    assert_eq!(row["status"], "failed");
    let form = format!("versionId={id}&status=Deployed");
    client.send("POST", UPDATE, FORM, &form).await.is(200, "\"OK\"");
    for unknown in ["-1", "2147483647"] {
        client.send("POST", UPDATE, FORM, &format!("versionId={unknown}&status=x")).await.is(200, "\"OK\"");
    }
    for zero in ["versionId=0&status=x", "status=x"] {
        let why = line("UpdateStatus", "VersionId", "required");
        client.send("POST", UPDATE, FORM, zero).await.refuses(400, &why);
    }
    let text = client.send("POST", UPDATE, JSON, r#"{"versionId":"x","status":"x"}"#).await;
    let why = "json: cannot unmarshal string into Go struct field UpdateStatus.versionId of type int";
    text.refuses(400, why);
}
