//! What the kernel says of this process, under the names that Prometheus' own clients use. A figure that
//! cannot be read is left out.

use super::text::{Kind, Text};

pub(super) fn write(to: &mut Text) {
    let mut gauge = |name: &str, kind: Kind, help: &str, value: Option<f64>| {
        if let Some(value) = value {
            to.head(name, kind, help);
            to.line(name, &[], value);
        }
    };
    let stat = Stat::read();
    let field = |at: usize| stat.as_ref().and_then(|stat| stat.field(at));
    let ticks = as_float(rustix::param::clock_ticks_per_second());
    let page = as_float(u64::try_from(rustix::param::page_size()).unwrap_or(0));
    // The numbers of the fields are those of proc(5).
    let cpu = field(14).zip(field(15)).map(|(user, system)| (user + system) / ticks);
    let started = field(22).zip(boot_time()).map(|(after, boot)| boot + after / ticks);
    let files = std::fs::read_dir("/proc/self/fd").ok().map(Iterator::count);
    let files = files.and_then(|count| u32::try_from(count).ok()).map(f64::from);
    let most = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.map(as_float);
    gauge("process_cpu_seconds_total", Kind::Counter, "User and system time in seconds", cpu);
    gauge("process_resident_memory_bytes", Kind::Gauge, "Resident memory", field(24).map(|n| n * page));
    gauge("process_virtual_memory_bytes", Kind::Gauge, "Virtual memory", field(23));
    gauge("process_start_time_seconds", Kind::Gauge, "Start, in seconds since 1970", started);
    gauge("process_open_fds", Kind::Gauge, "Open file descriptors", files);
    gauge("process_max_fds", Kind::Gauge, "The most file descriptors", most);
}

/// `/proc/self/stat` from its third field on; the second is a name that may hold blanks and brackets.
struct Stat(String);

impl Stat {
    fn read() -> Option<Self> {
        let text = std::fs::read_to_string("/proc/self/stat").ok()?;
        text.rsplit_once(") ").map(|(_, rest)| Self(rest.to_owned()))
    }

    fn field(&self, at: usize) -> Option<f64> {
        self.0.split(' ').nth(at.checked_sub(3)?)?.parse().ok()
    }
}

/// Seconds since 1970.
fn boot_time() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    text.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

#[expect(clippy::cast_precision_loss, reason = "no figure here has 53 bits")]
fn as_float(value: u64) -> f64 {
    value as f64
}
