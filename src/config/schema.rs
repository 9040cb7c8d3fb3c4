//! The JSON schema of `shipmark.toml`, made from the table of keys, for editors that complete and check it.

use serde_json::{Map, Value, json};

use super::keys::{KEYS, Key, Kind};

/// The schema, as JSON Schema 2020-12.
pub fn schema() -> Value {
    let mut root = table();
    for key in KEYS {
        let segments: Vec<&str> = key.path.split('.').collect();
        put(&mut root, &segments, key);
    }
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!("shipmark.toml"));
    schema.extend(root);
    Value::Object(schema)
}

/// A table without a key so far.
fn table() -> Map<String, Value> {
    let mut table = Map::new();
    table.insert("type".to_owned(), json!("object"));
    table.insert("properties".to_owned(), json!({}));
    table.insert("additionalProperties".to_owned(), json!(false));
    table
}

/// Puts a key below a table: `*` describes every other name, `[]` the tables of a list.
fn put(table: &mut Map<String, Value>, segments: &[&str], key: &Key) {
    let Some((first, rest)) = segments.split_first() else { return };
    let (name, is_list) = (first.trim_end_matches("[]"), first.ends_with("[]"));
    let slot = match name {
        "*" => table.entry("additionalProperties").or_insert(json!(false)),
        _ => {
            let Some(Value::Object(named)) = table.get_mut("properties") else { return };
            named.entry(name).or_insert(json!(false))
        }
    };
    if rest.is_empty() {
        *slot = value(key);
        return;
    }
    if !slot.is_object() {
        *slot =
            if is_list { json!({ "type": "array", "items": self::table() }) } else { self::table().into() };
    }
    let inner = if is_list { slot.get_mut("items") } else { Some(slot) };
    if let Some(Value::Object(inner)) = inner {
        put(inner, rest, key);
    }
}

fn value(key: &Key) -> Value {
    let mut schema = match key.kind {
        Kind::Text => json!({ "type": "string" }),
        Kind::Choice(names) => json!({ "type": "string", "enum": names }),
        Kind::Number => json!({ "type": "integer" }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Texts => json!({ "type": "array", "items": { "type": "string" } }),
    };
    if let Value::Object(schema) = &mut schema {
        schema.insert("description".to_owned(), json!(key.purpose));
        schema.extend(key.default_value().map(|value| ("default".to_owned(), json!(value))));
        schema.extend(key.example_value().map(|value| ("examples".to_owned(), json!([value]))));
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_user_lists_and_kinds_have_their_form() {
        let schema = schema();
        let at = |pointer: &str| schema.pointer(pointer).cloned().unwrap_or_else(|| panic!("{pointer}"));
        assert_eq!(at("/additionalProperties"), json!(false));
        assert_eq!(at("/properties/release/properties/initial/default"), json!("0.1.0"));
        assert_eq!(at("/properties/version_file/items/properties/path/type"), json!("string"));
        assert_eq!(at("/properties/version_file/items/additionalProperties"), json!(false));
        assert_eq!(
            at("/properties/bump/properties/types/additionalProperties/enum"),
            json!(["major", "minor", "patch", "none"])
        );
        assert_eq!(
            at("/properties/environments/additionalProperties/properties/health/properties/stable/examples"),
            json!([3])
        );
    }

    #[test]
    fn every_example_and_default_is_of_its_kind() {
        let is = |kind: Kind, value: &toml::Value| match kind {
            Kind::Text => value.is_str(),
            Kind::Choice(names) => value.as_str().is_some_and(|text| names.contains(&text)),
            Kind::Number => value.is_integer(),
            Kind::Flag => value.is_bool(),
            Kind::Texts => value.as_array().is_some_and(|items| items.iter().all(toml::Value::is_str)),
        };
        for key in KEYS {
            assert!(is(key.kind, &key.example_value().unwrap()), "{}", key.path);
            assert!(key.default.is_none() || is(key.kind, &key.default_value().unwrap()), "{}", key.path);
        }
    }
}
