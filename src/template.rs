//! Two strict Handlebars registries, one for Markdown and one for HTML, over the templates that are part of
//! the binary. Strict means that a missing value is an error: Handlebars would print nothing otherwise.
//!
//! A repository may bring Markdown templates of its own. It may be a stranger's, so they are held to a size, to a
//! time and to partials that do not name each other in a circle.

mod custom;

use std::sync::Arc;

use handlebars::{Handlebars, html_escape};
use serde::Serialize;

pub use self::custom::Custom;
use crate::domain::text;

/// Every embedded template by name.
const MARKDOWN: [(&str, &str); 4] = [
    ("changelog", include_str!("../templates/changelog.hbs")),
    ("release-notes", include_str!("../templates/release-notes.hbs")),
    ("entry", include_str!("../templates/partials/entry.hbs")),
    ("contributors", include_str!("../templates/partials/contributors.hbs")),
];
const HTML: [(&str, &str); 7] = [
    ("frame", include_str!("../templates/partials/frame.hbs")),
    ("cell", include_str!("../templates/partials/cell.hbs")),
    ("state", include_str!("../templates/partials/state.hbs")),
    ("board", include_str!("../templates/pages/board.hbs")),
    ("error", include_str!("../templates/pages/error.hbs")),
    // What is XML needs the same escape.
    ("badge", include_str!("../templates/pages/badge.hbs")),
    ("feed", include_str!("../templates/pages/feed.hbs")),
];

/// A template that cannot be read or filled; the text names template, line and column.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    #[error("the template is malformed")]
    Malformed(#[from] Box<handlebars::TemplateError>),
    #[error("the template cannot be filled")]
    Unfilled(#[from] Box<handlebars::RenderError>),
    #[error("{place}: {problem}")]
    Custom { place: String, problem: String },
}

/// Templates of one kind of text, with the escape that belongs to it.
pub struct Templates {
    registry: Arc<Handlebars<'static>>,
    custom: Vec<Custom>,
}

impl Templates {
    /// The names that a template for Markdown may have.
    pub fn markdown_names() -> impl Iterator<Item = &'static str> {
        MARKDOWN.into_iter().map(|(name, _)| name)
    }

    /// Templates for Markdown: the changelog and the release notes, with those of a repository in place of ours.
    pub fn markdown(custom: Vec<Custom>) -> Result<Self, TemplateError> {
        let mut registry = registry(&MARKDOWN, text::markdown)?;
        custom::register(&mut registry, &custom)?;
        Ok(Self { registry: Arc::new(registry), custom })
    }

    /// Templates for HTML: the pages.
    pub fn html() -> Result<Self, TemplateError> {
        Ok(Self { registry: Arc::new(registry(&HTML, html_escape)?), custom: Vec::new() })
    }

    /// Fills the named template.
    pub fn render(&self, name: &str, view: &impl Serialize) -> Result<String, TemplateError> {
        if self.custom.is_empty() {
            Ok(self.registry.render(name, view).map_err(Box::new)?)
        } else {
            custom::render(&self.registry, &self.custom, name, view)
        }
    }
}

fn registry(
    sources: &[(&str, &str)],
    escape: impl Fn(&str) -> String + Send + Sync + 'static,
) -> Result<Handlebars<'static>, TemplateError> {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.register_escape_fn(escape);
    for (name, source) in sources {
        registry.register_template_string(name, source).map_err(Box::new)?;
    }
    Ok(registry)
}
