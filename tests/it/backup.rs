//! `shipmark backup`: a copy of the registry, also while it is served.

use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use crate::support::served::{Served, command, run};

const FORM: &str = "application/x-www-form-urlencoded";

fn said(output: &std::process::Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_copy_of_a_served_registry_is_a_registry() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (data, copy) = (path("data"), path("copy.db"));
    let server =
        Served::of(command(&["serve", "--listen", "127.0.0.1:0", "--data-dir", &data], folder.path()));
    let row = "workload=a&platform=p&environment=e&version=1.0.0&status=deployed";
    assert_eq!(server.send("POST", "/api/v1/create", FORM, row).0, 201);
    let (code, stdout, stderr) = said(&run(&["backup", &copy, "--data-dir", &data], folder.path()));
    assert_eq!((code, stderr.as_str()), (0, ""));
    let size = std::fs::metadata(&copy).unwrap();
    assert_eq!(stdout, format!("{copy}: {} KiB, checked\n", size.len().div_ceil(1024)));
    assert_eq!(size.permissions().mode() & 0o777, 0o600);
    // What comes later is not in it.
    let row = "workload=a&platform=p&environment=e&version=2.0.0&status=deployed";
    assert_eq!(server.send("POST", "/api/v1/create", FORM, row).0, 201);
    let restored = format!("sqlite://{copy}");
    let other =
        Served::of(command(&["serve", "--listen", "127.0.0.1:0", "--database", &restored], folder.path()));
    let latest = "/api/v1/read/environment/latest?workload=a&platform=p&environment=e";
    assert_eq!(other.get(latest), (200, r#"{"version":"1.0.0"}"#.to_owned()));
    assert_eq!(server.get(latest), (200, r#"{"version":"2.0.0"}"#.to_owned()));
}

#[test]
fn what_is_there_stays_and_what_is_not_there_is_not_copied() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (data, there) = (path("data"), path("there.db"));
    std::fs::write(&there, "mine").unwrap();
    let (code, stdout, stderr) = said(&run(&["backup", &there, "--data-dir", &data], folder.path()));
    assert_eq!((code, stdout.as_str()), (4, ""));
    assert_eq!(
        stderr,
        format!("error: `{there}` is there already\nhint: move it away, or choose another name\n")
    );
    assert_eq!(std::fs::read(&there).unwrap(), b"mine");
    let new = path("new.db");
    let (code, _, stderr) = said(&run(&["backup", &new, "--data-dir", &data], folder.path()));
    let hint = "name its folder with `--data-dir DIR`, or its file with `--database sqlite://FILE`";
    assert_eq!(
        (code, stderr),
        (74, format!("error: there is no registry at `{data}/registry.db`\nhint: {hint}\n"))
    );
    std::fs::write(path("text.db"), "no database, ".repeat(100)).unwrap();
    let other = format!("sqlite://{}", path("text.db"));
    assert_eq!(said(&run(&["backup", &new, "--database", &other], folder.path())).0, 74);
    let mut left: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort_unstable();
    assert_eq!(left, ["text.db", "there.db"], "nothing is left of a copy that failed");
    let (code, _, stderr) =
        said(&run(&["backup", &new, "--database", "postgres://a:b@127.0.0.1:1/c"], folder.path()));
    assert_eq!(code, 2);
    assert!(
        stderr.ends_with(
            "is copied by the tools of its engine\nhint: use `pg_dump`, or `mariadb-dump` or `mysqldump`\n"
        ),
        "{stderr}"
    );
}
