//! Results go to stdout, everything else to stderr. This is the only writer of the standard streams, and
//! the place where colour, quiet and JSON are decided, once.

use std::io::{IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::error::Error;
use crate::process::Onward;

/// How a command speaks.
#[derive(Debug, Clone, Copy)]
pub struct Ui {
    pub json: bool,
    pub quiet: bool,
    pub verbose: bool,
    /// Whether stdout and stderr are coloured; decided by `Ui::colors`.
    pub color: Streams,
}

/// One answer for each of the two streams.
#[derive(Debug, Clone, Copy, Default)]
pub struct Streams {
    pub out: bool,
    pub err: bool,
}

/// What a piece of text is, so that one place gives it its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Strong,
    Dim,
    Good,
    Bad,
    Caution,
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Strong => Style::new().bold(),
            Self::Dim => Style::new().dimmed(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
            Self::Caution => AnsiColor::Yellow.on_default(),
        }
    }
}

/// Colours `text` if `on`.
pub fn paint(on: bool, tone: Tone, text: &str) -> String {
    if !on || tone == Tone::Plain {
        return text.to_owned();
    }
    let style = tone.style();
    format!("{style}{text}{style:#}")
}

/// Which of stdout and stderr are terminals.
pub fn terminals() -> Streams {
    Streams { out: std::io::stdout().is_terminal(), err: std::io::stderr().is_terminal() }
}

/// Both streams for what another program writes, which passes as it comes.
pub fn onward() -> Onward {
    Onward { out: Box::new(std::io::stdout()), err: Box::new(std::io::stderr()) }
}

impl Ui {
    /// Prints the answer of a command; a missing line end is added.
    pub fn answer(&self, text: &str) -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        forgive_closed_pipe(write_line(&mut out, text).and_then(|()| out.flush()))
    }

    /// Prints one JSON document.
    pub fn document(&self, value: &impl Serialize) -> std::io::Result<()> {
        let text = serde_json::to_string_pretty(value).map_err(std::io::Error::other)?;
        self.answer(&text)
    }

    /// Says something beside the answer, unless the user asked for quiet.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            self.say(text);
        }
    }

    /// Says what must be read whatever the user asked for: why a message or a push is refused.
    pub fn urge(&self, text: &str) {
        self.say(text);
    }

    /// Says something only under `-v`.
    pub fn detail(&self, text: &str) {
        if self.verbose && !self.quiet {
            self.say(text);
        }
    }

    /// Warns; quiet does not hide a warning.
    pub fn warn(&self, text: &str) {
        self.say(&format!("{} {text}", paint(self.color.err, Tone::Caution, "warning:")));
    }

    /// Prints the one error with its causes and hints.
    pub fn error(&self, error: &Error) {
        self.complain(Tone::Bad, "error:", error);
    }

    /// Warns of an error that did not keep the command from its end, with its causes and hints.
    pub fn warn_of(&self, error: &Error) {
        self.complain(Tone::Caution, "warning:", error);
    }

    fn complain(self, tone: Tone, label: &str, error: &Error) {
        self.say(&format!("{} {}", paint(self.color.err, tone, label), error.message));
        for (number, cause) in error.causes.iter().enumerate() {
            self.say(&format!("  {}: {cause}", number + 1));
        }
        for hint in &error.hints {
            self.say(&format!("{} {hint}", paint(self.color.err, Tone::Good, "hint:")));
        }
    }

    /// Colours a piece of an answer.
    pub fn out(&self, tone: Tone, text: &str) -> String {
        paint(self.color.out, tone, text)
    }

    /// Colours a piece of a note.
    pub fn err(&self, tone: Tone, text: &str) -> String {
        paint(self.color.err, tone, text)
    }

    /// A stderr that is closed is nobody's loss: what is said there is never the answer.
    #[expect(
        clippy::unused_self,
        clippy::trivially_copy_pass_by_ref,
        reason = "speaking is an act of the interface"
    )]
    fn say(&self, text: &str) {
        let _ = write_line(&mut std::io::stderr().lock(), text);
    }
}

fn write_line(to: &mut impl Write, text: &str) -> std::io::Result<()> {
    to.write_all(text.as_bytes())?;
    if text.ends_with('\n') { Ok(()) } else { to.write_all(b"\n") }
}

/// A reader that went away, such as `head`, has what it wanted.
fn forgive_closed_pipe(result: std::io::Result<()>) -> std::io::Result<()> {
    match result {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
