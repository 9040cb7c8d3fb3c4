//! What programs read outside of the API: readiness, badges and feeds.

use super::operation::Operation;

const ATOM: &str = "application/atom+xml";

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/readyz", "whether a proxy may send requests here")
            .gives_media(200, "text/plain", "it may")
            .gives_media(503, "text/plain", "it may not, and why"),
        Operation::get(
            "/badge/{app}/{file}",
            "what is live somewhere, as `ENVIRONMENT.svg` or `ENVIRONMENT.json`",
        )
        .filters(&["platform"])
        .gives_media(200, "image/svg+xml", "a picture, or JSON in the form of shields.io")
        .gives_nothing(304, "it is what it was"),
        Operation::get("/feed.atom", "the newest 50 deployments").gives_media(200, ATOM, "a feed"),
        Operation::get("/feed/{file}", "those of an app, as `APP.atom`").gives_media(200, ATOM, "a feed"),
        Operation::get("/feed/{app}/{file}", "those of an environment, as `ENVIRONMENT.atom`")
            .gives_media(200, ATOM, "a feed"),
    ]
}
