//! Random operations on a registry and on a small model of it: after each of them both answer the same.

mod model;
#[path = "../../../fault/random.rs"]
mod random;

use std::io::Write;

use jiff::Timestamp;
use serde_json::{Value, json};

use self::model::{Attempt, DAY, Model, Place, RULES, Row, Rules, is_end, meaning};
use self::random::Random;
use super::hostile::percent;
use crate::support::engine::{Engine, each_engine};
use crate::support::registry::{Answer, NOW, Service};

/// Names that are alike to some database, and to no client.
const NAMES: [&str; 9] = ["a", "A", "a ", "ä", "a\u{308}", "\u{1f600}", "ß", "ss", "a%_'\"\\"];
const VERSIONS: [&str; 6] = ["1", "1 ", "1.0.0", "V1", "v1", "\u{1f600}"];
const STATUSES: [&str; 9] =
    ["deployed", "DEPLOYED", "completed", "ongoing", "failed", "Cancelled", "ÄRGER", "deployed ", "unknown"];
const WORDS: [&str; 8] =
    ["queued", "running", "ongoing", "succeeded", "deployed", "completed", "failed", "cancelled"];
/// Ids that no row has.
const NOWHERE: [i64; 5] = [-1, 4_294_967_296, i64::MAX, i64::MIN, 2_147_483_620];

/// A registry, its model, and where they differ.
struct Pair {
    service: Service,
    model: Model,
    random: Random,
    rules: Rules,
    /// Seconds after the time of every test.
    seconds: i64,
    number: usize,
    differences: Vec<String>,
}

impl Pair {
    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.random.below(from.len())]
    }

    fn place(&mut self) -> Place {
        // Few enough for many rows of each.
        let workload = self.pick(&NAMES);
        (workload.to_owned(), self.pick(&["p", "P", "p "]).to_owned(), self.pick(&["e", "\u{e9}"]).to_owned())
    }

    fn now(&self) -> i64 {
        NOW.parse::<Timestamp>().unwrap().as_millisecond() + self.seconds * 1_000
    }

    /// A time as a row has it; MySQL keeps whole seconds.
    fn date(&self, time: i64) -> i64 {
        if self.service.engine == Engine::MySql { time.div_euclid(1_000) * 1_000 } else { time }
    }

    fn same(&mut self, what: &str, found: &Value, wanted: &Value) {
        if found != wanted {
            self.differences.push(format!("operation {}: {what}: not {wanted}", self.number));
        }
    }

    /// Compares an answer of v1 with the model: the body, or `none` as its status where there is nothing.
    async fn read(&mut self, path: &str, wanted: Option<Value>, none: u16) {
        let answer = self.service.get(path).await;
        let found = if answer.text.is_empty() { Value::Null } else { in_milliseconds(&answer) };
        let status = if wanted.is_some() { 200 } else { none };
        let wanted = json!([status, wanted]);
        let found = json!([answer.status.as_u16(), found]);
        self.same(&format!("{path} is {found}"), &found, &wanted);
    }

    /// One more row, by a form or by JSON.
    async fn create(&mut self) {
        let (place, version, status) = (self.place(), self.pick(&VERSIONS), self.pick(&STATUSES));
        let raw = self.pick(&["", "{\"a\":1}", "N/A", " ", "\u{1f600}<&>\u{2028}\u{7f}", "x\0y"]);
        let changelog = self.pick(&["", "https://x.example/", "javascript:x"]);
        let (workload, platform, environment) = &place;
        let answer = if self.random.chance(2) {
            let fields = [
                ("workload", workload.as_str()),
                ("platform", platform),
                ("environment", environment),
                ("version", version),
                ("status", status),
                ("raw", raw),
                ("changelogURL", changelog),
            ];
            let pairs: Vec<String> =
                fields.iter().map(|(name, text)| format!("{name}={}", percent(text))).collect();
            self.service.form("/api/v1/create", &pairs.join("&")).await
        } else {
            let body = json!({ "workload": workload, "platform": platform, "environment": environment, "version": version,
                "status": status, "raw": raw, "changelogURL": changelog });
            self.service.json("/api/v1/create", &body.to_string()).await
        };
        if raw.contains('\0') {
            self.same(&format!("a NUL: {}", answer.text), &json!(answer.status.as_u16()), &json!(400));
            return;
        }
        let id = answer.json()["versionId"].as_i64().unwrap_or_else(|| panic!("{}", answer.text));
        assert!(self.model.rows.iter().all(|row| row.id < id), "id {id} is not new");
        let or = |text: &str| if text.is_empty() { "N/A".to_owned() } else { text.to_owned() };
        let (raw, changelog_url, version) = (or(raw), or(changelog), version.to_owned());
        let status = status.to_lowercase();
        let date = self.date(self.now());
        self.model.rows.push(Row { id, place, version, changelog_url, raw, status, date });
    }

    async fn update(&mut self) {
        let known: Vec<i64> = self.model.rows.iter().map(|row| row.id).collect();
        let id =
            if known.is_empty() || self.random.chance(4) { self.pick(&NOWHERE) } else { self.pick(&known) };
        let status = self.pick(&STATUSES);
        let body = json!({ "versionId": id, "status": status }).to_string();
        let answer = self.service.json("/api/v1/update/status", &body).await;
        let row = self.model.rows.iter_mut().find(|row| row.id == id);
        let matched = if row.is_some() { "" } else { "0" };
        if let Some(row) = row {
            row.status = status.to_lowercase();
        }
        let found = json!([answer.status.as_u16(), answer.text, answer.header("x-versions-matched")]);
        self.same(&format!("update of {id}: {found}"), &found, &json!([200, "\"OK\"", matched]));
    }

    /// A new deployment of v2, or the next word of an old one by its key or its id.
    async fn report(&mut self) {
        let word = self.pick(&WORDS);
        // Some clients are late, and some report in the same moment.
        let at = self.now() - i64::try_from(self.random.below(3)).unwrap() * 30_000;
        let old = self.model.attempts.len();
        if old > 0 && !self.random.chance(3) {
            let which = old - 1 - self.random.below(old.min(12));
            return self.step(which, word, at).await;
        }
        let (app, environment) = (self.pick(&["app", "App"]), self.pick(&["e", "E", "e\u{301}"]));
        let run_key = format!("run-{}", self.number);
        let body = report((app, environment), &run_key, word, 1, at);
        let answer = self.service.json("/api/v2/deployments", &body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let id = answer.json()["id"].as_i64().unwrap();
        let (app, environment) = (app.to_owned(), environment.to_owned());
        let state = meaning(word);
        // Each is a row of v1 too, which is on no page that is compared.
        let place = (app.clone(), "v2".to_owned(), environment.clone());
        let status = match state {
            "running" => "ongoing",
            "succeeded" => "deployed",
            other => other,
        };
        let (changelog_url, raw) = ("N/A".to_owned(), "N/A".to_owned());
        let (version, status, date) = ("2.0.0".to_owned(), status.to_owned(), self.date(at));
        self.model.rows.push(Row { id, place, version, changelog_url, raw, status, date });
        let attempt = Attempt {
            id,
            app,
            environment,
            run_key,
            state,
            seq: 1,
            started: at,
            ended: None,
            history: Vec::new(),
        };
        self.model.attempts.push(attempt);
        self.model.became(old, state, at, self.rules);
    }

    async fn step(&mut self, which: usize, word: &'static str, at: i64) {
        let attempt = self.model.attempts[which].clone();
        let by_key = self.random.chance(2);
        let seq = attempt.seq + 1;
        let answer = if by_key {
            let place = (attempt.app.as_str(), attempt.environment.as_str());
            self.service.json("/api/v2/deployments", &report(place, &attempt.run_key, word, seq, at)).await
        } else {
            let body = json!({ "status": word, "seq": seq, "at": at }).to_string();
            self.service.json(&format!("/api/v2/deployments/{}/events", attempt.id), &body).await
        };
        let legal = self.model.may(which, meaning(word));
        let what = format!("{} becomes {word} (key {by_key}): {}", attempt.state, answer.text);
        self.same(&what, &json!(answer.status.as_u16()), &json!(if legal { 200 } else { 409 }));
        if legal {
            self.model.attempts[which].seq = seq;
            self.model.became(which, meaning(word), at, self.rules);
            let status = match meaning(word) {
                "running" => "ongoing",
                "succeeded" => "deployed",
                other => other,
            };
            let row = self.model.rows.iter_mut().find(|row| row.id == attempt.id).unwrap();
            status.clone_into(&mut row.status);
        }
    }

    /// Every kind of read of v1, of some place.
    async fn compare_v1(&mut self) {
        let place = match self.model.rows.last() {
            Some(row) if self.random.chance(2) => row.place.clone(),
            _ => self.place(),
        };
        let (workload, platform, environment) = &place;
        let pair = format!("workload={}&platform={}", percent(workload), percent(platform));
        let query = format!("{pair}&environment={}", percent(environment));
        let page = self.pick(&[-1, 0, 1, 1, 2, 3, 1_000]);
        let size = self.pick(&[-5, 0, 1, 2, 25, 30, 1_000]);
        let version = self.pick(&VERSIONS);
        let ids: Vec<i64> = self.model.rows.iter().map(|row| row.id).collect();
        let id = if ids.is_empty() || self.random.chance(5) { self.pick(&NOWHERE) } else { self.pick(&ids) };
        let (model, span) = (&self.model, format!("page={page}&rangeLimit={size}"));
        let latest = format!("/api/v1/read/environment/latest?{query}");
        let whatever = format!("/api/v1/read/environment/latest/whatever?{query}");
        let raw = format!("/api/v1/read/raw?{query}&version={}", percent(version));
        let of_all = if self.random.chance(3) { 9 } else { 6 };
        let reads = [
            (latest, model.latest(&place, false, self.rules), 404),
            (whatever, model.latest(&place, true, self.rules), 404),
            (format!("/api/v1/read/environment?{query}&{span}"), model.list(&place, false, page, size), 404),
            (format!("/api/v1/read/platform?{pair}&{span}"), model.list(&place, true, page, size), 404),
            (raw, model.raw(&place, version), 404),
            (format!("/api/v1/read/raw/id?versionId={id}"), model.row(id), 404),
            ("/api/v1/read/home".to_owned(), model.home(), 204),
            ("/api/v1/read/distinct/workloads".to_owned(), model.distinct(), 204),
            ("/api/v1/stats/latest".to_owned(), model.stats(self.now()), 204),
        ];
        for (path, wanted, none) in reads.into_iter().take(of_all) {
            self.read(&path, wanted, none).await;
        }
    }

    /// The states of v2 at the places of an app, and one history.
    async fn compare_v2(&mut self) {
        let app = self.pick(&["app", "App"]);
        let answer = self.service.get(&format!("/api/v2/current?app={app}")).await.json();
        let mut found: Vec<Value> = answer["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|item| item["platform"] == "v2")
            .map(|item| json!([item["environment"], item["recorded"]["id"], item["newest"]["id"]]))
            .collect();
        found.sort_by_key(Value::to_string);
        let environments = ["E", "e", "e\u{301}"];
        let wanted = environments.iter().filter_map(|environment| {
            let newest = self.model.newest(app, environment)?;
            Some(json!([environment, self.model.live(app, environment), newest]))
        });
        let mut wanted: Vec<Value> = wanted.collect();
        wanted.sort_by_key(Value::to_string);
        self.same(&format!("{app} is {}", json!(found)), &json!(found), &json!(wanted));
        let count = self.model.attempts.len();
        if count == 0 {
            return;
        }
        let attempt = self.model.attempts[self.random.below(count)].clone();
        let path = format!("/api/v2/deployments/{}", attempt.id);
        let one = self.service.get(&path).await.json();
        let found = json!([one["state"], one["started_at"], one["finished_at"]]);
        let ended = attempt.ended.filter(|_| is_end(attempt.state));
        self.same(&format!("{path} is {found}"), &found, &json!([attempt.state, attempt.started, ended]));
        let events = self.service.get(&format!("{path}/events")).await.json();
        let found: Vec<Value> = events["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| json!([event["from"], event["to"]]))
            .collect();
        self.same(&format!("{path}/events is {}", json!(found)), &json!(found), &json!(attempt.history));
    }
}

/// The body of an answer with its dates as milliseconds.
fn in_milliseconds(answer: &Answer) -> Value {
    let mut value = answer.json();
    let turn = |row: &mut Value| {
        if let Some(date) = row.get("date").and_then(Value::as_str) {
            row["date"] = json!(date.parse::<Timestamp>().unwrap().as_millisecond());
        }
    };
    match &mut value {
        Value::Array(rows) => rows.iter_mut().for_each(turn),
        other => turn(other),
    }
    value
}

fn report((app, environment): (&str, &str), run_key: &str, word: &str, seq: i64, at: i64) -> String {
    json!({ "app": app, "workload": app, "platform": "v2", "environment": environment, "version": "2.0.0",
        "status": word, "run_key": run_key, "seq": seq, "at": at })
    .to_string()
}

/// From now on ids are as large as they get: on PostgreSQL the last ones of its type, elsewhere beyond 2^31.
async fn enlarge(service: &Service, left: usize) {
    let text = match service.engine {
        Engine::Sqlite => "UPDATE sqlite_sequence SET seq = 2147483627 WHERE name = 'versions'".to_owned(),
        Engine::Postgres => {
            let from = 2_147_483_647 - left;
            format!("SELECT setval(pg_get_serial_sequence('versions', 'versions_id'), {from})")
        }
        Engine::MySql => "ALTER TABLE versions AUTO_INCREMENT = 2147483628".to_owned(),
    };
    service.sql(&text).await;
}

/// Does so many operations; where registry and model differed.
async fn differences(service: Service, rules: Rules, seed: u64, count: usize) -> Vec<String> {
    let (model, random) = (Model::default(), Random::of(seed));
    let mut pair = Pair { service, model, random, rules, seconds: 0, number: 0, differences: Vec::new() };
    for number in 0..count {
        pair.number = number;
        if number == count / 2 {
            enlarge(&pair.service, count).await;
        }
        // The clock goes on, stands, and goes back; in the middle of it all by days.
        if pair.random.chance(8) {
            let days = i64::try_from(pair.random.below(3)).unwrap() - 1;
            pair.seconds += if pair.random.chance(4) { days * DAY / 1_000 } else { days * 7 };
            pair.service.at(pair.seconds);
        }
        match pair.random.below(5) {
            0 | 1 => pair.create().await,
            2 => pair.update_own().await,
            _ => pair.report().await,
        }
        pair.compare_v1().await;
        pair.compare_v2().await;
    }
    pair.differences
}

impl Pair {
    /// A v1 update of a row that v1 made: what it does to an attempt of v2 is tried elsewhere.
    async fn update_own(&mut self) {
        let attempts: Vec<Attempt> = std::mem::take(&mut self.model.attempts);
        let foreign = |row: &Row| attempts.iter().any(|attempt| attempt.id == row.id);
        let (theirs, own): (Vec<Row>, Vec<Row>) =
            std::mem::take(&mut self.model.rows).into_iter().partition(foreign);
        self.model.rows = own;
        self.update().await;
        self.model.rows.extend(theirs);
        self.model.rows.sort_by_key(|row| row.id);
        self.model.attempts = attempts;
    }
}

each_engine!(a_registry_is_as_its_model);
async fn a_registry_is_as_its_model(service: Service) {
    let full = std::env::var("SHIPMARK_TIER").is_ok_and(|tier| tier == "full");
    let count = if full { 5_000 } else { 500 };
    let engine = service.engine;
    let found = differences(service, RULES, 22, count).await;
    let _ =
        writeln!(std::io::stderr(), "{engine:?}: seed 22, {count} operations, {} differences", found.len());
    assert!(found.is_empty(), "{:#?}", &found[..found.len().min(5)]);
}

/// The control: a model with one other rule is found out.
#[tokio::test]
async fn a_registry_is_not_as_another_model() {
    let others = [Rules { good: &["deployed"], ..RULES }, Rules { by_end: false, ..RULES }];
    for rules in others {
        let found = differences(Service::start().await, rules, 22, 150).await;
        let _ = writeln!(std::io::stderr(), "another model: {} differences in 150 operations", found.len());
        assert!(!found.is_empty(), "{rules:?}");
    }
}
