//! Two strict Handlebars registries, one for Markdown and one for HTML, over the templates that are part of
//! the binary. Strict means that a missing value is an error: Handlebars would print nothing otherwise.

use handlebars::{Handlebars, html_escape};
use serde::Serialize;

use crate::domain::text;

/// Every embedded template by name.
const MARKDOWN: [(&str, &str); 1] = [("changelog", include_str!("../templates/changelog.hbs"))];
const HTML: [(&str, &str); 5] = [
    ("frame", include_str!("../templates/partials/frame.hbs")),
    ("cell", include_str!("../templates/partials/cell.hbs")),
    ("state", include_str!("../templates/partials/state.hbs")),
    ("board", include_str!("../templates/pages/board.hbs")),
    ("error", include_str!("../templates/pages/error.hbs")),
];

/// A template that cannot be read or filled; the text names template, line and column.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    #[error("the template is malformed")]
    Malformed(#[from] Box<handlebars::TemplateError>),
    #[error("the template cannot be filled")]
    Unfilled(#[from] Box<handlebars::RenderError>),
}

/// Templates of one kind of text, with the escape that belongs to it.
pub struct Templates(Handlebars<'static>);

impl Templates {
    /// Templates for Markdown: the changelog and the release notes.
    pub fn markdown() -> Result<Self, TemplateError> {
        Self::with(&MARKDOWN, text::markdown)
    }

    /// Templates for HTML: the pages.
    pub fn html() -> Result<Self, TemplateError> {
        Self::with(&HTML, html_escape)
    }

    fn with(
        sources: &[(&str, &str)],
        escape: impl Fn(&str) -> String + Send + Sync + 'static,
    ) -> Result<Self, TemplateError> {
        let mut registry = Handlebars::new();
        registry.set_strict_mode(true);
        registry.register_escape_fn(escape);
        for (name, source) in sources {
            registry.register_template_string(name, source).map_err(Box::new)?;
        }
        Ok(Self(registry))
    }

    /// Fills the named template.
    pub fn render(&self, name: &str, view: &impl Serialize) -> Result<String, TemplateError> {
        Ok(self.0.render(name, view).map_err(Box::new)?)
    }
}
