//! What the configuration says of an environment: its tier, its branches, its variables.

use serde_json::json;

use tempfile::TempDir;

use crate::support::served::Served;
use crate::support::{RegistryMock, SHORT, Sandbox, helpdesk, item};

fn begin(environment: &str) -> (RegistryMock, Sandbox) {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    sandbox.file("shipmark.toml", environment);
    sandbox.git(&["config", "core.excludesFile", sandbox.path("shipmark.toml").to_str().unwrap()]);
    (registry, sandbox)
}

#[test]
fn the_tier_that_was_said_decides_and_a_guess_is_said() {
    let (registry, sandbox) =
        begin("[environments.live-demo]\ntier = \"testing\"\n[environments.blue]\ntier = \"production\"\n");
    sandbox.file("VERSION.txt", "1.0.0\n\n");
    let no = |name: &str, guess: &str| {
        format!(
            "NO      helpdesk 1.0.0 on {name}\n\
             dirty   tracked files differ from HEAD, and {name} is of the tier production{guess}\n        \
             commit or stash the changes"
        )
    };
    sandbox.run(&["can-deploy", "blue"]).says(1, &no("blue", ""), "");
    sandbox.run(&["can-deploy", "eu-live"]).says(1, &no("eu-live", ", by its name"), "");
    sandbox.run(&["can-deploy", "live-demo"]).says(0, "yes     helpdesk 1.0.0 on live-demo", "");
    registry.set_current(&json!([
        item("helpdesk", "blue", "1.0.0", None, None),
        item("helpdesk", "qa", "1.0.0", None, None)
    ]));
    let document = sandbox.run(&["status", "--json"]).json(0);
    let tier =
        |at: usize| (document["items"][at]["tier"].clone(), document["items"][at]["tier_guessed"].clone());
    assert_eq!(tier(0), (json!("production"), json!(false)));
    assert_eq!(tier(1), (json!("testing"), json!(true)));
}

#[test]
fn only_the_named_branches_go_there() {
    let (_registry, sandbox) = begin("[environments.prod]\nbranches = [\"main\", \"hotfix/*\"]\n");
    let yes = "yes     helpdesk 1.0.0 on prod";
    let mend = "        deploy it from main, hotfix/*, or add its branch to `branches`";
    sandbox.run(&["can-deploy", "prod"]).says(0, yes, "");
    sandbox.git(&["checkout", "--quiet", "--detach"]);
    sandbox.run(&["can-deploy", "prod"]).says(0, yes, "");
    sandbox.git(&["checkout", "--quiet", "-b", "next"]);
    sandbox.run(&["can-deploy", "prod"]).says(
        1,
        &format!("NO      helpdesk 1.0.0 on prod\nbranch  prod takes nothing from the branch next\n{mend}"),
        "",
    );
    sandbox.commit("feat: more");
    sandbox.git(&["checkout", "--quiet", "--detach"]);
    let no = format!("NO      helpdesk 1.0.0 on prod\nbranch  1.0.0 is on no branch that prod takes\n{mend}");
    sandbox.run(&["can-deploy", "prod"]).says(1, &no, "");
    // What the remote has counts as well.
    sandbox.git(&["update-ref", "refs/remotes/origin/hotfix/7", "HEAD"]);
    sandbox.run(&["can-deploy", "prod"]).says(0, yes, "");
}

#[test]
fn what_comes_from_a_hotfix_branch_is_a_hotfix() {
    let (registry, sandbox) = begin("");
    sandbox.git(&["checkout", "--quiet", "-b", "hotfix/7"]);
    let outcome = sandbox.run(&["--json", "deploy", "dev", "--", "true"]);
    outcome.exits(0);
    let record: serde_json::Value = serde_json::from_str(outcome.stderr.lines().last().unwrap()).unwrap();
    assert_eq!(record["report"]["kind"], json!("hotfix"));
    assert_eq!(registry.effects().last().unwrap(), "dev 1.0.0 deployed");
}

#[test]
fn the_plain_variables_can_be_left_out() {
    let (_registry, sandbox) = begin("[environments.dev]\nplain_variables = false\n");
    let sandbox = sandbox.var("VERSION", "mine");
    let script = "echo \"$VERSION ${COMMIT-none} $SHIPMARK_APP $SHIPMARK_PLATFORM\"";
    sandbox.run(&["deploy", "dev", "--", "sh", "-c", script]).says(
        0,
        "mine none helpdesk dev",
        &format!(
            "dev  1.0.0 {SHORT}  ongoing    recorded as deployment 1\ndev  1.0.0 {SHORT}  deployed   [..] s"
        ),
    );
}

#[test]
fn a_version_must_have_succeeded_on_the_environment_before() {
    let data = TempDir::new().unwrap();
    let server = Served::start(data.path());
    let sandbox = helpdesk(&format!("http://127.0.0.1:{}", server.port));
    sandbox.file("shipmark.toml", "[environments.production]\nrequire = \"staging\"\n");
    sandbox.commit("feat: a rule");
    let no = "unverified 1.0.0 never succeeded on staging\n        deploy it on staging first";
    sandbox.run(&["can-deploy", "production"]).says(
        1,
        &format!("NO      helpdesk 1.0.0 on production\n{no}"),
        "",
    );
    sandbox.run(&["deploy", "production", "--", "true"]).says(
        1,
        "",
        &format!(
            "{no}\nerror: helpdesk 1.0.0 may not be deployed on production\n\
             hint: deploy it all the same with `--force --reason TEXT`"
        ),
    );
    sandbox.run(&["-q", "deploy", "staging", "--", "true"]).exits(0);
    sandbox.run(&["can-deploy", "production"]).says(0, "yes     helpdesk 1.0.0 on production", "");
    // A registry that is down stops no deployment, but cannot answer a question either.
    drop(server);
    sandbox.run(&["can-deploy", "production"]).says(
        1,
        "registry unreachable, answer of [..] s ago\nNO      helpdesk 1.0.0 on production\n\
         unverified nothing says whether 1.0.0 succeeded on staging: cannot reach `[REGISTRY]`: [..]\n        \
         deploy it on staging first",
        "",
    );
    sandbox.run(&["-q", "deploy", "production", "--", "true"]).exits(0);
}
