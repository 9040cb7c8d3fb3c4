//! The operations on apps, environments and webhooks.

use super::operation::Operation;
use crate::domain::settings::{App, AppSettings, EnvironmentSettings, ShownEnvironment};
use crate::domain::webhook::{Webhook, WebhookSettings};
use crate::server::list::List;
use crate::server::webhooks::Made;

const CHANGED: &str = "it is not what the client saw, by its `If-Match`";
const SEVERAL: &str = "the name is on several platforms, which `choices` names";

pub(super) fn operations() -> Vec<Operation> {
    let (app, environment) = ("/api/v2/apps/{app}", "/api/v2/environments/{env}");
    let of = |operation: Operation| {
        let operation = operation.filters(&["platform"]).refuses(409, SEVERAL);
        if operation.method == "get" { operation } else { operation.matches().refuses(412, CHANGED) }
    };
    let change = |operation: Operation| operation.matches().refuses(412, CHANGED);
    vec![
        Operation::get("/api/v2/apps", "every app that was ever deployed or spoken of")
            .pages()
            .gives::<List<App>>(200, "by their names"),
        Operation::get(app, "what is said of an app").gives::<App>(200, "with its `ETag`"),
        change(Operation::new("put", app, "says everything of an app anew"))
            .takes::<AppSettings>()
            .gives::<App>(200, "as it is now"),
        change(Operation::new("patch", app, "changes what is named; null takes it away"))
            .takes::<AppSettings>()
            .gives::<App>(200, "as it is now"),
        change(Operation::new("delete", app, "archives an app until it is deployed again"))
            .gives::<App>(200, "as it is now"),
        Operation::get("/api/v2/environments", "every environment that was ever deployed to or spoken of")
            .filters(&["platform"])
            .pages()
            .gives::<List<ShownEnvironment>>(200, "by their names and platforms"),
        of(Operation::get(environment, "what is said of an environment"))
            .gives::<ShownEnvironment>(200, "with its `ETag`"),
        of(Operation::new("put", environment, "says everything of an environment anew"))
            .takes::<EnvironmentSettings>()
            .gives::<ShownEnvironment>(200, "as it is now"),
        of(Operation::new("patch", environment, "changes what is named; null takes it away"))
            .takes::<EnvironmentSettings>()
            .gives::<ShownEnvironment>(200, "as it is now"),
        of(Operation::new("delete", environment, "forgets what was said of an environment"))
            .gives_nothing(204, "done"),
    ]
}

pub(super) fn webhooks() -> Vec<Operation> {
    let (all, one) = ("/api/v2/webhooks", "/api/v2/webhooks/{id}");
    vec![
        Operation::get(all, "who is told of changes")
            .pages()
            .admin()
            .gives::<List<Webhook>>(200, "without their secrets"),
        Operation::post(all, "tells an address of changes from now on")
            .takes::<WebhookSettings>()
            .admin()
            .gives::<Made>(201, "with its secret, which is never shown again"),
        Operation::get(one, "one webhook").admin().gives::<Webhook>(200, ""),
        Operation::new("patch", one, "changes what is named; null takes it away")
            .takes::<WebhookSettings>()
            .admin()
            .gives::<Webhook>(200, "as it is now"),
        Operation::new("delete", one, "takes it away, with what it was still to be told")
            .admin()
            .gives_nothing(204, "done"),
    ]
}
