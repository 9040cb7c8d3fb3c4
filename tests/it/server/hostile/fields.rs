//! Every text that a client may send, in a request that is good but for one of them.

use std::collections::BTreeSet;

use serde_json::Value;

/// A method, an address, and a body with a value in each text field. `NEW` is another number each time.
pub(super) type Write = (&'static str, &'static str, &'static str);

const SHA: &str = "0123456789012345678901234567890123456789";

#[rustfmt::skip]
pub(super) const WRITES: &[Write] = &[
    ("POST", "/api/v1/create", r#"{"workload":"a","platform":"p","environment":"e","version":"1","changelogURL":"https://x.example","raw":"r","status":"deployed"}"#),
    ("POST", "/api/v1/update/status", r#"{"versionId":1,"status":"deployed"}"#),
    ("POST", "/api/v2/deployments", r#"{"app":"a","workload":"w","platform":"p","environment":"e","version":"NEW","status":"running","run_key":"NEW","seq":1,"at":1,"sha":"SHA","ref":"main","actor":"ada","run_url":"https://x.example","changelog_url":"https://x.example","kind":"hotfix","reason":"r","group_id":"g","digest":"sha256:0123456789012345678901234567890123456789012345678901234567890123","log_tail":["l"],"commits":[{"sha":"SHA","parents":["SHA"],"at":1,"subject":"feat: x"}],"commits_since":"1123456789012345678901234567890123456789"}"#),
    ("PATCH", "/api/v2/deployments/2", r#"{"reason":"r","run_url":"https://x.example","changelog_url":"https://x.example"}"#),
    ("POST", "/api/v2/deployments/2/events", r#"{"status":"running","note":"n","actor":"ada"}"#),
    ("PUT", "/api/v2/deployments/1/commits", r#"{"commits":[{"sha":"SHA","parents":["SHA"],"at":1,"subject":"feat: x"}],"commits_since":"1123456789012345678901234567890123456789"}"#),
    ("PUT", "/api/v2/apps/a/versions/NEW", r#"{"app":"a","version":"NEW","tag":"vNEW","sha":"SHA","bump":"minor","released_at":1}"#),
    ("PUT", "/api/v2/apps/a/versions/NEW/mark", r#"{"bad":true,"reason":"r","sha":"SHA","actor":"ada"}"#),
    ("POST", "/api/v2/observations", r#"{"app":"a","platform":"p","environment":"e","version":"1","sha":"SHA","digest":"sha256:0123456789012345678901234567890123456789012345678901234567890123"}"#),
    ("PUT", "/api/v2/apps/a/environments/e/probe", r#"{"url":"https://x.example","version":"/v","commit":"/c","environment":"/e"}"#),
    ("POST", "/api/v2/holds", r#"{"kind":"hold","app":"a","version":"NEW","sha":"SHA","reason":"r","actor":"ada"}"#),
    ("POST", "/api/v2/holds", r#"{"kind":"lock","app":"a","platform":"p","environment":"eNEW","ref":"main","reason":"r","actor":"ada"}"#),
    ("POST", "/api/v2/holds", r#"{"kind":"freeze","app":"a","platform":"p","environment":"fNEW","reason":"r","actor":"ada","weekly":{"zone":"Europe/Rome","from":"Fri 18:00","to":"Mon 08:00"}}"#),
    ("POST", "/api/v2/incidents", r#"{"app":"a","platform":"p","environment":"e","title":"t","actor":"ada"}"#),
    ("PATCH", "/api/v2/incidents/INCIDENT", r#"{"title":"t"}"#),
    ("POST", "/api/v2/tokens", r#"{"name":"n","scope":"read","limits":{"app":["a"],"platform":["p"],"environment":["e"]}}"#),
    ("POST", "/api/v2/trusts", r#"{"name":"n","repository_id":"1","repository_owner_id":"2","environment":"e","ref":"r","job_workflow_ref":"j","scope":"write","limits":{"app":["a"],"platform":["p"],"environment":["e"]}}"#),
    ("POST", "/api/v2/oidc/github", r#"{"token":"t"}"#),
    ("PUT", "/api/v2/apps/a", r#"{"team":"t","repo_url":"https://x.example"}"#),
    ("PATCH", "/api/v2/apps/a", r#"{"team":"t","repo_url":"https://x.example"}"#),
    ("PUT", "/api/v2/environments/e", r#"{"platform":"p","tier":"staging","url":"https://x.example","zone":"Europe/Rome"}"#),
    ("PATCH", "/api/v2/environments/e", r#"{"platform":"p","tier":"staging","url":"https://x.example","zone":"Europe/Rome"}"#),
    ("POST", "/api/v2/webhooks", r#"{"url":"https://x.example/NEW","format":"json","events":["succeeded"],"app":"a","platform":"p","environment":"e","secret":"0123456789abcdef"}"#),
    ("PATCH", "/api/v2/webhooks/WEBHOOK", r#"{"url":"https://x.example/NEW","format":"json","events":["succeeded"],"app":"a","platform":"p","environment":"e","secret":"0123456789abcdef"}"#),
];

/// The body of a write, with what stands for a number or a commit.
pub(super) fn body((_, _, body): &Write, number: usize) -> Value {
    serde_json::from_str(&body.replace("SHA", SHA).replace("NEW", &format!("n{number}"))).unwrap()
}

/// The places of the texts in a body, as JSON pointers.
pub(super) fn texts(value: &Value, at: &str) -> Vec<String> {
    match value {
        Value::String(_) => vec![at.to_owned()],
        Value::Array(items) => items
            .iter()
            .enumerate()
            .flat_map(|(number, item)| texts(item, &format!("{at}/{number}")))
            .collect(),
        Value::Object(members) => {
            members.iter().flat_map(|(name, member)| texts(member, &format!("{at}/{name}"))).collect()
        }
        _ => Vec::new(),
    }
}

/// The places of the texts that a schema allows.
fn allowed(schema: &Value, all: &Value, at: &str) -> BTreeSet<String> {
    if let Some(name) = schema["$ref"].as_str() {
        return allowed(all.pointer(&name[1..]).unwrap(), all, at);
    }
    let mut found = BTreeSet::new();
    let is = |kind: &str| {
        schema["type"] == kind
            || schema["type"].as_array().is_some_and(|kinds| kinds.iter().any(|one| one == kind))
    };
    if is("string") {
        found.insert(at.to_owned());
    }
    if is("array") {
        found.extend(allowed(&schema["items"], all, &format!("{at}/0")));
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        found.extend(allowed(member, all, &format!("{at}/{name}")));
    }
    for words in ["anyOf", "oneOf", "allOf"] {
        for choice in schema[words].as_array().into_iter().flatten() {
            found.extend(allowed(choice, all, at));
        }
    }
    found
}

/// Every text field of the document of the API that no write above has.
pub(super) fn lacking(document: &Value) -> Vec<String> {
    let bare = |path: &str| {
        let names = ["{app}", "{version}", "{env}", "{id}"];
        names.iter().fold(path.to_owned(), |path, name| path.replace(name, "*"))
    };
    let own = |path: &str| {
        let parts = path.split('/').enumerate().map(|(at, part)| match (at, part) {
            (_, "a" | "e" | "1" | "2" | "NEW" | "INCIDENT" | "WEBHOOK") => "*",
            (_, part) => part,
        });
        parts.collect::<Vec<_>>().join("/")
    };
    let mut wanted = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            for text in allowed(schema, document, "") {
                wanted.insert(format!("{} {} {text}", method.to_uppercase(), bare(path)));
            }
        }
    }
    assert!(wanted.len() > 80, "{wanted:?}");
    for write in WRITES {
        for text in texts(&body(write, 0), "") {
            wanted.remove(&format!("{} {} {text}", write.0, own(write.1)));
        }
    }
    wanted.into_iter().collect()
}
