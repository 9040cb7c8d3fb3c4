//! The schemas of the document: each type that a request or an answer is stands once, under its name.

use schemars::JsonSchema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

use crate::registry::{KEY, NAME, TEXT};

/// The latest time that there is, in milliseconds since 1970.
const LATEST: i64 = 253_402_207_200_000;
/// No control character.
const PLAIN: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";

pub(super) struct Schemas {
    requests: SchemaGenerator,
    answers: SchemaGenerator,
    named: Map<String, Value>,
}

impl Schemas {
    pub(super) fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.meta_schema = None;
                settings.inline_subschemas = true;
            })
        };
        Self {
            requests: settings().for_deserialize().into_generator(),
            answers: settings().for_serialize().into_generator(),
            named: Map::new(),
        }
    }

    /// What a client may send as this type.
    pub(super) fn request<T: JsonSchema>(&mut self) -> Value {
        let mut schema = self.requests.root_schema_for::<T>().to_value();
        bound(&mut schema);
        self.name(format!("{}Request", T::schema_name()), schema)
    }

    /// What a client gets as this type.
    pub(super) fn answer<T: JsonSchema>(&mut self) -> Value {
        let schema = self.answers.root_schema_for::<T>().to_value();
        self.name(T::schema_name().into_owned(), schema)
    }

    fn name(&mut self, name: String, schema: Value) -> Value {
        let reference = json!({ "$ref": format!("#/components/schemas/{name}") });
        self.named.insert(name, schema);
        reference
    }

    pub(super) fn into_components(self) -> Map<String, Value> {
        self.named
    }
}

/// Adds the bounds that every request has: of names, of other texts, of times and of counts.
fn bound(schema: &mut Value) {
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (name, property) in properties {
        let Some(property) = property.as_object_mut() else { continue };
        let is = |kind: &str| match property.get("type") {
            Some(Value::String(only)) => only == kind,
            Some(Value::Array(several)) => several.iter().any(|one| one == kind),
            _ => false,
        };
        let (text, number) = (is("string"), is("integer"));
        let mut set = |key: &str, value: Value| {
            property.entry(key).or_insert(value);
        };
        if text {
            let (least, most) = match name.as_str() {
                "app" | "workload" | "platform" | "environment" | "version" | "name" => (1, NAME),
                "run_key" => (1, KEY),
                "title" | "reason" | "tag" | "url" | "digest" => (1, TEXT),
                _ => (0, TEXT),
            };
            set("minLength", json!(least));
            set("maxLength", json!(most));
            set("pattern", json!(PLAIN));
        } else if number {
            set("minimum", json!(0));
            if name == "at" || name == "until" || name.ends_with("_at") {
                set("maximum", json!(LATEST));
            }
        }
    }
}
