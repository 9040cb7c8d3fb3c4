//! `config show` and `config schema`: what holds, where it comes from, and what may be written.

use crate::support::Sandbox;

#[test]
fn show_prints_each_value_with_its_origin() {
    let sandbox = Sandbox::repository().var("SHIPMARK_REGISTRY_URL", "http://127.0.0.1:1");
    sandbox.file(
        "../home/.config/shipmark/config.toml",
        "release.remote = \"upstream\"\nbump.zero = \"major\"\n",
    );
    sandbox.file(
        "shipmark.toml",
        "bump.zero = \"cargo\"\nbump.types = { security = \"patch\" }\n\n[[version_file]]\npath = \"a.json\"\nkey = \"v\"\n\n\
         [environments.\"eu west\"]\norder = 3\ndeploy = [\"./deploy\", \"eu\"]\n",
    );
    sandbox.run(&["config", "show"]).says(
        0,
        r#"tag.format                     "v{version}"                 default
release.initial                "0.1.0"                      default
release.commit_message         "chore(release): {version}"  default
release.remote                 "upstream"                   [ROOT]/home/.config/shipmark/config.toml:1
version_file[0].path           "a.json"                     [ROOT]/helpdesk/shipmark.toml:5
version_file[0].key            "v"                          [ROOT]/helpdesk/shipmark.toml:6
bump.zero                      "cargo"                      [ROOT]/helpdesk/shipmark.toml:1
bump.types.feat                "minor"                      default
bump.types.fix                 "patch"                      default
bump.types.hotfix              "patch"                      default
bump.types.perf                "patch"                      default
bump.types.security            "patch"                      [ROOT]/helpdesk/shipmark.toml:2
commits.squash_bodies          false                        default
commits.first_parent           false                        default
changelog.contributors         "notes"                      default
hooks.prepare                  false                        default
registry.url                   "http://127.0.0.1:1"         environment variable SHIPMARK_REGISTRY_URL
environments."eu west".order   3                            [ROOT]/helpdesk/shipmark.toml:9
environments."eu west".deploy  ["./deploy", "eu"]           [ROOT]/helpdesk/shipmark.toml:10"#,
        "",
    );
}

#[test]
fn show_and_schema_are_documents() {
    let sandbox = Sandbox::repository();
    sandbox.file("shipmark.toml", "\nbump.zero = \"cargo\"\n");
    let shown = sandbox.run(&["config", "show", "--json"]).json(0);
    let zero = shown["values"].as_array().unwrap().iter().find(|shown| shown["key"] == "bump.zero").unwrap();
    assert_eq!(zero["value"], "cargo");
    assert_eq!((&zero["origin"]["kind"], &zero["origin"]["line"]), (&"repository".into(), &2.into()));
    let schema = sandbox.run(&["config", "schema"]).json(0);
    assert_eq!(schema["properties"]["bump"]["properties"]["zero"]["enum"][1], "cargo");
}

#[test]
fn a_configuration_that_cannot_be_used_is_not_shown() {
    let sandbox = Sandbox::repository();
    sandbox.file("shipmark.toml", "[release]\ninitial = \"one\"\n");
    sandbox.run(&["config", "show"]).says(
        3,
        "",
        "error: [ROOT]/helpdesk/shipmark.toml:2: `release.initial` is `one`, not a semantic version",
    );
}
