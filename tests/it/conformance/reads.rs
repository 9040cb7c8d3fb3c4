//! C7 to C15: the reads.

use serde_json::{Value, json};

use super::client::{CREATE, Client, FORM, UPDATE};

const LATEST: &str = "/api/v1/read/environment/latest";

/// What only a server without rows can show.
pub(super) async fn empty(client: &Client) {
    for path in ["/api/v1/read/home", "/api/v1/read/distinct/workloads", "/api/v1/stats/latest"] {
        let got = client.get(path).await;
        got.is(204, "");
        assert_eq!(got.kind, "");
    }
}

pub(super) async fn c7_latest(client: &Client) {
    let place = client.place("c7");
    client.get(&format!("{LATEST}?{place}")).await.is(404, "");
    client.row("c7", "1", "completed").await;
    for (version, status) in [("2", "ongoing"), ("3", "failed"), ("4", "whatever")] {
        // A row of its own second, since the original does not order equal dates.
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        client.row("c7", version, status).await;
    }
    let version = async |path: String| client.get(&path).await.json()["version"].clone();
    assert_eq!(version(format!("{LATEST}?{place}")).await, "1");
    assert_eq!(version(format!("{LATEST}/whatever?{place}")).await, "4");
    assert_eq!(version(format!("{LATEST}?{place}&Whatever=true")).await, "4");
}

pub(super) async fn c8_pages(client: &Client) {
    for version in 1..=5 {
        client.row("c8", &version.to_string(), "deployed").await;
    }
    let place = client.place("c8");
    let platform = format!("workload={}&platform=p", client.name("c8"));
    for path in [format!("/api/v1/read/environment?{place}"), format!("/api/v1/read/platform?{platform}")] {
        for (query, rows) in [
            ("", 5),
            ("&page=0", 5),
            ("&page=-1", 5),
            ("&page=", 5),
            ("&page=2&rangeLimit=3", 2),
            ("&page=2&rangeLimit=0", 1),
            ("&page=2&rangeLimit=-5", 1),
            ("&rangeLimit=1", 1),
            ("&rangeLimit=-5", 1),
            ("&rangeLimit=100&StartLimit=3&EndLimit=1", 5),
        ] {
            let got = client.get(&format!("{path}{query}")).await;
            assert_eq!(got.status, 200, "{query}: {got:?}");
            let list = got.json();
            let list = list.as_array().unwrap();
            assert_eq!(list.len(), rows, "{query}");
            assert!(list.iter().all(|row| row["total"] == 5), "{query}: {list:?}");
        }
        for query in ["&page=7", "&rangeLimit=0", "&rangeLimit="] {
            let got = client.get(&format!("{path}{query}")).await;
            got.is(404, "");
            assert_eq!(got.kind, "");
        }
        for query in ["&page=abc", "&rangeLimit=abc", "&StartLimit=abc"] {
            let why = "strconv.ParseInt: parsing \"abc\": invalid syntax";
            client.get(&format!("{path}{query}")).await.refuses(400, why);
        }
        assert_eq!(client.send("HEAD", &path, "", "").await.text, "");
    }
}

pub(super) async fn c9_home(client: &Client) {
    for version in 0..26 {
        client.row("c9", &version.to_string(), "deployed").await;
    }
    let home = client.get("/api/v1/read/home").await.json();
    let home = home.as_array().unwrap();
    assert_eq!(home.len(), 25);
    // As times, since the text of a whole second sorts after that of its fractions.
    let dates: Vec<jiff::Timestamp> =
        home.iter().map(|row| row["date"].as_str().unwrap().parse().unwrap()).collect();
    assert!(dates.windows(2).all(|pair| pair[0] >= pair[1]), "{dates:?}");
    assert_eq!(home[0].as_object().unwrap().len(), 9, "{}", home[0]);
}

pub(super) async fn c10_distinct(client: &Client) {
    for what in ["c10-b", "c10-a", "c10-b"] {
        client.row(what, "1", "deployed").await;
    }
    let all = client.get("/api/v1/read/distinct/workloads").await.json();
    let own = |row: &&Value| row["workload"].as_str().unwrap().starts_with("c10-");
    let ours: Vec<_> = all.as_array().unwrap().iter().filter(own).cloned().collect();
    let place = |what| json!({ "workload": client.name(what), "platform": "p", "environment": "e" });
    let ours: Vec<_> =
        ours.into_iter().filter(|row| [place("c10-a"), place("c10-b")].contains(row)).collect();
    assert_eq!(ours, [place("c10-a"), place("c10-b")]);
}

pub(super) async fn c11_raw(client: &Client) {
    let place = client.place("c11");
    let body = format!("{place}&version=1&status=deployed&raw=%7B%22a%22%3A1%7D");
    let id = client.send("POST", CREATE, FORM, &body).await.id();
    let raw = client.get(&format!("/api/v1/read/raw?{place}&version=1")).await;
    assert_eq!((raw.status, raw.json()), (200, json!({ "raw": "{\"a\":1}" })));
    let row = client.get(&format!("/api/v1/read/raw/id?versionId={id}")).await.json();
    let columns = [
        "versions_id",
        "workload",
        "platform",
        "environment",
        "version",
        "changelog_url",
        "raw",
        "status",
        "date",
    ];
    assert!(columns.iter().all(|column| row.get(column).is_some()), "{row}");
    assert_eq!(row.as_object().unwrap().len(), columns.len());
    for path in [format!("read/raw?{place}&version=2"), "read/raw/id?versionId=2147483647".to_owned()] {
        let got = client.get(&format!("/api/v1/{path}")).await;
        got.is(404, "");
        assert_eq!(got.kind, "");
    }
    let why = "Key: 'RawById.VersionID' Error:Field validation for 'VersionID' failed on the 'required' tag";
    client.get("/api/v1/read/raw/id").await.refuses(400, why);
}

pub(super) async fn c12_stats(client: &Client) {
    for status in ["failed", "deployed", "failed"] {
        client.row("c12", "1", status).await;
    }
    let stats = client.get("/api/v1/stats/latest").await.json();
    // The original has a row for each second on MySQL, so only the sums are common.
    let mut sums = std::collections::BTreeMap::new();
    for stat in stats.as_array().unwrap().iter().filter(|stat| stat["workload"] == client.name("c12")) {
        *sums.entry(stat["status"].as_str().unwrap()).or_insert(0) += stat["total"].as_i64().unwrap();
    }
    assert_eq!(sums.into_iter().collect::<Vec<_>>(), [("deployed", 1), ("failed", 2)]);
}

pub(super) async fn c13_slashes(client: &Client) {
    let got = client.get("/api/v1/read/home/?a=b").await;
    assert_eq!((got.status, got.location.as_str()), (301, "/api/v1/read/home?a=b"));
    let got = client.send("POST", "/api/v1/create/", FORM, "").await;
    assert_eq!((got.status, got.location.as_str()), (307, CREATE));
    let ui = client.get("/ui/").await;
    assert!(ui.status == 200 && ui.kind.starts_with("text/html"), "{ui:?}");
}

pub(super) async fn c14_date(client: &Client) {
    let id = client.row("c14", "1", "deployed").await;
    let row = client.get(&format!("/api/v1/read/raw/id?versionId={id}")).await.json();
    let text = row["date"].as_str().unwrap();
    assert!(text.ends_with('Z'), "{text}");
    let date: jiff::Timestamp = text.parse().unwrap();
    let age = jiff::Timestamp::now().as_millisecond() - date.as_millisecond();
    assert!((-1_000..=2_000).contains(&age), "{age} ms");
}

pub(super) async fn c15_a_write_is_seen(client: &Client) {
    let place = client.place("c15");
    let path = format!("/api/v1/read/environment?{place}");
    let id = client.row("c15", "1", "ongoing").await;
    let first = client.get(&path).await.json();
    assert_eq!(client.get(&path).await.json(), first);
    client.send("POST", UPDATE, FORM, &format!("versionId={id}&status=deployed")).await.is(200, "\"OK\"");
    assert_eq!(client.get(&path).await.json()[0]["status"], "deployed");
    client.row("c15", "2", "ongoing").await;
    assert_eq!(client.get(&path).await.json()[0]["total"], 2);
}
