//! JSON as Go's `encoding/json` reads it into a structure.

use serde::Deserializer as _;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;

use super::input::{Bad, Field, Kind, Shape};

/// The members of the object, repeated keys and all. The top level may be `null`.
pub(super) fn members(shape: &Shape, text: &str) -> Result<Vec<(String, Json)>, Bad> {
    struct Members<'a>(&'a Shape);
    impl<'de> Visitor<'de> for Members<'_> {
        type Value = Result<Vec<(String, Json)>, Bad>;
        fn expecting(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            to.write_str("a JSON value")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(Ok(members))
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Ok(Vec::new()))
        }
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok(Err(not_an_object(self.0, "bool")))
        }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok(Err(not_an_object(self.0, "number")))
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok(Err(not_an_object(self.0, "number")))
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok(Err(not_an_object(self.0, "number")))
        }
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok(Err(not_an_object(self.0, "string")))
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Err(not_an_object(self.0, "array")))
        }
    }
    let mut parser = serde_json::Deserializer::from_str(text);
    parser.deserialize_any(Members(shape)).map_err(|error| syntax(text, &error))?
}

fn not_an_object(shape: &Shape, kind: &str) -> Bad {
    Bad::Request(format!("json: cannot unmarshal {kind} into Go value of type models.{}", shape.name))
}

/// As near to Go's own words as the position allows.
fn syntax(text: &str, error: &serde_json::Error) -> Bad {
    if error.is_eof() {
        return Bad::Request("unexpected EOF".to_owned());
    }
    let line = text.split('\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
    let at = error.column().saturating_sub(1);
    let found = line.get(at..).and_then(|rest| rest.chars().next());
    Bad::Request(match found {
        Some(found) => format!("invalid character {found:?} in JSON at line {}", error.line()),
        None => "invalid JSON".to_owned(),
    })
}

/// The field that a member gives; none for `null`, which is the zero value.
pub(super) fn field(shape: &Shape, key: &str, kind: Kind, value: Json) -> Result<Option<Field>, Bad> {
    let wanted = match kind {
        Kind::Text => "string",
        Kind::Flag => "bool",
        Kind::Id | Kind::Limit => "int",
    };
    let found = match (kind, value) {
        (_, Json::Null) => return Ok(None),
        (Kind::Text, Json::String(text)) => return Ok(Some(Field::Text(text))),
        (Kind::Flag, Json::Bool(flag)) => return Ok(Some(Field::Flag(flag))),
        (Kind::Id | Kind::Limit, Json::String(text)) => match text.parse() {
            Ok(id) => return Ok(Some(Field::Id(id))),
            Err(_) => "string".to_owned(),
        },
        (Kind::Id | Kind::Limit, Json::Number(number)) => match number.as_i64() {
            Some(id) => return Ok(Some(Field::Id(id))),
            None => format!("number {number}"),
        },
        (_, Json::String(_)) => "string".to_owned(),
        (_, Json::Number(_)) => "number".to_owned(),
        (_, Json::Bool(_)) => "bool".to_owned(),
        (_, Json::Array(_)) => "array".to_owned(),
        (_, Json::Object(_)) => "object".to_owned(),
    };
    Err(Bad::Request(format!(
        "json: cannot unmarshal {found} into Go struct field {}.{key} of type {wanted}",
        shape.name
    )))
}
