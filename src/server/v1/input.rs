//! Reads the inputs of API v1 as the Go program reads them, down to the texts of its errors.

use axum::http::Method;

use super::{json, query};

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) enum Kind {
    Text,
    Flag,
    /// An integer of at most 1,000; more would make answers too large, and less than was asked for would lose rows.
    Limit,
    /// An integer; in JSON a string of digits will do, because the original's README sends one.
    Id,
}

/// A structure of the Go program: its name, and of each field the key, the name in errors and the kind.
pub(in crate::server) struct Shape {
    pub(in crate::server) name: &'static str,
    pub(in crate::server) fields: &'static [(&'static str, &'static str, Kind)],
    /// The keys of those that must be there.
    pub(in crate::server) needed: &'static [&'static str],
}

/// How a request carries its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Medium {
    Query,
    Form,
    /// Only the parts count, not the query.
    Multipart,
    Json,
}

/// Why an input cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::server) enum Bad {
    Request(String),
    MediaType(String),
}

impl Bad {
    /// What is wrong.
    pub(in crate::server) fn words(&self) -> &str {
        match self {
            Self::Request(words) | Self::MediaType(words) => words,
        }
    }
}

/// The largest page.
const LIMIT: i64 = 1_000;

impl Medium {
    /// By method and media type, which Go compares exactly; without a known one the body is a form.
    pub(super) fn of(method: &Method, content_type: &str) -> Result<Self, Bad> {
        if method == Method::GET || method == Method::HEAD {
            return Ok(Self::Query);
        }
        let bare = content_type.split([';', ' ']).next().unwrap_or_default();
        match bare {
            "application/json" => Ok(Self::Json),
            "multipart/form-data" => Ok(Self::Multipart),
            "application/xml"
            | "text/xml"
            | "application/x-yaml"
            | "application/yaml"
            | "application/toml"
            | "application/x-protobuf"
            | "application/x-msgpack"
            | "application/msgpack" => Err(Bad::MediaType(format!(
                "Unsupported Media Type: {bare}; send application/json or application/x-www-form-urlencoded"
            ))),
            _ => Ok(Self::Form),
        }
    }
}

/// The fields of one request by key; texts, flags and integers alike are kept as text and number.
#[derive(Debug, Default)]
pub(super) struct Input(Vec<(&'static str, Field)>);

/// One value.
#[derive(Debug)]
pub(super) enum Field {
    Text(String),
    Flag(bool),
    Id(i64),
}

impl Input {
    /// Reads the fields of `shape` from a query, and from a body that is a form.
    pub(super) fn urlencoded(shape: &Shape, query: &str, body: &[u8]) -> Result<Self, Bad> {
        let mut pairs = query::pairs(body)?;
        pairs.extend(query::pairs(query.as_bytes())?);
        Self::form(shape, &pairs)
    }

    /// Reads the fields of `shape` from names and values; the first of repeated values wins.
    pub(super) fn form(shape: &Shape, pairs: &[(String, String)]) -> Result<Self, Bad> {
        let mut input = Self::default();
        for (key, _, kind) in shape.fields {
            let Some((_, value)) = pairs.iter().find(|(name, _)| name == key) else { continue };
            let field = match kind {
                Kind::Text => Field::Text(value.clone()),
                Kind::Flag => Field::Flag(flag(value)?),
                Kind::Id | Kind::Limit => Field::Id(integer(value)?),
            };
            input.0.push((key, field));
        }
        input.storable()
    }

    /// Keys match without regard to case, unknown ones are ignored, the last of repeated ones wins, `null` is
    /// the zero value, and what follows the first value is ignored.
    pub(super) fn json(shape: &Shape, body: &[u8]) -> Result<Self, Bad> {
        let text = String::from_utf8_lossy(body);
        if text.trim_matches([' ', '\t', '\r', '\n']).is_empty() {
            return Err(Bad::Request("EOF".to_owned()));
        }
        let mut input = Self::default();
        for (name, value) in json::members(shape, &text)? {
            let field = shape.fields.iter().find(|(key, _, _)| key.eq_ignore_ascii_case(&name));
            let Some((key, _, kind)) = field else { continue };
            if let Some(field) = json::field(shape, key, *kind, value)? {
                input.0.push((key, field));
            }
        }
        input.0.reverse();
        input.storable()
    }

    /// PostgreSQL cannot store a NUL, and all engines shall answer alike.
    fn storable(self) -> Result<Self, Bad> {
        match self.0.iter().find(|(_, field)| matches!(field, Field::Text(text) if text.contains('\0'))) {
            Some((key, _)) => Err(Bad::Request(format!("NUL character in field {key}"))),
            None => Ok(self),
        }
    }

    /// Whether the field was given at all.
    pub(super) fn has(&self, key: &str) -> bool {
        self.0.iter().any(|(name, _)| *name == key)
    }

    /// The text of a field, empty if it is absent.
    pub(super) fn text(&self, key: &str) -> &str {
        self.0
            .iter()
            .find_map(|(name, field)| match field {
                Field::Text(text) if *name == key => Some(text.as_str()),
                _ => None,
            })
            .unwrap_or_default()
    }

    /// Whether the flag is set.
    pub(super) fn flag(&self, key: &str) -> bool {
        self.0.iter().any(|(name, field)| *name == key && matches!(field, Field::Flag(true)))
    }

    /// The integer of a field, 0 if it is absent.
    pub(super) fn id(&self, key: &str) -> i64 {
        self.0
            .iter()
            .find_map(|(name, field)| match field {
                Field::Id(id) if *name == key => Some(*id),
                _ => None,
            })
            .unwrap_or_default()
    }

    /// The lines of Go's validator, in the order of the fields: required ones are not zero, and texts have at
    /// most 100 code points.
    pub(super) fn faults(&self, shape: &Shape, required: &[&str]) -> Result<(), Bad> {
        let mut lines = Vec::new();
        let checked = |key: &str, kind: Kind| required.contains(&key) || kind == Kind::Limit;
        for (key, name, kind) in shape.fields.iter().filter(|(key, _, kind)| checked(key, *kind)) {
            let (zero, long) = match kind {
                Kind::Id => (self.id(key) == 0, false),
                Kind::Limit => (false, self.id(key) > LIMIT),
                _ => (self.text(key).is_empty(), self.text(key).chars().count() > 100),
            };
            let tag = match (zero, long) {
                (true, _) => "required",
                (false, true) => "max",
                (false, false) => continue,
            };
            lines.push(format!(
                "Key: '{}.{name}' Error:Field validation for '{name}' failed on the '{tag}' tag",
                shape.name
            ));
        }
        if lines.is_empty() { Ok(()) } else { Err(Bad::Request(lines.join("\n"))) }
    }
}

/// Go's `strconv.ParseInt`; a form field that is present and empty is 0.
fn integer(text: &str) -> Result<i64, Bad> {
    if text.is_empty() {
        return Ok(0);
    }
    text.parse().map_err(|error: std::num::ParseIntError| {
        let why = match error.kind() {
            std::num::IntErrorKind::PosOverflow | std::num::IntErrorKind::NegOverflow => "value out of range",
            _ => "invalid syntax",
        };
        Bad::Request(format!("strconv.ParseInt: parsing {text:?}: {why}"))
    })
}

/// Go's `strconv.ParseBool`; a form field that is present and empty is false.
fn flag(text: &str) -> Result<bool, Bad> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "" | "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(Bad::Request(format!("strconv.ParseBool: parsing {text:?}: invalid syntax"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape {
        name: "UpdateStatus",
        fields: &[("versionId", "VersionId", Kind::Id), ("status", "Status", Kind::Text)],
        needed: &["versionId", "status"],
    };

    fn json(text: &str) -> Result<Input, Bad> {
        Input::json(&SHAPE, text.as_bytes())
    }

    fn error(result: Result<Input, Bad>) -> String {
        match result.unwrap_err() {
            Bad::Request(text) | Bad::MediaType(text) => text,
        }
    }

    #[test]
    fn json_is_read_as_go_reads_it() {
        let input = json(r#"{"VERSIONID":"14","status":"a","x":[1],"Status":"b"} trailing"#).unwrap();
        assert_eq!((input.id("versionId"), input.text("status")), (14, "b"));
        assert!(!json("null").unwrap().has("status"));
        assert_eq!(error(json("")), "EOF");
        assert_eq!(error(json("{")), "unexpected EOF");
        assert_eq!(
            error(json("[1]")),
            "json: cannot unmarshal array into Go value of type models.UpdateStatus"
        );
        assert_eq!(
            error(json(r#"{"versionId":"x"}"#)),
            "json: cannot unmarshal string into Go struct field UpdateStatus.versionId of type int"
        );
        assert_eq!(
            error(json(r#"{"versionId":1.5}"#)),
            "json: cannot unmarshal number 1.5 into Go struct field UpdateStatus.versionId of type int"
        );
        assert_eq!(
            error(json(r#"{"status":7}"#)),
            "json: cannot unmarshal number into Go struct field UpdateStatus.status of type string"
        );
    }

    #[test]
    fn a_form_merges_body_and_query_and_the_body_wins() {
        let input = Input::urlencoded(&SHAPE, "status=q&versionId=7", b"status=b&status=c").unwrap();
        assert_eq!((input.id("versionId"), input.text("status")), (7, "b"));
        let bad = Input::urlencoded(&SHAPE, "versionId=abc", b"");
        assert_eq!(error(bad), "strconv.ParseInt: parsing \"abc\": invalid syntax");
    }

    #[test]
    fn every_failing_field_has_its_line() {
        let input = Input::urlencoded(&SHAPE, "versionId=0", b"").unwrap();
        let Bad::Request(text) = input.faults(&SHAPE, &["versionId", "status"]).unwrap_err() else {
            panic!()
        };
        assert_eq!(
            text,
            "Key: 'UpdateStatus.VersionId' Error:Field validation for 'VersionId' failed on the 'required' tag\n\
             Key: 'UpdateStatus.Status' Error:Field validation for 'Status' failed on the 'required' tag"
        );
    }

    #[test]
    fn a_media_type_is_compared_exactly() {
        assert_eq!(Medium::of(&Method::POST, "application/json; charset=utf-8"), Ok(Medium::Json));
        assert_eq!(Medium::of(&Method::POST, "Application/JSON"), Ok(Medium::Form));
        assert_eq!(Medium::of(&Method::POST, ""), Ok(Medium::Form));
        assert_eq!(Medium::of(&Method::GET, "application/json"), Ok(Medium::Query));
        assert!(matches!(Medium::of(&Method::POST, "text/xml"), Err(Bad::MediaType(_))));
    }
}
