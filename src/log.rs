//! The log of the server: one JSON object per line, times in UTC. What clients sent passes an escape before
//! it gets here, and neither query strings nor tokens are ever handed over.

use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;

use crate::world::World;

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level(LevelFilter);

impl Level {
    /// Failures only.
    pub const ERROR: Self = Self(LevelFilter::ERROR);
    /// What an operator wants to see.
    pub const INFO: Self = Self(LevelFilter::INFO);

    /// By the words of `APP_LOG_LEVEL`; what is no such word means `info`, as in the original.
    pub fn of(word: Option<&str>) -> Self {
        Self(match word.map(str::trim) {
            Some("panic" | "fatal" | "error") => LevelFilter::ERROR,
            Some("warn") => LevelFilter::WARN,
            Some("debug") => LevelFilter::DEBUG,
            Some("trace") => LevelFilter::TRACE,
            _ => LevelFilter::INFO,
        })
    }
}

/// The present time of a world in RFC 3339.
struct Clock(World);

impl FormatTime for Clock {
    fn format_time(&self, to: &mut Writer<'_>) -> std::fmt::Result {
        write!(to, "{:.3}", self.0.now())
    }
}

/// A log that writes to `sink`. Libraries are heard from `warn` upwards, because below that they describe
/// their own insides.
pub fn to<W>(sink: W, level: Level, world: World) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let libraries = level.0.min(LevelFilter::WARN);
    let heard = Targets::new().with_default(libraries).with_target("shipmark", level.0);
    let lines = fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_timer(Clock(world))
        .with_writer(sink);
    tracing_subscriber::registry().with(lines.with_filter(heard))
}

/// Sends the log of the whole process to stderr. A second call changes nothing.
pub fn start(level: Level, world: &World) {
    let _ = tracing::subscriber::set_global_default(to(std::io::stderr, level, world.clone()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_original_are_known() {
        assert_eq!(Level::of(Some(" fatal ")), Level::ERROR);
        assert_eq!(Level::of(Some("verbose")), Level::INFO);
        assert_eq!(Level::of(None), Level::INFO);
        assert_ne!(Level::of(Some("debug")), Level::of(Some("trace")));
    }
}
