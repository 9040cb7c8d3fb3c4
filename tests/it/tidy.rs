//! Rules about the source itself: who may name whom, who owns which crate, how large a file may be, and that
//! the documents say what the program does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use shipmark::error::Exit;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every Rust file below `folder`, as a path from the root.
fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path.strip_prefix(root()).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// The code of a file without its unit tests, which may name what they like.
fn code(path: &Path) -> String {
    let text = text(path);
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The module of the first level that a file in `src/` belongs to.
fn module(path: &Path) -> String {
    let name = path.components().nth(1).unwrap().as_os_str().to_string_lossy().into_owned();
    name.trim_end_matches(".rs").to_owned()
}

fn level(module: &str) -> u8 {
    match module {
        "domain" => 0,
        "world" | "process" | "files" | "template" | "http" | "store" => 1,
        "config" | "git" | "ci" | "log" | "probe" => 2,
        "deploy" | "registry" => 3,
        "server" => 4,
        "error" | "ui" => 5,
        "cli" => 6,
        "main" | "lib" => 7,
        other => panic!("`{other}` has no level; give it one here and in docs/ARCHITECTURE.md"),
    }
}

/// The modules that `code` names by `crate::NAME`.
fn named_modules(code: &str) -> Vec<String> {
    let name = |rest: &str| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    code.split("crate::").skip(1).map(name).filter(|name| !name.is_empty()).collect()
}

#[test]
fn a_module_names_only_lower_levels() {
    let mut breaches = Vec::new();
    for path in rust_files("src") {
        let own = module(&path);
        for named in named_modules(&code(&path)) {
            let inside = named == own;
            // `ui` prints the one error; both are how a command ends.
            let ending = own == "ui" && named == "error";
            if !inside && !ending && level(&named) >= level(&own) {
                breaches.push(format!("{}: {own} (level {}) names {named}", path.display(), level(&own)));
            }
        }
    }
    assert_eq!(breaches, [] as [String; 0]);
}

#[test]
fn a_crate_has_one_owner() {
    let owners: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("clap", &["src/cli/"][..]),
        ("clap_complete", &["src/cli/paper.rs"]),
        ("clap_mangen", &["src/cli/paper.rs"]),
        ("git2", &["src/git/"]),
        ("sqlx", &["src/store/"]),
        ("axum", &["src/server/"]),
        ("base64", &["src/http/", "src/server/auth.rs"]),
        ("crc32fast", &["src/domain/token.rs"]),
        ("getrandom", &["src/world.rs"]),
        ("jsonwebtoken", &["src/registry/oidc/"]),
        ("ring", &["src/registry/oidc/signature.rs"]),
        ("subtle", &["src/registry/tokens.rs"]),
        ("tracing_subscriber", &["src/log.rs"]),
        ("tracing", &["src/log.rs", "src/server/", "src/cli/serve/"]),
        ("hyper_util", &["src/server/"]),
        ("redis", &["src/store/cache/"]),
        ("reqwest", &["src/http"]),
        ("handlebars", &["src/template"]),
        ("conventional_commit_parser", &["src/domain/message/"]),
        ("tokio", &["src/http", "src/store/", "src/registry/", "src/server/", "src/cli/serve/"]),
        ("tokio_io_timeout", &["src/server/listen.rs"]),
        ("toml", &["src/config/", "src/domain/manifest/"]),
        ("jsonc_parser", &["src/domain/manifest/json.rs"]),
        ("roxmltree", &["src/domain/manifest/xml.rs"]),
        ("saphyr_parser", &["src/domain/manifest/yaml.rs"]),
        ("regex", &["src/domain/"]),
        ("globset", &["src/domain/glob.rs"]),
        ("ipnet", &["src/domain/reach.rs", "src/cli/serve/"]),
    ]);
    let mut breaches = Vec::new();
    for path in rust_files("src") {
        let (path, code) = (path.display().to_string(), code(&path));
        for (name, owners) in &owners {
            let used = code.contains(&format!("{name}::")) || code.contains(&format!("use {name}"));
            let word = |at: usize| {
                code[..at].chars().next_back().is_none_or(|c| !(c.is_alphanumeric() || c == '_' || c == ':'))
            };
            let really = used && code.match_indices(&format!("{name}::")).any(|(at, _)| word(at));
            if really && !owners.iter().any(|owner| path.starts_with(owner)) {
                breaches.push(format!("{path} uses {name}, which belongs to {owners:?}"));
            }
        }
    }
    assert_eq!(breaches, [] as [String; 0]);
}

#[test]
fn a_handler_sees_what_the_token_may_see() {
    // As `State` the registry has no limits; who decides about a request needs it so.
    let whole =
        ["auth.rs", "guard.rs", "metrics/mod.rs", "observe.rs"].map(|name| format!("src/server/{name}"));
    let takes_whole = |path: &PathBuf| code(path).contains("State<App>");
    let found: Vec<PathBuf> = rust_files("src/server").into_iter().filter(takes_whole).collect();
    assert_eq!(found.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(), whole);
}

#[test]
fn who_writes_a_row_of_v1_raises_the_epoch() {
    // A text that writes `versions`, and the files that run it; the set is raised as a whole.
    let raises = ["src/store/events.rs", "src/store/set/rows.rs", "src/store/write.rs"];
    let texts = rust_files("src/store/sql").iter().map(text).collect::<String>() + &text("src/store/sql.rs");
    let writes = |text: &&str| {
        let words = text.split('"').nth(1).unwrap_or_default();
        ["INSERT INTO versions ", "UPDATE versions ", "DELETE FROM versions "]
            .iter()
            .any(|verb| words.contains(verb))
    };
    let names: Vec<&str> =
        texts.split("const ").skip(1).filter(writes).map(|text| text.split(':').next().unwrap()).collect();
    assert_eq!(names, ["INSERT_VERSIONS", "SET_CHANGELOG_URL", "SET_STATUS"]);
    let uses = |path: &PathBuf| names.iter().any(|name| code(path).contains(&format!("sql::{name},")));
    let found: Vec<PathBuf> = rust_files("src").into_iter().filter(uses).collect();
    assert_eq!(found.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(), raises);
    for path in ["src/store/events.rs", "src/store/set/mod.rs", "src/store/write.rs"] {
        assert!(text(path).contains("epoch::raise("), "{path}");
    }
}

#[test]
fn files_stay_small() {
    let mut whole: Vec<(usize, String)> = ["src", "tests"]
        .iter()
        .flat_map(|folder| rust_files(folder))
        .map(|path| (text(&path).lines().count(), path.display().to_string()))
        .collect();
    whole.retain(|(lines, _)| *lines > 500);
    assert!(whole.is_empty(), "above 500 lines: {whole:?}");
    // What a reader must hold in mind is the code; the unit tests below it explain it.
    let lines = |path: PathBuf| text(path).split("#[cfg(test)]\nmod tests {").next().unwrap().lines().count();
    let mut sizes: Vec<usize> = rust_files("src").into_iter().map(lines).collect();
    sizes.sort_unstable();
    let median = sizes[sizes.len() / 2];
    assert!(median <= 120, "the median file has {median} lines of code");
}

#[test]
fn every_test_file_is_part_of_the_binary() {
    let main = text("tests/it/main.rs");
    for path in rust_files("tests/it") {
        let inner = path.strip_prefix("tests/it").unwrap();
        let name = inner.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
        let name = name.trim_end_matches(".rs");
        assert!(name == "main" || main.contains(&format!("mod {name};")), "{} runs nowhere", path.display());
    }
}

#[test]
fn the_readme_lists_the_exit_codes_that_the_program_has() {
    let readme = text("README.md");
    for exit in Exit::ALL {
        let row = format!("| {} | {} |", exit.code(), exit.meaning());
        assert!(readme.contains(&row), "README.md lacks `{row}`");
    }
}

#[test]
fn the_readme_names_every_command_and_every_key() {
    let readme = text("README.md");
    let help = std::process::Command::new(env!("CARGO_BIN_EXE_shipmark")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let commands = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    for line in commands.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   ")) {
        let name = line.split_whitespace().next().unwrap();
        assert!(
            name == "help" || readme.contains(&format!("`shipmark {name}")),
            "README.md lacks `shipmark {name}`"
        );
    }
    for key in shipmark::config::keys::KEYS {
        let row = format!("| `{}` | `{}` | {} |", key.path, key.example, key.purpose);
        assert!(readme.contains(&row), "README.md lacks `{row}`");
    }
}

#[test]
fn the_hook_scripts_differ_in_nothing_but_their_name() {
    let of = |name: &str| text(format!("hooks/{name}")).replace(name, "NAME");
    for name in ["prepare-commit-msg", "pre-push", "post-merge", "post-rewrite", "post-checkout"] {
        assert_eq!(of(name), of("commit-msg"), "{name}");
    }
    assert!(of("commit-msg").lines().count() <= 15);
}

#[test]
fn the_version_file_is_the_version_of_the_package() {
    assert_eq!(text("VERSION.txt").trim(), env!("CARGO_PKG_VERSION"));
}
