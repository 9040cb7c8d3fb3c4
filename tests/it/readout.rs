//! What is read off a machine, with programs in the place of ssh and docker.

use serde_json::json;

use crate::support::{RegistryMock, SHORT, Sandbox, helpdesk, item};

/// ssh notes what it is asked for and runs it here; docker knows one container.
const SSH: &str = "#!/bin/sh\necho \"ssh $*\" >>\"$HOME/asked\"\nshift 4\nexec \"$@\"\n";
const DOCKER: &str = "#!/bin/sh\necho \"docker $*\" >>\"$HOME/asked\"\n\
    case \"$*\" in\n\
    'inspect desk') cat \"$HOME/container.json\";;\n\
    'exec desk cat /app/VERSION.txt') echo 1.0.0;;\n\
    *) echo 'Error: No such object' >&2; exit 1;;\n\
    esac\n";

fn begin(readout: &str) -> (RegistryMock, Sandbox) {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    sandbox.file("../home/bin/ssh", SSH).file("../home/bin/docker", DOCKER);
    sandbox.executable("../home/bin/ssh");
    sandbox.executable("../home/bin/docker");
    let bin = sandbox.path("../home/bin").canonicalize().unwrap();
    let sandbox = sandbox.before_path(&bin);
    container(&sandbox, SHORT, true);
    sandbox.file("shipmark.toml", &format!("[environments.dev]\nreadout = {{ {readout} }}\n"));
    sandbox.git(&["config", "core.excludesFile", sandbox.path("shipmark.toml").to_str().unwrap()]);
    (registry, sandbox)
}

fn container(sandbox: &Sandbox, revision: &str, running: bool) {
    let document = json!([{
        "Image": "sha256:77af4d6b9913",
        "State": { "Running": running, "StartedAt": "2026-01-31T12:00:00Z" },
        "Config": { "Labels": { "org.opencontainers.image.revision": revision } },
    }]);
    sandbox.file("../home/container.json", &document.to_string());
}

const WHOLE: &str = "ssh = \"desk@prod\", container = \"desk\", file = \"/app/VERSION.txt\"";

#[test]
fn the_machine_is_asked_only_after_the_user_looked_at_the_commands() {
    let (registry, sandbox) = begin(WHOLE);
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    registry.set_current(&json!([item("helpdesk", "dev", "1.0.0", Some(&head), None)]));
    let said = |end: &str| format!("helpdesk 1.0.0 ({SHORT}) since 2025-10-10 08:45:12 UTC ([..] d)   {end}");
    let status = ["status", "dev"];
    let untrusted = "unverified: its `readout` is not allowed, see `shipmark config trust --show`";
    sandbox.run(&status).says(0, &said(untrusted), "");
    assert!(!sandbox.path("../home/asked").exists());
    sandbox.run(&["config", "trust"]).says(
        0,
        "environments.dev.readout  ssh -o BatchMode=yes -- desk@prod docker inspect desk\n\
         environments.dev.readout  ssh -o BatchMode=yes -- desk@prod docker exec desk cat /app/VERSION.txt\n\
         allowed                   [..]",
        "",
    );
    sandbox.run(&status).says(0, &said("confirmed"), "");
    assert_eq!(
        sandbox.read("../home/asked"),
        "ssh -o BatchMode=yes -- desk@prod docker inspect desk\ndocker inspect desk\n\
         ssh -o BatchMode=yes -- desk@prod docker exec desk cat /app/VERSION.txt\n\
         docker exec desk cat /app/VERSION.txt\n"
    );
    let document = sandbox.run(&["status", "--json"]).json(0);
    let seen = &document["items"][0]["seen"];
    assert_eq!(seen["observed"]["image"], json!("sha256:77af4d6b9913"));
    assert_eq!(seen["observed"]["started_at"], json!("2026-01-31T12:00:00Z"));
    container(&sandbox, "9054631", true);
    sandbox.run(&status).says(0, &said("DRIFT: runs 9054631"), "");
    container(&sandbox, SHORT, false);
    sandbox.run(&status).says(0, &said("unverified: the container `desk` does not run"), "");
    sandbox.file("shipmark.toml", &sandbox.read("shipmark.toml").replace("\"desk\"", "\"other\""));
    sandbox.run(&status).says(0, &said(untrusted), "");
    sandbox.run(&["config", "trust"]).exits(0);
    let failed =
        "unverified: `ssh -o BatchMode=yes -- desk@prod docker inspect other` failed: Error: No such object";
    sandbox.run(&status).says(0, &said(failed), "");
}

#[test]
fn a_deployment_is_confirmed_by_what_is_read() {
    let (registry, sandbox) = begin("container = \"desk\"");
    let begin = format!("dev  1.0.0 {SHORT}  ongoing    recorded as deployment");
    sandbox.run(&["deploy", "dev", "--", "true"]).says(
        0,
        "",
        &format!(
            "warning: what runs there is not looked at: the commands of this repository are not allowed: \
             `environments.dev.readout`\n{begin} 1\ndev  1.0.0 {SHORT}  deployed   [..] s"
        ),
    );
    sandbox.run(&["config", "trust"]).exits(0);
    sandbox.run(&["deploy", "dev", "--", "true"]).says(
        0,
        "",
        &format!("{begin} 2\ndev  1.0.0 {SHORT}  deployed   [..] s, confirmed by commit after [..] s"),
    );
    assert_eq!(registry.effects().last().unwrap(), "dev 1.0.0 deployed");
}

#[test]
fn a_checkout_and_a_file_of_this_machine_are_read() {
    let (registry, sandbox) = begin("");
    let root = sandbox.path("").canonicalize().unwrap();
    let root = root.to_str().unwrap().trim_end_matches('/').to_owned();
    sandbox.file(
        "shipmark.toml",
        &format!("[environments.dev]\nreadout = {{ repo = \"{root}\", file = \"{root}/VERSION.txt\" }}\n"),
    );
    sandbox.run(&["config", "trust"]).exits(0);
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    registry.set_current(&json!([item("helpdesk", "dev", "1.0.0", Some(&head), None)]));
    let observed = &sandbox.run(&["status", "--json"]).json(0)["items"][0]["seen"];
    assert_eq!((&observed["verdict"], &observed["observed"]["commit"]), (&json!("confirmed"), &json!(head)));
}
