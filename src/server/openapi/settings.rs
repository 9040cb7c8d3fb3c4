//! The operations on apps and environments.

use super::operation::Operation;
use crate::domain::settings::{App, AppSettings, EnvironmentSettings, ShownEnvironment};
use crate::server::list::List;

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
