//! What deployments bring, told by their clients, and the comparisons that follow from it.

use serde_json::{Value, json};

use crate::support::Sandbox;
use crate::support::engine::each_engine;
use crate::support::registry::{Answer, Service};
use crate::support::served::Served;

/// The whole id that a letter stands for.
fn sha(letter: &str) -> String {
    letter.repeat(40)
}

fn line(letter: &str, parents: &[&str], at: i64) -> Value {
    let parents: Vec<String> = parents.iter().map(|parent| sha(parent)).collect();
    json!({ "sha": sha(letter), "parents": parents, "at": at, "subject": format!("feat(x): {letter} (#7)"), "breaking": false })
}

fn report(environment: &str, version: &str, head: &str, more: &Value) -> Value {
    let mut report = json!({ "app": "helpdesk", "workload": "support", "platform": environment,
        "environment": environment, "version": version, "status": "deployed", "sha": sha(head),
        "run_key": format!("{environment} {version}"), "seq": 0, "at": 1_769_860_800_000_i64 });
    report.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    report
}

async fn deploy(service: &Service, report: &Value) -> Value {
    let answer = service.json("/api/v2/deployments", &report.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["id"].clone()
}

async fn put(service: &Service, id: &Value, told: &Value) -> Answer {
    let path = format!("/api/v2/deployments/{id}/commits");
    service.send("PUT", &path, &["Content-Type: application/json"], told.to_string()).await
}

/// The verdict, the letters of the commits ahead and behind, and what is missing.
async fn compared(service: &Service, range: &str) -> Value {
    let answer = service.get(&format!("/api/v2/compare/helpdesk/{range}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let answer = answer.json();
    let letters = |side: &str| {
        let lines = answer[side].as_array().unwrap().iter();
        lines.map(|line| line["sha"].as_str().unwrap()[..1].to_owned()).collect::<String>()
    };
    let missing: Vec<_> =
        answer["missing"].as_array().unwrap().iter().map(|one| one["detail"].clone()).collect();
    json!([answer["verdict"], letters("ahead"), letters("behind"), missing])
}

each_engine!(a_side_is_named_that_is_not_there_and_capitals_are_a_commit_too);
async fn a_side_is_named_that_is_not_there_and_capitals_are_a_commit_too(service: Service) {
    deploy(&service, &report("dev", "1.0.0", "e", &json!({}))).await;
    let range = format!("{}...EEEEEEE", sha("E"));
    assert_eq!(compared(&service, &range).await[0], "same");
    let answer = service.get("/api/v2/compare/helpdesk/dev...nowhere").await;
    assert_eq!(
        answer.json()["detail"],
        "`nowhere` is no environment, version or commit here; a commit needs seven digits at least"
    );
}

each_engine!(a_registry_compares_by_what_it_was_told);
async fn a_registry_compares_by_what_it_was_told(service: Service) {
    deploy(&service, &report("production", "1.0.0", "c", &json!({}))).await;
    let list = json!({ "commits_since": sha("c"), "commits":
        [line("e", &["d"], 5), line("d", &["c", "5"], 4), line("5", &["a"], 2)] });
    let dev = deploy(&service, &report("dev", "1.1.0", "e", &list)).await;
    let told = service.get(&format!("/api/v2/deployments/{dev}/commits")).await.json();
    let whole = json!({ "commits": list["commits"], "commits_since": sha("c"), "commits_truncated": false });
    assert_eq!(told, whole);
    assert_eq!(compared(&service, "production...dev").await, json!(["ahead", "ed5", "", []]));
    assert_eq!(compared(&service, "dev...production").await, json!(["behind", "", "ed5", []]));
    assert_eq!(compared(&service, "1.0.0...1.1.0").await, json!(["ahead", "ed5", "", []]));
    assert_eq!(compared(&service, &format!("{}...eeeeeee", sha("c"))).await, json!(["ahead", "ed5", "", []]));
    assert_eq!(compared(&service, "dev...1.1.0").await, json!(["same", "", "", []]));
    let answer = service.get("/api/v2/compare/helpdesk/production...dev").await.json();
    assert_eq!(
        answer["ahead"][0],
        json!({ "sha": sha("e"), "at": 5, "subject": "feat(x): e (#7)",
        "type": "feat", "scope": "x", "breaking": false })
    );
    assert_eq!((&answer["a"]["version"], &answer["b"]["environment"]), (&json!("1.0.0"), &json!("dev")));

    // A hotfix of what runs in production, told later and once.
    let fix = deploy(&service, &report("production", "1.0.1", "f", &json!({}))).await;
    let unknown = compared(&service, "production...dev").await;
    assert_eq!(unknown[0], "unknown");
    assert!(
        unknown[3][0].as_str().unwrap().starts_with("no deployment tells the commits before "),
        "{unknown}"
    );
    assert_eq!(service.get(&format!("/api/v2/deployments/{fix}/commits")).await.status, 404);
    let list = json!({ "commits_since": sha("c"), "commits": [line("f", &["c"], 6)] });
    assert_eq!(put(&service, &fix, &list).await.status, 201);
    let again = put(&service, &fix, &list).await;
    assert_eq!((again.status.as_u16(), again.header("idempotent-replayed")), (200, "true"));
    let other = put(&service, &fix, &json!({ "commits": [], "commits_since": sha("c") })).await;
    assert_eq!((other.status.as_u16(), &other.json()["type"]), (409, &json!("/problems/conflict")));
    assert_eq!(compared(&service, "production...dev").await, json!(["diverged", "ed5", "f", []]));
    assert_eq!(put(&service, &json!(99), &list).await.status, 404);
    assert_eq!(put(&service, &dev, &json!({ "commits": [], "commits_since": sha("c") })).await.status, 409);

    // What cannot be known is said, and what is not there too.
    let mut bare = report("qa", "0.9.0", "b", &json!({}));
    bare.as_object_mut().unwrap().remove("sha");
    deploy(&service, &bare).await;
    let words = json!(["nobody said which commit 0.9.0 is"]);
    assert_eq!(compared(&service, "qa...dev").await, json!(["unknown", "", "", words]));
    // A version that was built anew is no one commit.
    deploy(&service, &report("one", "9.9.0", "e", &json!({}))).await;
    deploy(&service, &report("two", "9.9.0", "f", &json!({}))).await;
    let (e, f) = (sha("e"), sha("f"));
    let words =
        json!([format!("9.9.0 was deployed from several commits, such as {e} and {f}; name the commit")]);
    assert_eq!(compared(&service, "9.9.0...dev").await, json!(["unknown", "", "", words]));
    assert_eq!(compared(&service, "one...dev").await[0], "same");
    for missing in ["production...nowhere", "1.0.0...2.0.0", "abcdef0...dev"] {
        assert_eq!(
            service.get(&format!("/api/v2/compare/helpdesk/{missing}")).await.status,
            404,
            "{missing}"
        );
    }
    for bad in ["production..dev", "...dev", "production..."] {
        assert_eq!(service.get(&format!("/api/v2/compare/helpdesk/{bad}")).await.status, 400, "{bad}");
    }
}

each_engine!(a_list_is_held_to_its_form);
async fn a_list_is_held_to_its_form(service: Service) {
    let good = || line("e", &["d"], 5);
    let with = |name: &str, value: Value| {
        let mut line = good();
        line[name] = value;
        json!({ "commits": [line] })
    };
    let many: Vec<Value> = (0..501).map(|_| good()).collect();
    for (told, pointer) in [
        (json!({ "commits": [line("d", &[], 1)] }), "/commits/0/sha"),
        (with("sha", json!("e".repeat(39))), "/commits/0/sha"),
        (with("parents", json!(["main"])), "/commits/0/parents"),
        (with("at", json!(-1)), "/commits/0/at"),
        (with("subject", json!("a\nb")), "/commits/0/subject"),
        (with("subject", json!("x".repeat(2_049))), "/commits/0/subject"),
        (json!({ "commits": many }), "/commits"),
        (json!({ "commits": [], "commits_since": "main" }), "/commits_since"),
    ] {
        let answer =
            service.json("/api/v2/deployments", &report("dev", "1.1.0", "e", &told).to_string()).await;
        let fault = (answer.status.as_u16(), answer.json()["errors"][0]["pointer"].clone());
        assert_eq!(fault, (422, json!(pointer)), "{}", answer.text);
    }
    let short = json!({ "sha": "eeeeeee", "commits": [good()] });
    let answer = service.json("/api/v2/deployments", &report("dev", "1.1.0", "e", &short).to_string()).await;
    assert_eq!(answer.json()["errors"][0]["pointer"], "/sha");
    let most: Vec<Value> = many.into_iter().take(500).collect();
    let id = deploy(
        &service,
        &report("dev", "1.1.0", "e", &json!({ "commits": most, "commits_truncated": true })),
    )
    .await;
    let told = service.get(&format!("/api/v2/deployments/{id}/commits")).await.json();
    assert_eq!((told["commits"].as_array().unwrap().len(), &told["commits_truncated"]), (500, &json!(true)));
}

#[test]
fn the_commands_tell_what_a_deployment_brings() {
    let folder = tempfile::tempdir().unwrap();
    let server = Served::start(folder.path());
    let url = format!("http://127.0.0.1:{}/", server.port);
    let sandbox = Sandbox::repository().var("SHIPMARK_REGISTRY_URL", &url);
    sandbox.file("VERSION.txt", "1.0.0\n");
    sandbox.commit("feat: begin");
    sandbox.run(&["deploy", "production", "--", "true"]).exits(0);
    sandbox.file("VERSION.txt", "1.1.0\n");
    sandbox.commit("feat(search): find a ticket (#12)");
    sandbox.commit("fix!: keep the line breaks");
    sandbox.run(&["deploy", "production", "--", "true"]).exits(0);
    sandbox.file("VERSION.txt", "1.2.0\n");
    sandbox.commit("docs: say how to search");
    sandbox.run(&["report", "production", "--status", "deployed"]).exits(0);
    let get = |path: &str| -> Value { serde_json::from_str(&server.get(path).1).unwrap() };
    let subjects = |told: &Value| {
        let lines = told.as_array().unwrap().iter();
        lines.map(|line| json!([line["subject"], line["breaking"]])).collect::<Vec<_>>()
    };
    let first = get("/api/v2/deployments/1/commits");
    assert_eq!(
        (subjects(&first["commits"]), &first["commits_since"]),
        (vec![json!(["feat: begin", false])], &Value::Null)
    );
    let between = get("/api/v2/compare/helpdesk/1.0.0...production");
    assert_eq!(between["verdict"], "ahead");
    assert_eq!(
        subjects(&between["ahead"]),
        [
            json!(["docs: say how to search", false]),
            json!(["fix!: keep the line breaks", true]),
            json!(["feat(search): find a ticket (#12)", false])
        ]
    );
    // What ran before is put back, which brings nothing.
    sandbox.run(&["deploy", "production", "--rev", "HEAD~1", "--", "true"]).exits(0);
    assert_eq!(get("/api/v2/deployments/4/commits")["commits"], json!([]));
    assert_eq!(get("/api/v2/compare/helpdesk/1.2.0...production")["verdict"], "behind");
}
