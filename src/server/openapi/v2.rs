//! The operations of API v2.

use serde_json::json;

use super::operation::Operation;
use crate::domain::audit::Audited;
use crate::domain::deployment::{Correction, Progress, Report};
use crate::domain::hold::{Hold, HoldKind, NewHold};
use crate::domain::incident::{Incident, IncidentChange, NewIncident};
use crate::domain::lists::Told;
use crate::domain::observation::{NewObservation, Sighted, Stranger};
use crate::domain::past::Past;
use crate::domain::probing::{NewProbe, Probing};
use crate::domain::released::Released;
use crate::domain::token::{NewToken, Token};
use crate::registry::{ChainState, Compared};
use crate::server::can_deploy::Allowance;
use crate::server::deployments::Linked;
use crate::server::list::{Items, List};
use crate::server::marks::Mark;
use crate::server::releases::Known;
use crate::server::tokens::Made;
use crate::server::v2::{Matrix, Receipt, Server};

const NEW: &str = "it is recorded";
const AGAIN: &str = "the same request was answered before";
const PLACE: [&str; 3] = ["app", "platform", "environment"];

pub(super) fn operations() -> Vec<Operation> {
    [deployments(), present(), places(), holds(), administration()].concat()
}

fn text(operation: Operation, names: &[&'static str], needed: bool) -> Operation {
    names
        .iter()
        .fold(operation, |operation, name| operation.asks(name, needed, json!({ "type": "string" }), ""))
}

/// The filters of every list of deployments.
fn filtered(operation: Operation) -> Operation {
    let fields = "members to show, with commas between them";
    let kind = json!({ "type": "string", "enum": ["rollback", "hotfix", "redeploy"] });
    operation
        .filters(&["app", "platform", "environment", "env", "team", "workload", "status", "version", "sha"])
        .filters(&["actor", "from", "to", "q"])
        .asks("kind", false, kind, "")
        .asks("fields", false, json!({ "type": "string" }), fields)
}

fn deployments() -> Vec<Operation> {
    vec![
        filtered(Operation::get("/api/v2/deployments", "what was deployed, newest first"))
            .pages()
            .gives_media(
                200,
                "application/json",
                "`items` with the `fields` that were asked for, `next` and `limit`",
            ),
        Operation::post("/api/v2/deployments", "records an attempt, or by its run key the next step of one")
            .keyed()
            .takes::<Report>()
            .gives::<Receipt>(201, "a new attempt")
            .gives::<Receipt>(200, "the next step of one, or what was answered before")
            .refuses(409, "it contradicts what is recorded"),
        Operation::get("/api/v2/deployments/{id}", "one deployment").gives::<Past>(200, "all of it"),
        Operation::new("patch", "/api/v2/deployments/{id}", "corrects what a person may correct")
            .takes::<Correction>()
            .gives::<Past>(200, "as it is now"),
        Operation::get("/api/v2/deployments/{id}/events", "what happened to it")
            .gives::<Items<Linked>>(200, "oldest first"),
        Operation::post("/api/v2/deployments/{id}/events", "its next step")
            .keyed()
            .takes::<Progress>()
            .gives::<Receipt>(200, "it moved on, or did so before")
            .refuses(409, "the step is not legal from where it stands"),
        Operation::get("/api/v2/deployments/{id}/commits", "what it brought")
            .gives::<Told>(200, "newest first"),
        Operation::new("put", "/api/v2/deployments/{id}/commits", "tells what it brought, once")
            .takes::<Told>()
            .gives::<Told>(201, NEW)
            .gives::<Told>(200, AGAIN)
            .refuses(409, "another list was told before"),
        Operation::get("/api/v2/compare/{app}/{range}", "how B stands to A, as `A...B`")
            .filters(&["platform"])
            .gives::<Compared>(200, "by the lists that deployments brought")
            .refuses(409, "the name is on several platforms, which `choices` names"),
        filtered(Operation::get("/api/v2/export.csv", "the history as a table")).gives_media(
            200,
            "text/csv",
            "newest first",
        ),
        filtered(Operation::get("/api/v2/export.json", "the history as one list")).gives_media(
            200,
            "application/json",
            "newest first",
        ),
    ]
}

fn present() -> Vec<Operation> {
    vec![
        Operation::get("/api/v2/server", "how a client tells this server from the original one")
            .gives::<Server>(200, "what it is"),
        Operation::get("/api/v2/openapi.json", "this document").gives_media(
            200,
            "application/json",
            "by OpenAPI 3.1",
        ),
        Operation::get("/api/v2/stream", "every change as it happens, as server-sent events")
            .filters(&["app", "platform", "environment", "env", "team", "workload", "status"])
            .gives_media(
                200,
                "text/event-stream",
                "`id` resumes by `Last-Event-ID`; `reset` where too much was missed",
            ),
        text(Operation::get("/api/v2/chain", "whether every event of a place is what it was"), &PLACE, true)
            .gives::<ChainState>(200, "what the hashes say")
            .refuses(404, "nothing was ever recorded there"),
        Operation::get("/api/v2/current", "what is where and what is seen there")
            .filters(&["app"])
            .gives::<Matrix>(200, "by app, platform and environment"),
    ]
}

fn places() -> Vec<Operation> {
    let release = "/api/v2/apps/{app}/versions/{version}";
    let mark = "/api/v2/apps/{app}/versions/{version}/mark";
    let probe = "/api/v2/apps/{app}/environments/{env}/probe";
    vec![
        Operation::get(release, "which commit a version is").gives::<Released>(200, "the release"),
        Operation::new("put", release, "tells which commit a version is")
            .takes::<Released>()
            .gives::<Known>(201, NEW)
            .gives::<Known>(200, "it was known as the same commit")
            .refuses(409, "it is known as another commit"),
        Operation::new("put", mark, "marks a version as bad wherever it runs")
            .takes::<Mark>()
            .gives::<Hold>(201, NEW)
            .gives::<Hold>(200, "it is marked already"),
        text(Operation::new("delete", mark, "takes the mark away").filters(&["actor"]), &["reason"], true)
            .gives::<Hold>(200, "the mark as it was")
            .refuses(422, "the reason or the actor cannot be taken"),
        Operation::post("/api/v2/observations", "tells what a machine runs")
            .takes::<NewObservation>()
            .gives::<Stranger>(201, "what is known now"),
        text(Operation::get("/api/v2/observations", "what was seen at a place"), &PLACE, true)
            .asks(
                "from",
                false,
                json!({ "type": "integer", "format": "int64" }),
                "in milliseconds since 1970",
            )
            .pages()
            .gives::<List<Sighted>>(200, "newest first"),
        Operation::get(probe, "what the registry asks there")
            .filters(&["platform"])
            .admin()
            .gives::<Probing>(200, ""),
        Operation::new("put", probe, "asks there from now on")
            .filters(&["platform"])
            .takes::<NewProbe>()
            .admin()
            .gives::<Probing>(200, "as it is set"),
        Operation::new("delete", probe, "asks there no more")
            .filters(&["platform"])
            .admin()
            .gives_nothing(204, "done"),
    ]
}

fn holds() -> Vec<Operation> {
    let (hold, incident) = ("/api/v2/holds/{id}", "/api/v2/incidents/{id}");
    let kinds: Vec<&str> = [HoldKind::Hold, HoldKind::Lock, HoldKind::Freeze].map(HoldKind::word).to_vec();
    let flag = || json!({ "type": "string", "enum": ["true", "false"] });
    vec![
        Operation::get("/api/v2/holds", "what holds now and speaks of a place")
            .filters(&["app", "platform", "environment", "env"])
            .asks("kind", false, json!({ "type": "string", "enum": kinds }), "")
            .asks("all", false, flag(), "with `true` what ended too")
            .pages()
            .gives::<List<Hold>>(200, "newest first"),
        Operation::post("/api/v2/holds", "holds a version, locks or freezes an environment")
            .keyed()
            .takes::<NewHold>()
            .gives::<Hold>(201, NEW)
            .gives::<Hold>(200, AGAIN)
            .refuses(409, "it is held already"),
        Operation::get(hold, "one hold").gives::<Hold>(200, ""),
        text(Operation::new("delete", hold, "lifts it").filters(&["actor"]), &["reason"], true)
            .gives::<Hold>(200, "the hold as it was")
            .refuses(422, "the reason or the actor cannot be taken"),
        text(
            Operation::get("/api/v2/can-deploy", "whether a version may go somewhere").filters(&[
                "environment",
                "env",
                "platform",
                "sha",
                "ref",
                "actor",
            ]),
            &["app", "version"],
            true,
        )
        .gives::<Allowance>(200, "whether, and why not")
        .refuses(404, "the place is outside of the limits of the token"),
        Operation::get("/api/v2/incidents", "what went wrong")
            .filters(&["app", "platform", "environment", "env"])
            .asks("open", false, flag(), "with `true` only what is not resolved")
            .pages()
            .gives::<List<Incident>>(200, "newest first"),
        Operation::post("/api/v2/incidents", "opens an incident")
            .keyed()
            .takes::<NewIncident>()
            .gives::<Incident>(201, NEW)
            .gives::<Incident>(200, AGAIN),
        Operation::get(incident, "one incident").gives::<Incident>(200, ""),
        Operation::new("patch", incident, "changes what is there and leaves the rest")
            .takes::<IncidentChange>()
            .gives::<Incident>(200, "as it is now"),
    ]
}

fn administration() -> Vec<Operation> {
    vec![
        Operation::get("/api/v2/tokens", "every token, without its secret")
            .admin()
            .gives::<Items<Token>>(200, "newest first"),
        Operation::post("/api/v2/tokens", "makes a token")
            .takes::<NewToken>()
            .admin()
            .gives::<Made>(201, "with its text, which is never shown again"),
        Operation::new("delete", "/api/v2/tokens/{id}", "revokes it for good")
            .admin()
            .gives::<Token>(200, "as it was"),
        Operation::get("/api/v2/audit", "who changed what")
            .filters(&["action", "token", "subject"])
            .pages()
            .admin()
            .gives::<List<Audited>>(200, "newest first"),
    ]
}
