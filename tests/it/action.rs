//! `action.yml` and its scripts: what it passes on is what the program reads, and its first step finds a binary.

use std::path::Path;
use std::process::Command;

fn text(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[test]
fn every_input_is_read_and_every_output_is_written() {
    let (action, code) = (text("action.yml"), text("src/cli/ci.rs"));
    let section =
        |from: &str, to: &str| action.split(from).nth(1).unwrap().split(to).next().unwrap().to_owned();
    let keys = |section: &str| -> Vec<String> {
        let key = |line: &str| Some(line.strip_prefix("  ")?.strip_suffix(':')?.to_owned());
        section.lines().filter_map(key).filter(|key| !key.starts_with(' ')).collect()
    };
    for input in keys(&section("\ninputs:\n", "\noutputs:\n")) {
        let passed = action.contains(&format!("${{{{ inputs.{input} }}}}"));
        let variable = format!("INPUT_{}", input.to_uppercase().replace('-', "_"));
        let read = code.contains(&variable) || input.starts_with("registry-");
        assert!(passed && read, "the input `{input}` goes nowhere");
    }
    for output in keys(&section("\noutputs:\n", "\nruns:\n")) {
        assert!(action.contains(&format!("steps.run.outputs.{output} }}}}")), "{output}");
        assert!(code.contains(&format!("(\"{output}\",")), "the output `{output}` is never written");
    }
    let run_lines = action.lines().filter(|line| line.trim_start().starts_with("run:"));
    assert!(run_lines.clone().count() == 2 && run_lines.clone().all(|line| !line.contains("${{")));
}

#[test]
fn the_first_step_finds_a_binary_of_its_own_version() {
    let folder = tempfile::TempDir::new().unwrap();
    let output = folder.path().join("output");
    let binary = Path::new(env!("CARGO_BIN_EXE_shipmark"));
    let install = |path: String| {
        Command::new("/usr/bin/env")
            .args(["bash", "scripts/install.sh"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env_clear()
            .env("PATH", path)
            .env("GITHUB_ACTION_PATH", env!("CARGO_MANIFEST_DIR"))
            .env("GITHUB_OUTPUT", &output)
            .env("RUNNER_TEMP", folder.path())
            .output()
            .unwrap()
    };
    let with_binary = format!("{}:/usr/bin:/bin", binary.parent().unwrap().display());
    assert!(install(with_binary).status.success());
    assert_eq!(std::fs::read_to_string(&output).unwrap(), format!("bin={}\n", binary.display()));
    let without = install("/usr/bin:/bin".to_owned());
    assert_eq!(without.status.code(), Some(1));
    let said = String::from_utf8(without.stdout).unwrap();
    assert!(said.contains("no cargo to build it: add a step that installs Rust"), "{said}");
}
