//! A disk whose power can be cut: an ext4 image on a loop device. The ioctl that xfstests uses for that drops every
//! dirty page, fails every later call, and the next mount replays the journal.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// `EXT4_IOC_SHUTDOWN` with `EXT4_GOING_FLAGS_NOLOGFLUSH` (linux/fs/ext4/ext4.h), when a line is read.
const CUT: &str = "import fcntl,os,struct,sys; disk = os.open(sys.argv[1],0); \
                   print('ready', flush=True); sys.stdin.readline(); \
                   fcntl.ioctl(disk, 0x8004587d, struct.pack('I',2))";

/// A mounted file system of its own; it ends with the value.
pub(crate) struct Disk {
    place: TempDir,
}

impl Disk {
    /// Whether this machine and this user can have one.
    pub(crate) fn can_be_made() -> bool {
        let disk = Self { place: TempDir::new().unwrap() };
        disk.format() && disk.mount()
    }

    pub(crate) fn make() -> Self {
        let disk = Self { place: TempDir::new().unwrap() };
        assert!(disk.format() && disk.mount());
        disk
    }

    fn image(&self) -> PathBuf {
        self.place.path().join("image")
    }

    /// Where it is mounted.
    pub(crate) fn folder(&self) -> PathBuf {
        self.place.path().join("disk")
    }

    fn format(&self) -> bool {
        std::fs::create_dir(self.folder()).unwrap();
        let image = std::fs::File::create(self.image()).unwrap();
        image.set_len(128 * 1024 * 1024).unwrap();
        run("mkfs.ext4", &["-q", "-F", self.image().to_str().unwrap()])
    }

    fn mount(&self) -> bool {
        let (image, folder) = (self.image(), self.folder());
        run("mount", &["-o", "loop", image.to_str().unwrap(), folder.to_str().unwrap()])
    }

    /// Makes everything durable that is there so far.
    pub(crate) fn settle(&mut self) {
        assert!(run("sync", &["-f", self.folder().to_str().unwrap()]));
    }

    /// Cuts the power after a while, and says when. What was confirmed later does not count: without power nothing is
    /// confirmed, but a sync that is under way when this file system is shut down may still end well.
    pub(crate) fn cut_after(&self, wait: Duration) -> JoinHandle<Instant> {
        let folder = self.folder();
        std::thread::spawn(move || {
            std::thread::sleep(wait);
            cut(&folder)
        })
    }

    /// The power comes back.
    pub(crate) fn restore(&mut self) {
        assert!(run("umount", &[self.folder().to_str().unwrap()]), "something still uses the disk");
        assert!(self.mount());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // One that was never mounted is as good.
        run("umount", &["--lazy", self.folder().to_str().unwrap()]);
    }
}

fn cut(folder: &Path) -> Instant {
    let mut python = Command::new("python3");
    python.args(["-c", CUT, folder.to_str().unwrap()]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut python = python.spawn().unwrap();
    let mut ready = String::new();
    BufReader::new(python.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    let when = Instant::now();
    writeln!(python.stdin.take().unwrap(), "now").unwrap();
    assert!(python.wait().unwrap().success(), "the power was not cut");
    when
}

fn run(program: &str, args: &[&str]) -> bool {
    let status = Command::new(program).args(args).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
