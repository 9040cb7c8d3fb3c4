//! API v1 answers as Lord-Y/versions does.

use crate::support::engine::each_engine;
use crate::support::registry::Service;

const CREATE: &str = "/api/v1/create";
const UPDATE: &str = "/api/v1/update/status";
const PLACE: &str = "workload=teamX&platform=production&environment=production";

fn fault(name: &str, tag: &str) -> String {
    format!("Key: 'Create.{name}' Error:Field validation for '{name}' failed on the '{tag}' tag")
}

fn error(text: &str) -> String {
    serde_json::json!({ "error": text }).to_string()
}

each_engine!(health_names_the_engine);
async fn health_names_the_engine(service: Service) {
    service.get("/api/v1/health").await.is(200, r#"{"health":"OK"}"#);
    let name = service.engine.name();
    service.get("/api/v1/healthz").await.is(200, &format!(r#"{{"status":{{"{name}":"OK"}}}}"#));
    service.send("HEAD", "/api/v1/healthz", &[], "").await.is(200, "");
}

each_engine!(a_row_is_created_by_json_form_and_query);
async fn a_row_is_created_by_json_form_and_query(service: Service) {
    let json = r#"{"Workload":"a","platform":"p","environment":"e","version":"1","status":"DEPLOYED"}"#;
    let first = service.json(CREATE, json).await;
    first.is(201, r#"{"versionId":1}"#);
    assert_eq!(first.header("content-type"), "application/json; charset=utf-8");
    let form = "workload=a&platform=p&environment=e&version=2&status=failed&raw=%3Cb%3E+%26";
    service.form(CREATE, form).await.is(201, r#"{"versionId":2}"#);
    let query = format!("{CREATE}?workload=a&platform=p&environment=e&version=3&status=completed");
    service.send("POST", &query, &[], "").await.is(201, r#"{"versionId":3}"#);
    let date = service.date();
    let row = |id: u32, raw: &str, status: &str| {
        format!(
            r#"{{"versions_id":{id},"workload":"a","platform":"p","environment":"e","version":"{id}","changelog_url":"N/A","raw":"{raw}","status":"{status}","date":"{date}"}}"#
        )
    };
    let escaped = r"\u003cb\u003e \u0026";
    let rows = [row(3, "N/A", "completed"), row(2, escaped, "failed"), row(1, "N/A", "deployed")];
    service.get("/api/v1/read/home").await.is(200, &format!("[{}]", rows.join(",")));
}

each_engine!(a_multipart_body_is_read_without_the_query);
async fn a_multipart_body_is_read_without_the_query(service: Service) {
    let part = |name: &str, value: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let fields = [("workload", "a"), ("platform", "p"), ("environment", "e"), ("version", "1")];
    let fields: String = fields.iter().map(|(name, value)| part(name, value)).collect();
    let kind = ["Content-Type: multipart/form-data; boundary=b"];
    let send = async |path: &str, body: String| service.send("POST", path, &kind, body).await;
    let whole = format!("{fields}{}--b--\r\n", part("status", "Deployed"));
    send(CREATE, whole).await.is(201, r#"{"versionId":1}"#);
    assert_eq!(service.get("/api/v1/read/home").await.json()[0]["status"], "deployed");
    let lacking = send(&format!("{CREATE}?status=x"), format!("{fields}--b--\r\n")).await;
    lacking.is(400, &error(&fault("Status", "required")));
    let large = format!("{fields}{}--b--\r\n", part("raw", &"r".repeat(1024 * 1024)));
    send(CREATE, large).await.is(413, &error("Request Entity Too Large"));
    let bare = service.send("POST", CREATE, &["Content-Type: multipart/form-data"], "").await;
    bare.is(400, &error("no multipart boundary param in Content-Type"));
}

each_engine!(every_missing_field_has_its_line);
async fn every_missing_field_has_its_line(service: Service) {
    let all = ["Workload", "Platform", "Environment", "Version", "Status"];
    let lines: Vec<_> = all.iter().map(|name| fault(name, "required")).collect();
    service.json(CREATE, "{}").await.is(400, &error(&lines.join("\n")));
    service.json(CREATE, "").await.is(400, &error("EOF"));
    let long = "é".repeat(101);
    let body = format!("workload={long}&platform=p&environment=e&version=1&status=");
    let lines = [fault("Workload", "max"), fault("Status", "required")].join("\n");
    service.form(CREATE, &body).await.is(400, &error(&lines));
    let body = format!("workload={}&platform=p&environment=%20&version=1&status=x", "é".repeat(100));
    service.form(CREATE, &body).await.is(201, r#"{"versionId":1}"#);
}

each_engine!(bad_input_is_answered_in_go_s_words);
async fn bad_input_is_answered_in_go_s_words(service: Service) {
    for (body, words) in [
        ("workload=a;b", "invalid semicolon separator in query"),
        ("workload=%zz", "invalid URL escape \"%zz\""),
        ("workload=%00", "NUL character in field workload"),
    ] {
        service.form(CREATE, body).await.is(400, &error(words));
    }
    let number = r#"{"workload":7}"#;
    let words = "json: cannot unmarshal number into Go struct field Create.workload of type string";
    service.json(CREATE, number).await.is(400, &error(words));
    let words = "strconv.ParseInt: parsing \"abc\": invalid syntax";
    service.form(UPDATE, "versionId=abc&status=x").await.is(400, &error(words));
    let xml = service.send("POST", CREATE, &["Content-Type: application/xml"], "<a/>").await;
    assert_eq!(xml.status, 415);
    service.get("/api/v1/read/home").await.is(204, "");
}

each_engine!(bodies_have_a_limit);
async fn bodies_have_a_limit(service: Service) {
    let at_most =
        format!("workload=a&platform=p&environment=e&version=1&status=x&raw={}", "r".repeat(262_144));
    service.form(CREATE, &at_most).await.is(201, r#"{"versionId":1}"#);
    service.form(CREATE, &format!("{at_most}r")).await.is(413, &error("Request Entity Too Large"));
    service.form(CREATE, &"x".repeat(1024 * 1024 + 1)).await.is(413, &error("Request Entity Too Large"));
}

each_engine!(a_form_without_a_status_is_unknown_and_nothing_else_is);
async fn a_form_without_a_status_is_unknown_and_nothing_else_is(service: Service) {
    service.form(CREATE, &format!("version=1.1.0&{PLACE}&changelogURL=")).await.is(201, r#"{"versionId":1}"#);
    assert_eq!(service.get("/api/v1/read/home").await.json()[0]["status"], "unknown");
    let required = error(&fault("Status", "required"));
    service.form(CREATE, &format!("version=1.1.0&{PLACE}&status=")).await.is(400, &required);
    let json = r#"{"workload":"a","platform":"p","environment":"e","version":"1"}"#;
    service.json(CREATE, json).await.is(400, &required);
}

each_engine!(an_idempotency_key_makes_a_retry_safe);
async fn an_idempotency_key_makes_a_retry_safe(service: Service) {
    let send = async |version: &str| {
        let body = format!(
            r#"{{"workload":"a","platform":"p","environment":"e","version":"{version}","status":"x"}}"#
        );
        let headers = ["Content-Type: application/json", "Idempotency-Key: k"];
        service.send("POST", CREATE, &headers, body).await
    };
    send("1").await.is(201, r#"{"versionId":1}"#);
    let again = send("1").await;
    again.is(200, r#"{"versionId":1}"#);
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(send("2").await.status, 422);
    assert_eq!(service.get("/api/v1/read/home").await.json().as_array().unwrap().len(), 1);
}

each_engine!(any_status_may_follow_any);
async fn any_status_may_follow_any(service: Service) {
    service.form(CREATE, &format!("version=1&{PLACE}&status=ongoing")).await.is(201, r#"{"versionId":1}"#);
    let latest = format!("/api/v1/read/environment/latest?{PLACE}");
    let none = service.get(&latest).await;
    none.is(404, "");
    assert_eq!(none.header("content-type"), "");
    service.json(UPDATE, r#"{"versionId":"1","status":"DEPLOYED"}"#).await.is(200, r#""OK""#);
    service.get(&latest).await.is(200, r#"{"version":"1"}"#);
    service.form(UPDATE, "versionId=1&status=ongoing").await.is(200, r#""OK""#);
    service.get(&latest).await.is(404, "");
    service.get(&format!("{latest}&Whatever=true")).await.is(200, r#"{"version":"1"}"#);
    for id in ["99", "-1", "3000000000"] {
        let unknown = service.form(UPDATE, &format!("versionId={id}&status=x")).await;
        unknown.is(200, r#""OK""#);
        assert_eq!(unknown.header("x-versions-matched"), "0");
    }
    assert_eq!(service.form(UPDATE, "versionId=0&status=x").await.status, 400);
}

each_engine!(a_long_page_has_the_rows_of_the_short_ones);
async fn a_long_page_has_the_rows_of_the_short_ones(service: Service) {
    // Of very different sizes, since a long page is read in parts of about the same size.
    let form = |number: usize| {
        let raw = "%3Cb%3E".repeat([0, 1, 3_000, 20_000][number % 4]);
        format!("{PLACE}&version={number}&status=deployed&raw={raw}")
    };
    for number in 0..60 {
        assert_eq!(service.form(CREATE, &form(number)).await.status, 201);
    }
    for path in [
        format!("/api/v1/read/environment?{PLACE}"),
        "/api/v1/read/platform?workload=teamX&platform=production".to_owned(),
    ] {
        let page = async |question: &str| service.get(&format!("{path}&{question}")).await;
        let mut short = Vec::new();
        for number in 1..=3 {
            let text = page(&format!("page={number}&rangeLimit=20")).await.text;
            short.push(text.trim_start_matches('[').trim_end_matches(']').to_owned());
        }
        let long = page("rangeLimit=1000").await;
        long.is(200, &format!("[{}]", short.join(",")));
        assert_eq!(long.header("content-type"), "application/json; charset=utf-8");
        assert_eq!(
            page("page=2&rangeLimit=30").await.text,
            format!(
                "[{}",
                long.text
                    .split_once(r#"total":60},{"versions_id":30,"#)
                    .map(|(_, rest)| format!(r#"{{"versions_id":30,{rest}"#))
                    .unwrap()
            )
        );
        page("page=3&rangeLimit=30").await.is(404, "");
        assert_eq!(service.send("HEAD", &format!("{path}&rangeLimit=1000"), &[], "").await.text, "");
    }
}

each_engine!(what_is_no_route_is_said_in_json);
async fn what_is_no_route_is_said_in_json(service: Service) {
    service.get("/api/v1/nothing").await.is(404, r#"{"error":"Not Found"}"#);
    service.get("/api").await.is(404, r#"{"error":"Not Found"}"#);
    let wrong = service.send("PUT", CREATE, &[], "").await;
    wrong.is(405, r#"{"error":"Method Not Allowed"}"#);
    assert_eq!(wrong.header("allow"), "POST");
    let slash = service.get("/api/v1/read/home/?a=b").await;
    assert_eq!((slash.status.as_u16(), slash.header("location")), (301, "/api/v1/read/home?a=b"));
    let slash = service.form("/api/v1/create/", "").await;
    assert_eq!((slash.status.as_u16(), slash.header("location")), (307, CREATE));
}
