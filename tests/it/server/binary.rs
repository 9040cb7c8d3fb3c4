//! The binary: start, stop, data kept, refusals, and the commands that the manual of Lord-Y/versions documents.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use crate::support::served::{Served, answer, command, run};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// The creates of Lord-Y/versions' README in their order: version, workload, environment, platform, status.
const JSON_CREATES: [(&str, &str, &str, &str, &str); 14] = [
    ("1.0.0", "teamX", "production", "production", "ongoing"),
    ("1.1.0", "teamX", "production", "production", "deployed"),
    ("1.3.0", "teamX", "dev", "development", "failed"),
    ("1.2.0", "teamX", "integration", "development", "ongoing"),
    ("1.0.0", "teamY", "production", "production", "deployed"),
    ("1.1.0", "teamY", "production", "production", "deployed"),
    ("1.3.0", "teamY", "dev", "development", "ongoing"),
    ("1.2.0", "teamY", "integration", "development", "deployed"),
    ("1.0.0", "teamZ", "production", "production", "deployed"),
    ("1.1.0", "teamZ", "production", "production", "ongoing"),
    ("1.3.0", "teamZ", "dev", "development", "deployed"),
    ("1.2.0", "teamZ", "integration", "development", "deployed"),
    ("0.2.0", "teamZ", "test", "development", "deployed"),
    ("1.1.0", "teamZ", "preproduction", "preproduction", "deployed"),
];

const FORM_CREATES: [(&str, &str); 3] = [("1.1.0", "ongoing"), ("1.3.0", "deployed"), ("1.2.0", "failed")];

#[test]
fn the_documented_commands_are_answered_as_documented() {
    let folder = TempDir::new().unwrap();
    let server = Served::start(folder.path());
    let create = "/api/v1/create";
    let url = "https://jsonplaceholder.typicode.com/";
    let mut id = 0;
    for (version, workload, environment, platform, status) in JSON_CREATES {
        let body = format!(
            r#"{{"version": "{version}","workload": "{workload}", "environment":"{environment}", "platform": "{platform}", "changelogURL": "{url}", "raw": "{{\"a\":\"b\"}}", "status": "{status}"}}"#
        );
        id += 1;
        assert_eq!(server.send("POST", create, JSON, &body), (201, format!(r#"{{"versionId":{id}}}"#)));
    }
    for (version, status) in FORM_CREATES {
        let body = format!(
            "version={version}&workload=teamX&environment=production&platform=production&changelogURL={url}&raw=rawContent&status={status}"
        );
        id += 1;
        assert_eq!(server.send("POST", create, FORM, &body), (201, format!(r#"{{"versionId":{id}}}"#)));
    }
    let update = r#"{"versionId": "14","status": "deployed"}"#;
    assert_eq!(server.send("POST", "/api/v1/update/status", JSON, update), (200, r#""OK""#.to_owned()));
    let place = "workload=teamX&environment=production&platform=production";
    let latest = server.get(&format!("/api/v1/read/environment/latest?{place}"));
    assert_eq!(latest, (200, r#"{"version":"1.3.0"}"#.to_owned()));
    let whatever = server.get(&format!("/api/v1/read/environment/latest/whatever?{place}"));
    assert_eq!(whatever, (200, r#"{"version":"1.2.0"}"#.to_owned()));
}

#[test]
fn a_stop_is_clean_and_the_data_is_kept() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let row = "workload=a&platform=p&environment=e&version=1&status=deployed";
    let server = Served::start(&data);
    assert_eq!(server.said[0], "INFO anyone on this machine may write to this registry");
    assert_eq!(
        server.said[1],
        format!("INFO listening on http://127.0.0.1:{}/ (data in {})", server.port, data.display())
    );
    assert_eq!(server.send("POST", "/api/v1/create", FORM, row).0, 201);
    server.signal("TERM");
    let (code, log) = server.wait();
    assert_eq!(code, Some(0));
    assert!(log.lines().last().unwrap().contains(r#""message":"stopped""#), "{log}");
    let names: Vec<_> = std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["registry.db"]);
    let mode = std::fs::metadata(data.join("registry.db")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let server = Served::start(&data);
    assert_eq!(server.send("POST", "/api/v1/create", FORM, row), (201, r#"{"versionId":2}"#.to_owned()));
    server.signal("KILL");
    assert_eq!(server.wait().0, None);

    let server = Served::start(&data);
    let latest = server.get("/api/v1/read/environment/latest?workload=a&environment=e&platform=p");
    assert_eq!(latest, (200, r#"{"version":"1"}"#.to_owned()));
    assert_eq!(server.send("POST", "/api/v1/create", FORM, row), (201, r#"{"versionId":3}"#.to_owned()));
}

#[test]
fn a_request_that_runs_is_answered_before_the_stop() {
    let folder = TempDir::new().unwrap();
    let server = Served::start(folder.path());
    let body = "workload=a&platform=p&environment=e&version=1&status=deployed";
    let mut stream = server.connect();
    write!(
        stream,
        "POST /api/v1/create HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .unwrap();
    // The interim answer is the proof that the request is being handled.
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    server.signal("TERM");
    stream.write_all(body.as_bytes()).unwrap();
    assert_eq!(answer(&mut stream), (201, r#"{"versionId":1}"#.to_owned()));
    assert_eq!(server.wait().0, Some(0));
}

#[test]
fn the_door_stays_open_while_readiness_says_that_it_will_close() {
    let folder = TempDir::new().unwrap();
    let server = Served::start(folder.path());
    assert_eq!(server.get("/readyz"), (200, "ready\n".to_owned()));
    server.signal("TERM");
    let told = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(5));
        server.get("/readyz") == (503, "stopping\n".to_owned())
    });
    assert!(told);
    let row = "workload=a&platform=p&environment=e&version=1&status=deployed";
    assert_eq!(server.send("POST", "/api/v1/create", FORM, row).0, 201);
    assert_eq!(server.wait().0, Some(0));
}

#[test]
fn a_head_that_never_ends_is_cut_off() {
    let folder = TempDir::new().unwrap();
    let server = Served::start(folder.path());
    let mut stream = server.connect();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n").unwrap();
    // hyper closes the connection without a word, since no request was there to answer.
    assert_eq!(answer(&mut stream), (0, String::new()));
}

#[test]
fn a_start_that_cannot_be_is_refused_with_a_hint() {
    let folder = TempDir::new().unwrap();
    let occupied = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = occupied.local_addr().unwrap().to_string();
    std::fs::File::create(folder.path().join("file")).unwrap().write_all(b"no folder").unwrap();
    for (arguments, code, words) in [
        (&["serve", "--listen", "0.0.0.0:0"][..], 3, "allow it with `--anonymous-writes`"),
        (&["serve", "--listen", "nonsense"], 2, "not an address and a port"),
        (&["serve", "--listen", &address], 74, "choose another port"),
        (&["serve", "--listen", "127.0.0.1:0", "--data-dir", "file"], 74, "choose a folder"),
    ] {
        let output = run(arguments, folder.path());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
        assert_eq!(output.stdout, b"", "{arguments:?}");
    }
}

#[test]
fn the_environment_names_address_and_folder() {
    let folder = TempDir::new().unwrap();
    let output = command(&["serve"], folder.path()).env("SHIPMARK_LISTEN", "here").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("the environment variable `SHIPMARK_LISTEN` is `here`"), "{said}");
    let mut ours = command(&["serve"], folder.path());
    ours.env("SHIPMARK_LISTEN", "localhost:0").env("SHIPMARK_DATA_DIR", "kept here");
    let server = Served::of(ours);
    assert!(folder.path().join("kept here/registry.db").exists(), "{:?}", server.said);
}

#[test]
fn the_network_is_served_only_when_asked() {
    let folder = TempDir::new().unwrap();
    let ours = command(&["serve", "--listen", "0.0.0.0:0", "--anonymous-writes"], folder.path());
    let server = Served::of(ours);
    assert!(server.said[0].starts_with("WARN anyone who reaches 0.0.0.0:"), "{:?}", server.said);
    let data = folder.path().join(".local/share/shipmark/registry.db");
    assert!(data.exists(), "the default folder is the user's own");
    assert_eq!(server.get("/api/v1/health").0, 200);
}

#[test]
fn many_writers_lose_nothing() {
    let folder = TempDir::new().unwrap();
    let server = Served::start(folder.path());
    let body = "workload=a&platform=p&environment=e&version=1&status=deployed";
    let ids: std::collections::BTreeSet<String> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..16)
            .map(|_| {
                scope.spawn(|| {
                    let send = |_| server.send("POST", "/api/v1/create", FORM, body);
                    (0..10).map(send).collect::<Vec<_>>()
                })
            })
            .collect();
        let answers = writers.into_iter().flat_map(|writer| writer.join().unwrap());
        answers.map(|(status, body)| (assert_eq!(status, 201, "{body}"), body).1).collect()
    });
    assert_eq!(ids.len(), 160);
    assert!(ids.contains(r#"{"versionId":160}"#));
}

#[test]
fn redis_is_named_by_option_or_variable() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().to_str().unwrap();
    let away = format!("redis://:s3cret@127.0.0.1:{}/2", crate::support::down().0);
    let place = away.rsplit('@').next().unwrap().trim_end_matches("/2");
    let kept = format!("INFO answers of API v1 are kept in Redis on `{place}` (number 2)");
    let removed = format!(
        "INFO answers of the original are removed from Redis on `{place}` (number 2) after each write"
    );
    let other = "redis://h/3";
    for (variables, arguments, said) in [
        (&[("REDIS_ENABLED", "true"), ("REDIS_URI", away.as_str())][..], &[][..], Some(&kept)),
        (&[("REDIS_ENABLED", "1"), ("REDIS_URI", other), ("SHIPMARK_REDIS_URL", &away)], &[], Some(&kept)),
        (&[("SHIPMARK_REDIS_URL", other)], &["--redis", &away], Some(&kept)),
        (&[("SHIPMARK_REDIS_URL", &away)], &["--shared-with-go"], Some(&removed)),
        (&[("REDIS_ENABLED", "yes"), ("REDIS_URI", &away)], &[], None),
        (&[("REDIS_URI", &away)], &[], None),
    ] {
        let all = [&["serve", "--listen", "127.0.0.1:0", "--data-dir", data], arguments].concat();
        let mut command = command(&all, folder.path());
        command.envs(variables.iter().copied());
        let mut server = Served::of(command);
        if let Some(said) = said {
            assert_eq!(server.next_line(), *said, "{variables:?}");
            let missing = "WARN Redis does not answer, so every answer comes from the database until it does";
            assert_eq!(server.next_line(), missing);
            assert_eq!(server.get("/api/v1/read/home").0, 204);
        }
        server.signal("TERM");
        let log = server.wait().1;
        assert!(!log.contains("Redis") && !log.contains("s3cret"), "{variables:?}: {log}");
    }
}

#[test]
fn a_redis_that_cannot_be_meant_is_refused_at_the_start() {
    let folder = TempDir::new().unwrap();
    let form = "error: the address of Redis is not `redis://:PASSWORD@HOST:PORT/NUMBER`, or the same with `rediss://`\n";
    for (variables, arguments, words) in [
        (
            &[("REDIS_ENABLED", "true")][..],
            &[][..],
            "error: the environment variable `REDIS_ENABLED` is set without `REDIS_URI`\nhint: set both, or use `SHIPMARK_REDIS_URL` alone\n",
        ),
        (&[("REDIS_ENABLED", "T"), ("REDIS_URI", "h:6379")], &[], form),
        (&[("SHIPMARK_REDIS_URL", "http://:s3cret@h")], &[], form),
        (&[], &["--redis", "redis://:s3cret@h:port"], form),
        (
            &[],
            &["--shared-with-go"],
            "error: `--shared-with-go` needs the Redis of the original\nhint: name it with `--redis URL` or `SHIPMARK_REDIS_URL`\n",
        ),
    ] {
        let mut command =
            command(&[&["serve", "--listen", "127.0.0.1:0"], arguments].concat(), folder.path());
        let output = command.envs(variables.iter().copied()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.as_str()), (Some(3), words), "{variables:?}");
    }
}
