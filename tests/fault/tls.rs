//! Servers that are not who they claim to be get nothing, and a token is nowhere to be found afterwards.

use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::proxy::{Fault, Proxy};
use crate::server::LONGEST;
use crate::weak::strong;

/// Characters that percent, base64 and shells treat in their own ways.
const CANARY: &str = "smk_canary%2F+=/$(id)";

fn openssl(folder: &Path, line: &str) {
    let output = Command::new("openssl").args(line.split(' ')).current_dir(folder).output();
    let output = output.unwrap_or_else(|error| panic!("openssl: {error}; install it"));
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A certificate for a host by an authority, valid for so many days from now.
fn certificate(folder: &Path, authority: &str, name: &str, host: &str, days: i32) {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    openssl(
        folder,
        &format!(
            "req -new {key} -subj /CN=x -addext subjectAltName=DNS:{host} -keyout {name}.key -out {name}.csr"
        ),
    );
    openssl(
        folder,
        &format!(
            "x509 -req -in {name}.csr -CA {authority}.pem -CAkey {authority}.key -days {days} -copy_extensions copy \
             -out {name}.pem"
        ),
    );
}

fn authority(folder: &Path, name: &str) {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    openssl(folder, &format!("req -x509 {key} -subj /CN={name} -days 9 -keyout {name}.key -out {name}.pem"));
}

/// A TLS server that says what it gets.
struct Ear {
    child: Child,
    port: u16,
}

impl Ear {
    fn listen(folder: &Path, name: &str, more: &[&str]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new("openssl")
            .args(["s_server", "-quiet", "-accept", &format!("127.0.0.1:{port}")])
            .args(["-cert", &format!("{name}.pem"), "-key", &format!("{name}.key")])
            .args(more)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < LONGEST, "openssl does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        Self { child, port }
    }

    /// Everything that a client said to it in the clear of the tunnel.
    fn heard(mut self) -> String {
        self.child.kill().unwrap();
        let mut heard = Vec::new();
        self.child.stdout.take().unwrap().read_to_end(&mut heard).unwrap();
        self.child.wait().unwrap();
        String::from_utf8_lossy(&heard).into_owned()
    }
}

fn command(home: &Path, url: &str, args: &[&str]) -> Command {
    let mut command = Command::new(strong());
    command
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap())
        .env("HOME", home)
        .env("SHIPMARK_REGISTRY_URL", url)
        .env("SHIPMARK_TOKEN", CANARY)
        .current_dir(home)
        .args(args);
    command
}

fn report(home: &Path, port: u16, ca: Option<&Path>) -> Output {
    let mut args = vec!["report", "dev", "--app", "a", "--version", "1.0.0", "--status", "deployed"];
    if let Some(ca) = ca {
        args.extend(["--ca-file", ca.to_str().unwrap()]);
    }
    command(home, &format!("https://localhost:{port}/"), &args).output().unwrap()
}

#[test]
fn a_server_that_is_not_who_it_claims_to_be_hears_nothing() {
    let (folder, home) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let path = folder.path();
    authority(path, "ours");
    authority(path, "theirs");
    certificate(path, "ours", "good", "localhost", 9);
    certificate(path, "ours", "expired", "localhost", -1);
    certificate(path, "ours", "elsewhere", "registry.example", 9);
    certificate(path, "theirs", "unknown", "localhost", 9);
    let ca = path.join("ours.pem");

    // The control: with its authority named, the same command is heard.
    let ear = Ear::listen(path, "good", &[]);
    report(home.path(), ear.port, Some(&ca));
    let heard = ear.heard();
    assert!(heard.contains("POST /api/v2/deployments") && heard.contains(CANARY), "{heard}");

    let old = ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"];
    for (what, name, more, ca) in [
        ("expired", "expired", &[][..], Some(&ca)),
        ("of another host", "elsewhere", &[], Some(&ca)),
        ("of another authority", "unknown", &[], Some(&ca)),
        ("of an authority that nobody named", "good", &[], None),
        ("signed by itself", "theirs", &[], Some(&ca)),
        ("of TLS 1.1", "good", &old, Some(&ca)),
    ] {
        let ear = Ear::listen(path, name, more);
        let output = report(home.path(), ear.port, ca.map(std::path::PathBuf::as_path));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("is not delivered: cannot reach"), "{what}: {said}");
        assert_eq!(ear.heard(), "", "a server {what}");
    }
}

/// What the registry says of a Redis at a port, which it is to log in to; it is ended then.
fn told_of_redis(home: &Path, port: u16, ca: Option<&Path>) -> String {
    let mut command = command(home, "", &["serve", "--listen", "127.0.0.1:0"]);
    command.env("SHIPMARK_REDIS_URL", format!("rediss://:canary@localhost:{port}"));
    let mut child = command.envs(ca.map(|ca| ("SSL_CERT_FILE", ca))).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let said = lines.into_iter().find(|line| line.contains("Redis does not answer"));
    child.kill().unwrap();
    child.wait().unwrap();
    said.unwrap()
}

#[test]
fn a_redis_that_is_not_who_it_claims_to_be_hears_no_password() {
    let (folder, home) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let path = folder.path();
    authority(path, "ours");
    authority(path, "theirs");
    certificate(path, "ours", "good", "localhost", 9);
    certificate(path, "ours", "expired", "localhost", -1);
    certificate(path, "ours", "elsewhere", "redis.example", 9);
    certificate(path, "theirs", "unknown", "localhost", 9);
    let ca = path.join("ours.pem");

    // The control: the good one hears the password, though it then says nothing.
    let ear = Ear::listen(path, "good", &[]);
    let said = told_of_redis(home.path(), ear.port, Some(&ca));
    assert!(said.contains("no answer within 1000 ms"), "{said}");
    let heard = ear.heard();
    assert!(heard.contains("AUTH") && heard.contains("canary"), "{heard}");

    for (name, ca) in
        [("expired", Some(&ca)), ("elsewhere", Some(&ca)), ("unknown", Some(&ca)), ("good", None)]
    {
        let ear = Ear::listen(path, name, &[]);
        let said = told_of_redis(home.path(), ear.port, ca.map(std::path::PathBuf::as_path));
        assert!(said.contains("certificate") && !said.contains("canary"), "{name}: {said}");
        assert_eq!(ear.heard(), "", "{name}");
    }
}

/// What a token looks like in the codes that servers and logs use.
fn codes() -> Vec<String> {
    let encode = |program: &str, args: &[&str], text: &str| {
        let mut child =
            Command::new(program).args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap().trim().to_owned()
    };
    let digits =
        |before: &str| CANARY.bytes().fold(String::new(), |text, byte| format!("{text}{before}{byte:02X}"));
    let (hex, percent) = (digits(""), digits("%"));
    let form = "smk_canary%252F%2B%3D%2F%24%28id%29".to_owned();
    let base64 = encode("base64", &["-w0"], CANARY);
    let basic = encode("base64", &["-w0"], &format!("user:{CANARY}"));
    vec![CANARY.to_owned(), hex.to_lowercase(), hex, percent, form, base64, basic]
}

/// The parts of the codes that would give the token away. Base64 mixes the token with what stands before and after
/// it, so there it is the middle that counts.
fn traces(text: &str) -> Vec<String> {
    let all = codes();
    let middle = |code: &String| code.get(code.len() / 2 - 8..code.len() / 2 + 8).unwrap().to_owned();
    let mut wanted: Vec<String> = all[..5].to_vec();
    wanted.extend(all[5..].iter().map(middle));
    wanted.into_iter().filter(|code| text.contains(code.as_str())).collect()
}

fn everything_below(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        text.push_str(&entry.file_name().to_string_lossy());
        if entry.file_type().unwrap().is_dir() {
            everything_below(&entry.path(), text);
        } else {
            text.push_str(&String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap()));
        }
    }
}

#[test]
fn a_token_that_a_server_echoes_in_every_code_is_nowhere_to_be_found() {
    let home = TempDir::new().unwrap();
    let echo = serde_json::json!({ "title": "denied", "detail": codes().join(" ") }).to_string();
    let echo: &'static str = Box::leak(echo.into_boxed_str());
    assert_eq!(traces(echo).len(), 7, "the server gives it away in every code");
    let problem = "application/problem+json";
    let proxy = Proxy::before(1, move |line| {
        let status = if line.starts_with("POST") { 422 } else { 500 };
        Fault::Answer(status, problem, String::new(), echo)
    });
    let git = |args: &[&str]| {
        let mut git = Command::new("git");
        git.args(args).current_dir(home.path()).env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", home.path());
        assert!(git.status().unwrap().success(), "git {args:?}");
    };
    std::fs::write(home.path().join("VERSION.txt"), "1.0.0\n").unwrap();
    git(&["init", "--quiet", "--template="]);
    git(&["add", "VERSION.txt"]);
    git(&["-c", "user.name=Ada", "-c", "user.email=a@example.org", "commit", "--quiet", "-m", "feat: begin"]);
    let log = home.path().join("strace");
    let url = proxy.url();
    let mut said = String::new();
    for args in [
        &["report", "dev", "--status", "deployed"][..],
        &["-v", "status"],
        &["-v", "compare", "dev"],
        &["-v", "where", "HEAD"],
        &["-v", "can-deploy", "dev"],
        &["-v", "hold", "list"],
        &["-v", "deploy", "dev", "--", "true"],
        &["--json", "outbox", "list"],
        &["outbox", "flush"],
        &["config", "show"],
    ] {
        let mut strace = Command::new("strace");
        strace.args(["-f", "-qq", "-s", "4096", "-A", "-o", log.to_str().unwrap(), "-e", "trace=execve"]);
        let plain = command(home.path(), &url, args);
        strace.arg(plain.get_program()).args(plain.get_args()).env_clear().current_dir(home.path());
        strace.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = strace.output().unwrap_or_else(|error| panic!("strace: {error}; install it"));
        said.push_str(&String::from_utf8_lossy(&[output.stdout, output.stderr].concat()));
    }
    assert!(said.contains("denied"), "the answers were told: {said}");
    assert_eq!(traces(&said), [""; 0], "{said}");
    let mut kept = String::new();
    everything_below(home.path(), &mut kept);
    assert!(kept.contains("denied") && kept.contains("execve("), "the reasons and the children were kept");
    assert_eq!(traces(&kept), [""; 0]);
}
