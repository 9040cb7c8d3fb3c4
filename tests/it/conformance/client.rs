//! HTTP to a server under test.

use serde_json::Value;

pub(super) struct Client {
    base: String,
    http: reqwest::Client,
    /// Differs in each run, so that rows of others do not count.
    run: String,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) status: u16,
    pub(super) kind: String,
    pub(super) location: String,
    pub(super) text: String,
    pub(super) headers: reqwest::header::HeaderMap,
}

impl Got {
    #[track_caller]
    pub(super) fn is(&self, status: u16, text: &str) {
        assert_eq!((self.status, self.text.as_str()), (status, text), "{self:?}");
    }

    #[track_caller]
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The one shape of an error, with this text.
    #[track_caller]
    pub(super) fn refuses(&self, status: u16, why: &str) {
        assert_eq!((self.status, self.json()), (status, serde_json::json!({ "error": why })));
    }

    /// The id of a row that was created.
    #[track_caller]
    pub(super) fn id(&self) -> i64 {
        assert_eq!(self.status, 201, "{self:?}");
        self.json()["versionId"].as_i64().unwrap()
    }
}

pub(super) const CREATE: &str = "/api/v1/create";
pub(super) const UPDATE: &str = "/api/v1/update/status";
pub(super) const JSON: &str = "application/json";
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

impl Client {
    pub(super) fn new(base: &str) -> Self {
        // The client is built with TLS, which wants a provider even where only plain HTTP is spoken.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        let run = uuid::Uuid::new_v4().simple().to_string();
        Self { base: base.to_owned(), http: http.build().unwrap(), run }
    }

    /// A name that no other run uses.
    pub(super) fn name(&self, what: &str) -> String {
        format!("{what}-{}", self.run)
    }

    pub(super) async fn send(&self, method: &str, path: &str, kind: &str, body: &str) -> Got {
        let method = method.parse().unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.base)).body(body.to_owned());
        if !kind.is_empty() {
            request = request.header("Content-Type", kind);
        }
        let answer = request.send().await.unwrap();
        let headers = answer.headers().clone();
        let header = |name: &str| headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        let (status, kind, location) = (answer.status().as_u16(), header("content-type"), header("location"));
        Got { status, kind, location, text: answer.text().await.unwrap(), headers }
    }

    pub(super) async fn get(&self, path: &str) -> Got {
        self.send("GET", path, "", "").await
    }

    /// A row of workload `what` on platform `p` and environment `e`.
    pub(super) async fn row(&self, what: &str, version: &str, status: &str) -> i64 {
        let workload = self.name(what);
        let body = format!("workload={workload}&platform=p&environment=e&version={version}&status={status}");
        self.send("POST", CREATE, FORM, &body).await.id()
    }

    /// The query that names the place of `row`.
    pub(super) fn place(&self, what: &str) -> String {
        format!("workload={}&platform=p&environment=e", self.name(what))
    }
}
