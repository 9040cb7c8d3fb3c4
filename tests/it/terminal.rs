//! Deployments on a real terminal, and commands that leave something behind: the record ends in the right status.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::support::sandbox::wait_for;
use crate::support::{RegistryMock, Sandbox, helpdesk};

const BUSY: &str = "touch started; exec sleep 60";

/// Starts `shipmark` as the leader of a session with a terminal of its own, made by util-linux's `script`.
fn on_a_terminal(sandbox: &Sandbox, command: &str) -> crate::support::sandbox::Running {
    let program = env!("CARGO_BIN_EXE_shipmark");
    let line = format!("exec '{program}' -q deploy dev -- sh -c '{command}'");
    sandbox.start_program("script", &["--quiet", "--return", "--command", &line, "/dev/null"])
}

#[test]
fn ctrl_c_reaches_the_command_once_and_the_end_is_recorded() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    let counting = "trap \"echo caught >>caught; exit 7\" INT; touch started; while :; do sleep 0.05; done";
    let mut running = on_a_terminal(&sandbox, counting);
    wait_for(&sandbox.path("started"));
    running.types("\u{3}");
    running.finish().exits(7);
    assert_eq!(registry.effects(), ["dev 1.0.0 ongoing", "dev 1.0.0 cancelled"]);
    assert_eq!(sandbox.read("caught"), "caught\n", "the terminal sent it, and we did not send it again");
}

#[test]
fn a_command_that_ctrl_c_ends_was_cancelled() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    let mut running = on_a_terminal(&sandbox, BUSY);
    wait_for(&sandbox.path("started"));
    running.types("\u{3}");
    running.finish().exits(130);
    assert_eq!(registry.effects(), ["dev 1.0.0 ongoing", "dev 1.0.0 cancelled"]);
}

#[test]
fn a_terminal_that_is_killed_ends_the_command_and_not_the_record() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    let running = on_a_terminal(&sandbox, BUSY);
    wait_for(&sandbox.path("started"));
    // The terminal closes with the program that made it, and the kernel hangs up on the session.
    running.signal(Signal::KILL);
    running.finish().stops_by_signal(9);
    let deadline = Instant::now() + Duration::from_secs(20);
    while registry.effects().len() < 2 && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(registry.effects(), ["dev 1.0.0 ongoing", "dev 1.0.0 cancelled"]);
}

#[test]
fn a_command_that_leaves_a_daemon_behind_has_deployed() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    let script = "setsid sh -c 'echo $$ >daemon.new; mv daemon.new daemon; exec sleep 60' \
                  </dev/null >/dev/null 2>&1 & while ! test -e daemon; do sleep 0.01; done";
    let begin = Instant::now();
    sandbox.run(&["-q", "deploy", "dev", "--", "sh", "-c", script]).says(0, "", "");
    assert!(begin.elapsed() < Duration::from_secs(30), "nobody waits for the daemon");
    assert_eq!(registry.effects(), ["dev 1.0.0 ongoing", "dev 1.0.0 deployed"]);
    let took = registry.reports().last().unwrap()["duration"].as_i64().unwrap();
    assert!((0..30_000).contains(&took), "{took}");
    // It lives on, and it is ours to end.
    let daemon = sandbox.read("daemon").trim().parse().ok().and_then(Pid::from_raw).unwrap();
    kill_process(daemon, Signal::KILL).unwrap();
    assert_eq!(registry.reports().last().unwrap()["status"], json!("deployed"));
}
