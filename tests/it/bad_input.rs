//! Input that nobody should give: one error that names it, the documented exit code, and nothing changed.

use std::fs;

use crate::support::{Sandbox, released, state};

/// Runs `release`, which must be refused with this code and these words, and change nothing.
#[track_caller]
fn refused(sandbox: &Sandbox, code: i32, words: &str) {
    let before = state(sandbox);
    let done = sandbox.run(&["release"]);
    assert_eq!(done.exits(code), "");
    let said = &done.stderr;
    assert!(said.starts_with("error: ") && said.contains(words), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    assert_eq!(state(sandbox), before, "{words}");
}

#[track_caller]
fn raw(sandbox: &Sandbox, path: &str, bytes: &[u8]) {
    #[expect(clippy::disallowed_methods, reason = "a test's file need not survive a power cut")]
    fs::write(sandbox.path(path), bytes).unwrap();
}

#[test]
fn a_configuration_that_cannot_be_read_stops_a_release() {
    for (text, words) in [
        (&b"[release\n"[..], "shipmark.toml:1"),
        (b"[relase]\nremote = \"x\"\n", "unknown key `relase`"),
        (b"\xff\xfe", "shipmark.toml` is not UTF-8"),
        (b"[tag]\nformat = \"v\"\n", "`tag.format` is `v`"),
        (b"[tag]\nformat = \"--upload-pack={version}\"\n", "`tag.format`"),
        (b"[release]\nremote = \"--exec=x\"\n", "`release.remote` is `--exec=x`"),
        (b"[templates]\ndir = \"../elsewhere\"\n", "templates.dir"),
    ] {
        let sandbox = released();
        raw(&sandbox, "shipmark.toml", text);
        sandbox.commit("chore: configure");
        refused(&sandbox, 3, words);
    }
}

#[test]
fn a_template_that_cannot_be_filled_stops_a_release() {
    for (text, words) in [
        ("{{#each groups}}", "t/changelog.hbs"),
        ("{{nothing}}", "t/changelog.hbs"),
        ("{{> nowhere}}", "t/changelog.hbs"),
    ] {
        let sandbox = released();
        sandbox.file("t/changelog.hbs", text).file("shipmark.toml", "[templates]\ndir = \"t\"\n");
        sandbox.commit("chore: configure");
        refused(&sandbox, 3, words);
    }
}

#[test]
fn a_managed_file_that_cannot_be_read_stops_a_release() {
    for (path, bytes, words) in [
        ("VERSION.txt", &b"one\n"[..], "it holds `one`"),
        ("VERSION.txt", b"\xff", "it is not UTF-8"),
        ("VERSION.txt", b"1.0.0\n2.0.0\n", "not one semantic version"),
        ("CHANGELOG.md", b"# \xff\n", "it is not UTF-8"),
    ] {
        let sandbox = released();
        raw(&sandbox, path, bytes);
        sandbox.commit("chore: break it");
        refused(&sandbox, 4, words);
    }
}

#[test]
fn hostile_names_are_names() {
    let sandbox = released();
    for name in
        ["v9.0.0;touch${IFS}pwned", "v9.0.0$(touch${IFS}pwned)", "-v9.0.0", "v9.0.0`x`", "v01.0.0", "v9"]
    {
        sandbox.git(&["update-ref", &format!("refs/tags/{name}"), "HEAD"]);
    }
    sandbox.run(&["next"]).says(0, "1.1.0", "");
    sandbox.git(&["symbolic-ref", "HEAD", "refs/heads/-rf"]);
    sandbox.git(&["reset", "--quiet", "main"]);
    sandbox.run(&["next"]).says(0, "1.1.0", "");
    refused(&sandbox, 4, "`-rf` is not a branch that releases are made from");
    assert!(!sandbox.path("pwned").exists());
}

#[test]
fn a_message_of_any_bytes_is_judged() {
    let sandbox = Sandbox::repository();
    let hook = ["hook", "commit-msg", "--", "message"];
    raw(&sandbox, "message", b"feat: T\xfcr\n");
    sandbox.run(&hook).says(0, "", "");
    raw(&sandbox, "message", format!("feat: long\n\n{}", "word ".repeat(210_000)).as_bytes());
    sandbox.run(&hook).says(0, "", "");
    raw(&sandbox, "message", b"\x00\x1b[2J\xff no type\n");
    let done = sandbox.run(&hook);
    assert_eq!(done.exits(1), "");
    assert!(!done.stderr.contains('\x1b') && done.stderr.contains("error   header"), "{:?}", done.stderr);
}
