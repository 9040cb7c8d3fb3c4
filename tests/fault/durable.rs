//! The registry is killed, or the machine under it loses power, while clients write: what was confirmed is there.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::power::Disk;
use crate::random::Random;
use crate::server::Server;
use crate::weak::{full, strong, weak};

const CLIENTS: usize = 8;

/// Where a registry keeps its data.
enum Place {
    Folder(PathBuf),
    File(PathBuf),
    Database(String),
}

impl Place {
    fn serve(&self, binary: &Path) -> Server {
        match self {
            Self::Folder(folder) => Server::over(binary, &["--data-dir", folder.to_str().unwrap()], 0),
            Self::File(path) => {
                Server::over(binary, &["--database", &format!("sqlite://{}", path.display())], 0)
            }
            Self::Database(url) => Server::over(binary, &["--database", url], 0),
        }
    }

    /// What SQLite itself says about the file; the servers look after theirs.
    fn integrity(&self) -> String {
        const ASK: &str = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('PRAGMA integrity_check').fetchone()[0])";
        let Self::Folder(folder) = self else { return "ok".to_owned() };
        let output =
            Command::new("python3").args(["-c", ASK]).arg(folder.join("registry.db")).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }
}

/// What the clients of one round asked for, and what was confirmed to them.
#[derive(Default)]
struct Heard {
    asked: Vec<String>,
    /// Each with the time of its answer.
    confirmed: Vec<(String, Instant)>,
}

/// Writes to three places of an app by several clients, each one request after the other, until there is no answer.
fn write(server: &Server, app: &str) -> Heard {
    let client = |client: usize| {
        let mut heard = Heard::default();
        for number in 0.. {
            let version = format!("{client}.{number}.0");
            let environment = format!("env-{}", (client + number) % 3);
            let body = format!(
                "workload={app}&platform={environment}&environment={environment}&version={version}&status=deployed"
            );
            heard.asked.push(version.clone());
            match server.send("POST", "/api/v1/create", "", &body).0 {
                201 => heard.confirmed.push((version, Instant::now())),
                // A server whose disk is gone says that it failed, until it ends.
                0 | 500 | 503 => break,
                other => panic!("{other} for {body}"),
            }
        }
        heard
    };
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|number| scope.spawn(move || client(number))).collect();
        let mut all = Heard::default();
        for client in clients {
            let heard = client.join().unwrap();
            all.asked.extend(heard.asked);
            all.confirmed.extend(heard.confirmed);
        }
        all
    })
}

/// How a place that lost its server went on.
struct After {
    faults: Vec<String>,
    confirmed: usize,
    ready: Duration,
}

/// Starts the registry again and looks for everything that was confirmed.
fn after(place: &Place, app: &str, heard: &Heard) -> After {
    let began = Instant::now();
    let server = place.serve(&strong());
    let ready = began.elapsed();
    let mut faults = Vec::new();
    let rows = server.deployments_of(&format!("&app={app}"));
    let versions: Vec<&str> = rows.iter().map(|row| row["version"].as_str().unwrap()).collect();
    for (version, _) in &heard.confirmed {
        let count = versions.iter().filter(|there| *there == version).count();
        if count != 1 {
            faults.push(format!("{app} {version} is there {count} times"));
        }
    }
    faults.extend(
        versions
            .iter()
            .filter(|there| !heard.asked.iter().any(|asked| asked == *there))
            .map(|version| format!("{app} {version} was never asked for")),
    );
    // A client asks for one thing after the other, so at most one of each is in doubt; after a cut one more.
    if versions.len() > heard.confirmed.len() + 2 * CLIENTS {
        faults.push(format!("{} rows of {} confirmed", versions.len(), heard.confirmed.len()));
    }
    for number in 0..3 {
        let path = format!("/api/v2/chain?app={app}&platform=env-{number}&environment=env-{number}");
        let (status, text) = server.send("GET", &path, "", "");
        // A place that no client came to has no chain.
        if status != 404 && !text.contains("\"whole\":true") {
            faults.push(format!("{app} env-{number}: {text}"));
        }
    }
    drop(server);
    let integrity = place.integrity();
    if integrity != "ok" {
        faults.push(integrity);
    }
    After { faults, confirmed: heard.confirmed.len(), ready }
}

/// Kills the registry after a while.
fn kill(binary: &Path, place: &Place, app: &str, random: &mut Random) -> After {
    let mut server = place.serve(binary);
    let id = server.child.id().to_string();
    let wait = Duration::from_millis(100 + random.below(400) as u64);
    let killer = std::thread::spawn(move || {
        std::thread::sleep(wait);
        assert!(Command::new("kill").args(["-9", &id]).status().unwrap().success());
    });
    let heard = write(&server, app);
    killer.join().unwrap();
    server.child.wait().unwrap();
    after(place, app, &heard)
}

/// Copies the registry again and again while clients write, and kills some of the copies: how many copies were made, and
/// what was wrong with them.
fn copies(wanted: usize, random: &mut Random) -> (usize, usize, Vec<String>) {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let mut server = Server::start(&strong(), &data);
    let (mut made, mut killed, mut times) = (Vec::new(), 0, Vec::new());
    let heard = std::thread::scope(|scope| {
        let writing = scope.spawn(|| write(&server, "app"));
        for number in 0..wanted {
            std::thread::sleep(Duration::from_millis(50));
            let began = Instant::now();
            let file = folder.path().join(format!("copy-{number}.db"));
            let mut copying = Command::new(strong());
            copying.args(["backup", file.to_str().unwrap(), "--data-dir", data.to_str().unwrap()]);
            let mut copying = copying.stdout(std::process::Stdio::null()).spawn().unwrap();
            if number % 3 == 2 {
                std::thread::sleep(Duration::from_millis(random.below(60) as u64));
                let _ = copying.kill();
                copying.wait().unwrap();
                killed += 1;
            } else {
                assert!(copying.wait().unwrap().success());
            }
            if file.exists() {
                made.push(file);
                times.push(began);
            }
        }
        // The control: the file as it lies there.
        let file = folder.path().join("plain.db");
        times.push(Instant::now());
        std::fs::copy(data.join("registry.db"), &file).unwrap();
        made.push(file);
        let id = server.child.id().to_string();
        assert!(Command::new("kill").args(["-9", &id]).status().unwrap().success());
        writing.join().unwrap()
    });
    server.child.wait().unwrap();
    let mut faults = Vec::new();
    for (file, began) in made.iter().zip(&times) {
        let place = Place::File(file.clone());
        let server = place.serve(&strong());
        let rows = server.deployments_of("&app=app");
        let there: Vec<&str> = rows.iter().map(|row| row["version"].as_str().unwrap()).collect();
        let before = heard.confirmed.iter().filter(|(_, when)| when < began);
        let lost = before.filter(|(version, _)| !there.contains(&version.as_str())).count();
        let strange =
            there.iter().filter(|version| !heard.asked.iter().any(|asked| asked == *version)).count();
        let integrity = place.integrity();
        if lost + strange > 0 || integrity != "ok" {
            faults.push(format!("{}: {lost} lost, {strange} strange, {integrity}", file.display()));
        }
    }
    (made.len(), killed, faults)
}

#[test]
fn a_copy_that_has_its_name_holds_what_was_confirmed_before() {
    let (made, killed, mut faults) = copies(if full() { 200 } else { 6 }, &mut Random::of(26));
    let control = faults.pop().filter(|fault| fault.contains("plain.db"));
    eprintln!("plain copy of the file: {}", control.as_deref().unwrap_or("whole"));
    assert!(control.is_some(), "a plain copy lost nothing");
    eprintln!("{} copies made, {killed} tries killed, {} faults", made - 1, faults.len());
    assert!(made > 4, "only {made} copies were made");
    assert!(faults.is_empty(), "{faults:#?}");
}

fn sum(name: &str, rounds: impl Iterator<Item = After>) -> usize {
    let (mut faults, mut confirmed, mut ready, mut count) = (Vec::new(), 0, Duration::ZERO, 0);
    for round in rounds {
        faults.extend(round.faults);
        confirmed += round.confirmed;
        ready = ready.max(round.ready);
        count += 1;
    }
    let slowest = ready.as_millis();
    eprintln!(
        "{name}: {count} times, {confirmed} writes confirmed, {} faults, ready within {slowest} ms",
        faults.len()
    );
    for fault in faults.iter().take(10) {
        eprintln!("  {fault}");
    }
    assert!(confirmed > 0, "nothing was confirmed");
    faults.len()
}

#[test]
fn what_was_confirmed_is_there_after_a_kill() {
    let mut random = Random::of(15);
    let folder = TempDir::new().unwrap();
    let place = Place::Folder(folder.path().join("weak"));
    let rounds = (0..6).map(|round| kill(&weak(), &place, &format!("weak-{round}"), &mut random));
    assert!(sum("killed, weak build", rounds) > 0, "the weak build lost nothing");
    let place = Place::Folder(folder.path().join("data"));
    let kills = if full() { 200 } else { 3 };
    let rounds = (0..kills).map(|round| kill(&strong(), &place, &format!("app-{round}"), &mut random));
    assert_eq!(sum("killed on SQLite", rounds), 0);
}

#[test]
fn what_was_confirmed_is_there_after_a_kill_over_a_server() {
    let mut random = Random::of(16);
    for (variable, name) in [("SHIPMARK_TEST_POSTGRES", "PostgreSQL"), ("SHIPMARK_TEST_MYSQL", "MariaDB")] {
        let Ok(server) = std::env::var(variable) else {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{variable} is not set");
            eprintln!("NOT TRIED on {name}: {variable} is not set; run scripts/test");
            continue;
        };
        let place = Place::Database(crate::server::fresh_database(&server));
        let kills = if full() { 50 } else { 2 };
        let rounds = (0..kills).map(|round| kill(&strong(), &place, &format!("app-{round}"), &mut random));
        assert_eq!(sum(&format!("killed on {name}"), rounds), 0);
    }
}

/// Cuts the power of the disk below a registry.
fn cut(binary: &Path, disk: &mut Disk, app: &str, random: &mut Random) -> After {
    let place = Place::Folder(disk.folder().join("data"));
    let mut server = place.serve(binary);
    disk.settle();
    // Long enough for the log to be folded in some rounds and not in others.
    let cut =
        disk.cut_after(Duration::from_millis(50 + random.below(if full() { 3_000 } else { 600 }) as u64));
    let mut heard = write(&server, app);
    let cut = cut.join().unwrap();
    heard.confirmed.retain(|(_, when)| *when < cut);
    let _ = server.child.kill();
    server.child.wait().unwrap();
    disk.restore();
    after(&place, app, &heard)
}

#[test]
fn what_was_confirmed_is_there_after_a_power_cut() {
    if !Disk::can_be_made() {
        eprintln!("NOT TRIED: no file system can be mounted here; run it as root where loop devices are");
        return;
    }
    let mut random = Random::of(17);
    let mut disk = Disk::make();
    let rounds = (0..3).map(|round| cut(&weak(), &mut disk, &format!("weak-{round}"), &mut random));
    assert!(sum("power cut, weak build", rounds) > 0, "the weak build lost nothing");
    let cuts = if full() { 100 } else { 5 };
    let rounds = (0..cuts).map(|round| {
        if round % 25 == 0 {
            disk = Disk::make();
        }
        cut(&strong(), &mut disk, &format!("app-{round}"), &mut random)
    });
    assert_eq!(sum("power cut on SQLite", rounds), 0);
}
