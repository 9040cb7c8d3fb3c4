//! A file that was changed in the moment in which it was staged, which git knows by the time of its index alone.

use std::fs::File;
use std::time::{Duration, SystemTime};

use crate::support::released;

#[test]
fn a_change_in_the_moment_of_staging_stays_visible() {
    let sandbox = released();
    sandbox.git(&["config", "core.trustctime", "false"]);
    let moment = SystemTime::UNIX_EPOCH + Duration::from_mins(29_455_000);
    let stamp = |path: &str| {
        File::options().write(true).open(sandbox.path(path)).unwrap().set_modified(moment).unwrap();
    };
    sandbox.file("a", "staged\n");
    stamp("a");
    sandbox.git(&["add", "a"]);
    sandbox.file("a", "edited\n");
    stamp("a");
    stamp(".git/index");
    assert_eq!(sandbox.git(&["--no-optional-locks", "status", "--porcelain"]), "AM a");
    sandbox.run(&["release", "-q"]).says(0, "1.0.0 -> 1.1.0", "");
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "AM a");
}
