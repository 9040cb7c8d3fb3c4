//! What shipmark decides otherwise than the original, one function for each entry of `docs/compatibility.md`.

use serde_json::json;

use super::client::{CREATE, Client, FORM, JSON, UPDATE};

pub(super) async fn all(client: &Client) {
    unknown_paths_and_methods(client).await;
    unknown_ids_are_told(client).await;
    ids_may_be_texts(client).await;
    equal_dates_are_ordered_by_id(client).await;
    raw_is_of_the_platform_and_the_newest(client).await;
    pages_have_a_limit(client).await;
    names_are_compared_byte_for_byte(client).await;
    a_form_without_a_status(client).await;
    stats_are_of_days_and_ordered(client).await;
    characters_of_four_bytes_are_kept(client).await;
}

async fn unknown_paths_and_methods(client: &Client) {
    client.get("/api/v1/nothing").await.refuses(404, "Not Found");
    let got = client.send("PUT", CREATE, FORM, "").await;
    got.refuses(405, "Method Not Allowed");
    assert_eq!(got.headers["allow"], "POST");
}

async fn unknown_ids_are_told(client: &Client) {
    for id in ["-1", "3000000000", "9223372036854775807"] {
        let got = client.send("POST", UPDATE, FORM, &format!("versionId={id}&status=x")).await;
        got.is(200, "\"OK\"");
        assert_eq!(got.headers["x-versions-matched"], "0");
        client.get(&format!("/api/v1/read/raw/id?versionId={id}")).await.is(404, "");
    }
}

async fn ids_may_be_texts(client: &Client) {
    let id = client.row("d-text", "1", "ongoing").await;
    let body = json!({ "versionId": id.to_string(), "status": "deployed" }).to_string();
    client.send("POST", UPDATE, JSON, &body).await.is(200, "\"OK\"");
    let row = client.get(&format!("/api/v1/read/raw/id?versionId={id}")).await.json();
    assert_eq!(row["status"], "deployed");
}

async fn equal_dates_are_ordered_by_id(client: &Client) {
    for version in 0..20 {
        client.row("d-order", &version.to_string(), "deployed").await;
    }
    let path = format!("/api/v1/read/environment?{}", client.place("d-order"));
    let rows = client.get(&path).await.json();
    let ids: Vec<_> =
        rows.as_array().unwrap().iter().map(|row| row["versions_id"].as_i64().unwrap()).collect();
    assert!(ids.windows(2).all(|pair| pair[0] > pair[1]), "{ids:?}");
}

async fn raw_is_of_the_platform_and_the_newest(client: &Client) {
    let workload = client.name("d-raw");
    for (platform, raw) in [("p", "old"), ("p", "new"), ("q", "other")] {
        let body = format!(
            "workload={workload}&platform={platform}&environment=e&version=1&status=deployed&raw={raw}"
        );
        client.send("POST", CREATE, FORM, &body).await.id();
    }
    let got = client.get(&format!("/api/v1/read/raw?{}&version=1", client.place("d-raw"))).await;
    assert_eq!(got.json(), json!({ "raw": "new" }));
}

async fn pages_have_a_limit(client: &Client) {
    client.row("d-page", "1", "deployed").await;
    let path = format!("/api/v1/read/environment?{}", client.place("d-page"));
    let why =
        "Key: 'ReadEnvironment.RangeLimit' Error:Field validation for 'RangeLimit' failed on the 'max' tag";
    client.get(&format!("{path}&rangeLimit=1001")).await.refuses(400, why);
    assert_eq!(client.get(&format!("{path}&rangeLimit=1000")).await.status, 200);
    client.get(&format!("{path}&page=9223372036854775807")).await.is(404, "");
    let far = client.get(&format!("{path}&page=9223372036854775807&rangeLimit=1")).await;
    far.is(404, "");
}

async fn names_are_compared_byte_for_byte(client: &Client) {
    let names = ["d-name", "D-NAME", "d-name%20", "d-n%C3%A4me", "d-nA%CC%88me"];
    for (version, name) in names.iter().enumerate() {
        let place = format!("workload={name}&platform={}&environment=e", client.name("p"));
        let body = format!("{place}&version={version}&status=deployed");
        client.send("POST", CREATE, FORM, &body).await.id();
    }
    for (version, name) in names.iter().enumerate() {
        let place = format!("workload={name}&platform={}&environment=e", client.name("p"));
        let rows = client.get(&format!("/api/v1/read/environment?{place}")).await.json();
        assert_eq!(rows.as_array().unwrap().len(), 1, "{name}: {rows}");
        assert_eq!((&rows[0]["version"], &rows[0]["total"]), (&json!(version.to_string()), &json!(1)));
        let latest = client.get(&format!("/api/v1/read/environment/latest?{place}")).await.json();
        assert_eq!(latest["version"], version.to_string());
    }
    let all = client.get("/api/v1/read/distinct/workloads").await.json();
    let ours: Vec<_> =
        all.as_array().unwrap().iter().filter(|row| row["platform"] == client.name("p")).collect();
    let found: Vec<_> = ours.iter().map(|row| row["workload"].as_str().unwrap().to_owned()).collect();
    let mut sorted = found.clone();
    sorted.sort();
    assert_eq!((found.len(), &found), (5, &sorted), "by code point");
    let board = client.get("/api/v2/current").await.json();
    let cells = board["items"].as_array().unwrap().iter();
    assert_eq!(cells.filter(|cell| cell["platform"] == client.name("p")).count(), 5);
}

async fn a_form_without_a_status(client: &Client) {
    let body = format!("version=1&{}&changelogURL=", client.place("d-form"));
    let id = client.send("POST", CREATE, FORM, &body).await.id();
    let row = client.get(&format!("/api/v1/read/raw/id?versionId={id}")).await.json();
    assert_eq!(row["status"], "unknown");
}

async fn characters_of_four_bytes_are_kept(client: &Client) {
    let body = format!("{}&version=1&status=deployed&raw=%F0%9F%98%80", client.place("d-wide"));
    let id = client.send("POST", CREATE, FORM, &body).await.id();
    let row = client.get(&format!("/api/v1/read/raw/id?versionId={id}")).await.json();
    assert_eq!(row["raw"], "\u{1f600}");
}

async fn stats_are_of_days_and_ordered(client: &Client) {
    let stats = client.get("/api/v1/stats/latest").await.json();
    let same = |stat: &&serde_json::Value| stat["workload"] == client.name("d-order");
    let day: Vec<_> = stats.as_array().unwrap().iter().filter(same).collect();
    assert!(day.len() == 1 && day[0]["total"] == 20, "{day:?}");
    let key = |stat: &serde_json::Value| {
        let text = |field: &str| stat[field].as_str().unwrap().to_owned();
        (
            std::cmp::Reverse(text("date")),
            text("workload"),
            text("platform"),
            text("environment"),
            text("status"),
        )
    };
    let keys: Vec<_> = stats.as_array().unwrap().iter().map(key).collect();
    assert!(keys.is_sorted(), "{keys:?}");
    assert!(stats[0]["date"].as_str().unwrap().ends_with("T00:00:00Z"), "{}", stats[0]);
}
