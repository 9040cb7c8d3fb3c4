//! The operations of API v1.

use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use super::operation::Operation;
use crate::server::v1::input::{Kind, Shape};
use crate::server::v1::{rows, write};
use crate::store::{Listed, Place, Row, Stat};

/// How v1 says what is wrong.
#[derive(JsonSchema)]
#[schemars(rename = "V1Error")]
#[expect(dead_code, reason = "only its schema is of use")]
pub(super) struct Error {
    error: String,
}

#[derive(JsonSchema)]
#[schemars(rename = "V1Health")]
#[expect(dead_code, reason = "only its schema is of use")]
struct Health {
    health: String,
}

#[derive(JsonSchema)]
#[schemars(rename = "V1Created")]
#[expect(dead_code, reason = "only its schema is of use")]
struct Created {
    #[schemars(rename = "versionId")]
    version_id: i64,
}

#[derive(JsonSchema)]
#[schemars(rename = "V1Version")]
#[expect(dead_code, reason = "only its schema is of use")]
struct Version {
    version: String,
}

#[derive(JsonSchema)]
#[schemars(rename = "V1Raw")]
#[expect(dead_code, reason = "only its schema is of use")]
struct Raw {
    raw: String,
}

/// The state of the database by the name of its engine.
#[derive(JsonSchema)]
#[schemars(rename = "V1DatabaseHealth")]
#[expect(dead_code, reason = "only its schema is of use")]
struct DatabaseHealth {
    status: std::collections::BTreeMap<String, String>,
}

pub(super) fn operations() -> Vec<Operation> {
    let read = |path, words, shape: &Shape| {
        shape.fields.iter().fold(Operation::get(path, words), |operation, (key, _, kind)| {
            operation.asks(key, shape.needed.contains(key), schema(*kind, shape.needed.contains(key)), "")
        })
    };
    let missing = "there is nothing of the kind";
    let empty = "there is nothing yet";
    vec![
        Operation::get("/api/v1/health", "whether the process answers").gives::<Health>(200, "it does"),
        Operation::get("/api/v1/healthz", "whether the database answers")
            .gives::<DatabaseHealth>(200, "it does")
            .gives::<DatabaseHealth>(500, "it does not"),
        Operation::post("/api/v1/create", "records a deployment")
            .keyed()
            .takes_form(body(&write::CREATE))
            .gives::<Created>(201, "it is recorded")
            .gives::<Created>(200, "the same request was answered before"),
        Operation::post("/api/v1/update/status", "sets the status of a deployment")
            .takes_form(body(&write::UPDATE_STATUS))
            .gives::<String>(200, "done; `X-Versions-Matched: 0` where there is no such deployment"),
        Operation::get("/api/v1/read/home", "the newest 25 deployments")
            .gives::<Vec<Row>>(200, "newest first")
            .gives_nothing(204, empty),
        read("/api/v1/read/environment", "the deployments of a place", &rows::READ_ENVIRONMENT)
            .gives::<Vec<Listed>>(200, "newest first")
            .gives_nothing(404, missing),
        read("/api/v1/read/platform", "the deployments of a workload on a platform", &rows::READ_PLATFORM)
            .gives::<Vec<Listed>>(200, "newest first")
            .gives_nothing(404, missing),
        read("/api/v1/read/raw", "what was stored with the newest deployment of a version", &rows::RAW)
            .gives::<Raw>(200, "as it was sent")
            .gives_nothing(404, missing),
        read("/api/v1/read/raw/id", "one deployment", &rows::RAW_BY_ID)
            .gives::<Row>(200, "all of it")
            .gives_nothing(404, missing),
        Operation::get("/api/v1/read/distinct/workloads", "every place")
            .gives::<Vec<Place>>(200, "in order")
            .gives_nothing(204, empty),
        Operation::get("/api/v1/stats/latest", "the numbers of the last ten days")
            .gives::<Vec<Stat>>(200, "newest day first")
            .gives_nothing(204, empty),
        read("/api/v1/read/environment/latest", "the newest version that succeeded", &rows::LATEST)
            .gives::<Version>(200, "the version")
            .gives_nothing(404, missing),
        read(
            "/api/v1/read/environment/latest/whatever",
            "the newest version, whatever became of it",
            &rows::LATEST,
        )
        .gives::<Version>(200, "the version")
        .gives_nothing(404, missing),
    ]
}

fn schema(kind: Kind, needed: bool) -> Value {
    match kind {
        Kind::Text if needed => json!({ "type": "string", "minLength": 1, "maxLength": 100 }),
        Kind::Text => json!({ "type": "string" }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Limit => json!({ "type": "integer", "maximum": 1000 }),
        Kind::Id => json!({ "type": "integer", "format": "int64" }),
    }
}

fn body(shape: &Shape) -> Value {
    let properties: Map<String, Value> = shape
        .fields
        .iter()
        .map(|(key, _, kind)| ((*key).to_owned(), schema(*kind, shape.needed.contains(key))))
        .collect();
    json!({ "type": "object", "properties": properties, "required": shape.needed })
}
