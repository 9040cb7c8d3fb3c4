//! Webhooks: who is told of changes elsewhere, and in which words.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;

use super::deployment::{Kind, State};
use super::live::Happening;

/// How long one change is tried to be told, in milliseconds.
pub const PATIENCE: i64 = 24 * 60 * 60 * 1_000;
/// The pauses after the first failures in a row, in milliseconds; the last is that after every further one.
const PAUSES: [i64; 7] = [10_000, 30_000, 120_000, 600_000, 1_800_000, 3_600_000, 7_200_000];
/// The version of `CDEvents` that is spoken, and that of its events on services.
const CDEVENTS: &str = "0.4.1";
const SERVICE: &str = "0.2.0";

/// In which words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// As `GET /api/v2/stream` tells them.
    #[default]
    Json,
    /// As `CDEvents` over HTTP, in binary mode.
    CdEvents,
}

impl Format {
    /// The word that the database keeps.
    pub fn word(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::CdEvents => "cdevents",
        }
    }

    /// Reads that word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Json, Self::CdEvents].into_iter().find(|format| format.word() == word)
    }
}

/// What is set of a webhook, the body of `POST /api/v2/webhooks`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// Where changes are posted to.
    #[serde(default)]
    pub url: String,
    #[serde(default)]
    pub format: Format,
    /// The states whose beginning is told; none: all of them.
    #[serde(default)]
    pub events: Vec<State>,
    #[serde(default)]
    pub app: Option<String>,
    #[serde(default)]
    pub platform: Option<String>,
    #[serde(default)]
    pub environment: Option<String>,
    #[serde(default = "yes")]
    pub active: bool,
    /// The key of the signatures. It is shown once, where the registry made it.
    #[serde(default, skip_serializing)]
    pub secret: Option<String>,
}

fn yes() -> bool {
    true
}

impl WebhookSettings {
    /// The address; an error is a fragment that says what is wrong with it.
    pub fn address(&self) -> Result<Url, &'static str> {
        let url = Url::parse(&self.url);
        if url == Err(url::ParseError::InvalidPort) {
            return Err("must have a port from 1 to 65535");
        }
        let url = url.ok().filter(|url| ["http", "https"].contains(&url.scheme()));
        let url = url.ok_or("must be an address of http or https")?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not hold a user or a password");
        }
        Ok(url)
    }
}

/// A webhook, as the registry shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Webhook {
    pub id: String,
    #[serde(flatten)]
    pub settings: WebhookSettings,
    /// Milliseconds since 1970 UTC.
    pub created_at: i64,
    /// When something was told last, in milliseconds since 1970 UTC.
    pub delivered_at: Option<i64>,
    /// What was wrong with the last try, if something was.
    pub problem: Option<String>,
    /// How many changes wait to be told.
    pub waiting: i64,
}

/// How long to wait after so many failures in a row, in milliseconds.
pub fn pause(failures: i64) -> i64 {
    let at = usize::try_from(failures.saturating_sub(1)).unwrap_or(0);
    let [.., last] = PAUSES;
    PAUSES.get(at).copied().unwrap_or(last)
}

/// What is posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

/// A change in the words of a format; nothing where it has none for it.
pub fn message(happening: &Happening, format: Format) -> Option<Message> {
    let headers =
        vec![("shipmark-event", happening.to.word().to_owned()), ("shipmark-delivery", happening.id.clone())];
    match format {
        Format::Json => Some(Message { headers, body: json!(happening).to_string() }),
        Format::CdEvents => cdevent(happening, headers),
    }
}

/// A `CDEvent` of a service (cdevents.dev, "Continuous Deployment Events"), with the attributes of `CloudEvents` as headers.
fn cdevent(happening: &Happening, mut headers: Vec<(&'static str, String)>) -> Option<Message> {
    let Happening { id, app, environment, version, kind, to, at, .. } = happening;
    let predicate = match (to, kind) {
        (State::Succeeded, Some(Kind::Rollback)) => "rolledback",
        (State::Succeeded, _) => "deployed",
        (State::Decommissioned, _) => "removed",
        _ => return None,
    };
    let of_type = format!("dev.cdevents.service.{predicate}.{SERVICE}");
    let source = "/shipmark";
    let time = Timestamp::from_millisecond(*at).unwrap_or(Timestamp::UNIX_EPOCH).to_string();
    let place = json!({ "id": environment });
    let content = if predicate == "removed" {
        json!({ "environment": place })
    } else {
        json!({ "environment": place, "artifactId": purl(app, version) })
    };
    let event = json!({
        "context": { "version": CDEVENTS, "id": id, "source": source, "type": of_type, "timestamp": time },
        "subject": { "id": app, "type": "service", "content": content },
    });
    headers.extend([
        ("ce-specversion", "1.0".to_owned()),
        ("ce-id", id.clone()),
        ("ce-source", source.to_owned()),
        ("ce-type", of_type),
        ("ce-time", time),
    ]);
    Some(Message { headers, body: event.to_string() })
}

/// A package URL of the generic type.
fn purl(app: &str, version: &str) -> String {
    let encoded = |text: &str| {
        let kept = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
        let one = |byte: u8| if kept(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
        text.bytes().map(one).collect::<String>()
    };
    format!("pkg:generic/{}@{}", encoded(app), encoded(version))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn happening(to: State, kind: Option<Kind>) -> Happening {
        Happening {
            id: "019b".to_owned(),
            deployment: 7,
            kind,
            app: "help desk".to_owned(),
            workload: "support".to_owned(),
            platform: "eu".to_owned(),
            environment: "production".to_owned(),
            version: "1.2.0+é".to_owned(),
            state: to,
            from: None,
            to,
            actor: None,
            source: "v2".to_owned(),
            at: 1_769_860_800_250,
        }
    }

    #[test]
    fn pauses_grow_and_stay() {
        assert_eq!([0, 1, 2, 7, 8, 99].map(pause), [10_000, 10_000, 30_000, 7_200_000, 7_200_000, 7_200_000]);
    }

    #[test]
    fn json_is_what_the_stream_tells() {
        let told = happening(State::Failed, None);
        let message = message(&told, Format::Json).unwrap();
        assert_eq!(message.body, serde_json::to_string(&told).unwrap());
        assert_eq!(message.headers[0], ("shipmark-event", "failed".to_owned()));
    }

    #[test]
    fn a_success_is_a_cdevent_and_a_beginning_is_none() {
        let told = message(&happening(State::Succeeded, None), Format::CdEvents).unwrap();
        let event: serde_json::Value = serde_json::from_str(&told.body).unwrap();
        assert_eq!(
            event,
            json!({
                "context": { "version": "0.4.1", "id": "019b", "source": "/shipmark",
                    "type": "dev.cdevents.service.deployed.0.2.0", "timestamp": "2026-01-31T12:00:00.25Z" },
                "subject": { "id": "help desk", "type": "service", "content": {
                    "environment": { "id": "production" },
                    "artifactId": "pkg:generic/help%20desk@1.2.0%2B%C3%A9" } },
            })
        );
        assert!(told.headers.contains(&("ce-type", "dev.cdevents.service.deployed.0.2.0".to_owned())));
        let kind = |to, kind| {
            let told = message(&happening(to, kind), Format::CdEvents)?;
            let event: serde_json::Value = serde_json::from_str(&told.body).unwrap();
            Some(event["context"]["type"].as_str().unwrap().to_owned())
        };
        let of = |word: &str| Some(format!("dev.cdevents.service.{word}.0.2.0"));
        assert_eq!(kind(State::Succeeded, Some(Kind::Rollback)), of("rolledback"));
        assert_eq!(kind(State::Decommissioned, None), of("removed"));
        assert_eq!(kind(State::Running, None), None);
    }
}
