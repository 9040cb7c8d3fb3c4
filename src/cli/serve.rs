//! `shipmark serve`: the registry.

use clap::Args;

use super::Context;
use crate::error::{Error, Status};

/// Run the registry: API and board
#[derive(Args)]
pub(super) struct Serve {}

impl Serve {
    pub(super) fn run(self, _context: &Context) -> Result<Status, Error> {
        Ok(crate::error::Exit::Done.into())
    }
}
