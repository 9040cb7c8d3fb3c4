//! One method of one route, as the document describes it.

use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use super::schemas::Schemas;
use crate::server::problem::Document;

/// Makes the schema of a type.
type Shaped = fn(&mut Schemas) -> Value;

/// How a path belongs to the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    V1,
    V2,
}

/// Something that a request carries beside its body.
#[derive(Debug, Clone)]
struct Parameter {
    name: &'static str,
    place: &'static str,
    needed: bool,
    schema: Value,
    words: &'static str,
}

#[derive(Debug, Clone)]
struct Answer {
    status: u16,
    words: &'static str,
    /// The media type, and the schema where it has one.
    content: Option<(&'static str, Option<Shaped>)>,
}

#[derive(Debug, Clone)]
pub(super) struct Operation {
    pub(super) path: &'static str,
    pub(super) method: &'static str,
    family: Family,
    words: &'static str,
    parameters: Vec<Parameter>,
    /// Media types and what each carries.
    bodies: Vec<(&'static str, Shaped)>,
    /// A body that is described in place.
    form: Option<Value>,
    answers: Vec<Answer>,
    /// Only who manages the registry may do it.
    admin: bool,
}

impl Operation {
    /// `method` in small letters; the words say what it does, as one fragment.
    pub(super) fn new(method: &'static str, path: &'static str, words: &'static str) -> Self {
        let family = if path.starts_with("/api/v1/") { Family::V1 } else { Family::V2 };
        let (parameters, bodies, form, answers) = (Vec::new(), Vec::new(), None, Vec::new());
        Self { path, method, family, words, parameters, bodies, form, answers, admin: false }
    }

    pub(super) fn get(path: &'static str, words: &'static str) -> Self {
        Self::new("get", path, words)
    }

    pub(super) fn post(path: &'static str, words: &'static str) -> Self {
        Self::new("post", path, words)
    }

    /// A parameter of the query.
    pub(super) fn asks(self, name: &'static str, needed: bool, schema: Value, words: &'static str) -> Self {
        self.parameter(Parameter { name, place: "query", needed, schema, words })
    }

    /// Optional texts of the query that mean what their name says.
    pub(super) fn filters(self, names: &[&'static str]) -> Self {
        names
            .iter()
            .fold(self, |operation, name| operation.asks(name, false, json!({ "type": "string" }), ""))
    }

    /// A list in pages, by `limit` and `cursor`.
    pub(super) fn pages(self) -> Self {
        let limit = json!({ "type": "integer", "minimum": 1, "maximum": 100, "default": 50 });
        self.asks("limit", false, limit, "the most items of a page").asks(
            "cursor",
            false,
            json!({ "type": "string" }),
            "`next` of the page before",
        )
    }

    /// A request that may be sent twice and has one effect.
    pub(super) fn keyed(self) -> Self {
        let words = "the same key and body have one effect for ever";
        let schema = json!({ "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" });
        self.parameter(Parameter { name: "Idempotency-Key", place: "header", needed: false, schema, words })
    }

    /// A change that happens only to what the client saw.
    pub(super) fn matches(self) -> Self {
        let words = "the `ETag` of what the client saw, or `*`";
        let schema = json!({ "type": "string" });
        self.parameter(Parameter { name: "If-Match", place: "header", needed: false, schema, words })
    }

    fn parameter(mut self, parameter: Parameter) -> Self {
        self.parameters.push(parameter);
        self
    }

    /// A body of JSON.
    pub(super) fn takes<T: JsonSchema>(mut self) -> Self {
        self.bodies.push(("application/json", Schemas::request::<T>));
        self
    }

    /// A body that v1 takes in three media types.
    pub(super) fn takes_form(self, schema: Value) -> Self {
        Self { form: Some(schema), ..self }
    }

    /// An answer of JSON.
    pub(super) fn gives<T: JsonSchema>(self, status: u16, words: &'static str) -> Self {
        self.answer(status, words, Some(("application/json", Some(Schemas::answer::<T>))))
    }

    /// An answer of another kind.
    pub(super) fn gives_media(self, status: u16, media: &'static str, words: &'static str) -> Self {
        self.answer(status, words, Some((media, None)))
    }

    /// An answer without a body.
    pub(super) fn gives_nothing(self, status: u16, words: &'static str) -> Self {
        self.answer(status, words, None)
    }

    /// A refusal that this method may give beside those that any may.
    pub(super) fn refuses(self, status: u16, words: &'static str) -> Self {
        let answer: Shaped = match self.family {
            Family::V1 => Schemas::answer::<super::v1::Error>,
            Family::V2 => Schemas::answer::<Document>,
        };
        let media = if self.family == Family::V1 { "application/json" } else { "application/problem+json" };
        self.answer(status, words, Some((media, Some(answer))))
    }

    pub(super) fn admin(self) -> Self {
        Self { admin: true, ..self }
    }

    fn answer(
        mut self,
        status: u16,
        words: &'static str,
        content: Option<(&'static str, Option<Shaped>)>,
    ) -> Self {
        if !self.answers.iter().any(|answer| answer.status == status) {
            self.answers.push(Answer { status, words, content });
        }
        self
    }

    /// With the refusals that every route may give, unless it says otherwise itself.
    fn complete(self) -> Self {
        let (has_body, has_path) = (!self.bodies.is_empty() || self.form.is_some(), self.path.contains('{'));
        let all = self
            .refuses(400, "the request cannot be read")
            .refuses(401, "a token is needed, or it is wrong")
            .refuses(403, "the token does not allow it, or a page of another origin asks")
            .refuses(408, "it took too long")
            .refuses(414, "the address is too long")
            .refuses(421, "the host is not one of ours")
            .refuses(429, "too many requests; Retry-After says when to come back")
            .refuses(431, "the headers are too long")
            .refuses(500, "a fault of the server")
            .refuses(503, "not now; Retry-After says when to come back");
        let all = if has_path || has_body || all.admin {
            all.refuses(404, "there is no such thing, or not for this token")
        } else {
            all
        };
        if !has_body {
            return all;
        }
        all.refuses(413, "the body is too large")
            .refuses(415, "the body is of another media type")
            .refuses(422, "the body says what cannot be; `errors` names each field")
    }

    /// The operation as OpenAPI writes it.
    pub(super) fn document(self, schemas: &mut Schemas) -> Value {
        let operation = self.complete();
        let mut all = Map::new();
        all.insert("summary".to_owned(), json!(operation.words));
        all.insert("operationId".to_owned(), json!(operation.id()));
        all.insert("tags".to_owned(), json!([operation.tag()]));
        let security = if operation.admin {
            json!([{ "bearer": [] }, { "basic": [] }])
        } else {
            json!([{}, { "bearer": [] }, { "basic": [] }])
        };
        all.insert("security".to_owned(), security);
        let parameters: Vec<Value> = operation
            .path_parameters()
            .into_iter()
            .chain(operation.parameters.iter().map(Parameter::document))
            .collect();
        if !parameters.is_empty() {
            all.insert("parameters".to_owned(), json!(parameters));
        }
        if let Some(body) = operation.body(schemas) {
            all.insert("requestBody".to_owned(), body);
        }
        let answers: Map<String, Value> = operation
            .answers
            .iter()
            .map(|answer| (answer.status.to_string(), answer.document(schemas)))
            .collect();
        all.insert("responses".to_owned(), Value::Object(answers));
        Value::Object(all)
    }

    fn body(&self, schemas: &mut Schemas) -> Option<Value> {
        let mut content = Map::new();
        for (media, shaped) in &self.bodies {
            content.insert((*media).to_owned(), json!({ "schema": shaped(schemas) }));
        }
        if let Some(form) = &self.form {
            for media in ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"] {
                content.insert(media.to_owned(), json!({ "schema": form }));
            }
        }
        (!content.is_empty()).then(|| json!({ "required": true, "content": content }))
    }

    /// What stands in braces in the path.
    fn path_parameters(&self) -> Vec<Value> {
        let names = self.path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
        names
            .map(|name| {
                json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 } })
            })
            .collect()
    }

    fn tag(&self) -> &str {
        let mut parts = self.path.trim_start_matches("/api/").split('/').filter(|part| !part.is_empty());
        match self.family {
            Family::V1 => "v1",
            Family::V2 => parts.find(|part| *part != "v2").unwrap_or("server"),
        }
    }

    /// A name for generated clients.
    fn id(&self) -> String {
        let path = self.path.trim_start_matches("/api/").replace(['{', '}'], "");
        let words: Vec<&str> =
            path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
        format!("{}_{}", self.method, words.join("_"))
    }
}

impl Parameter {
    fn document(&self) -> Value {
        json!({
            "name": self.name, "in": self.place, "required": self.needed, "schema": self.schema,
            "description": self.words,
        })
    }
}

impl Answer {
    fn document(&self, schemas: &mut Schemas) -> Value {
        let Some((media, shaped)) = self.content else { return json!({ "description": self.words }) };
        let content = shaped.map_or_else(|| json!({}), |shaped| json!({ "schema": shaped(schemas) }));
        json!({ "description": self.words, "content": { media: content } })
    }
}
