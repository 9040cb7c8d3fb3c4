//! `shipmark completions` and `shipmark man`: made from the definition of the command line itself.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Context};
use crate::error::{Error, Exit, Status};

/// Print the completions for a shell
#[derive(Args)]
pub(super) struct Completions {
    shell: Shell,
}

/// Print the manual page
#[derive(Args)]
pub(super) struct Man {}

impl Completions {
    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "shipmark", &mut text);
        print(context, "script", &text)
    }
}

impl Man {
    #[expect(clippy::unused_self, reason = "every command runs in the same way")]
    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        let mut text = Vec::new();
        clap_mangen::Man::new(Cli::command()).render(&mut text)?;
        print(context, "page", &text)
    }
}

fn print(context: &Context, name: &str, text: &[u8]) -> Result<Status, Error> {
    let text = String::from_utf8_lossy(text);
    if context.ui.json {
        context.ui.document(&serde_json::json!({ name: text }))?;
    } else {
        context.ui.answer(&text)?;
    }
    Ok(Exit::Done.into())
}
