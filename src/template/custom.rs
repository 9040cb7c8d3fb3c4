//! Templates of a repository, which may be a stranger's.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use handlebars::template::{Template, TemplateElement};
use handlebars::{Handlebars, RenderError};
use serde::Serialize;

use super::TemplateError;

/// A template that takes the place of an embedded one.
#[derive(Debug, Clone)]
pub struct Custom {
    /// Of the embedded one.
    pub name: &'static str,
    /// Its file, for messages.
    pub place: String,
    pub text: String,
}

/// The most that a template may be long, and that filling it may give, in bytes.
const TEXT: usize = 64 * 1024;
const FILLED: usize = 10 * 1024 * 1024;
/// The longest that filling may take.
const TIME: Duration = Duration::from_secs(5);
/// Room for blocks within blocks, as deep as a template of that size can have them.
const STACK: usize = 256 * 1024 * 1024;

/// Puts them over the embedded ones.
pub(super) fn register(registry: &mut Handlebars<'static>, custom: &[Custom]) -> Result<(), TemplateError> {
    for template in custom {
        if template.text.len() > TEXT {
            return Err(refuse(&template.place, format!("a template has at most {TEXT} bytes")));
        }
        let mut compiled = Template::compile_with_name(&template.text, template.name.to_owned())
            .map_err(|error| of_syntax(template, &error))?;
        compiled.name = Some(template.name.to_owned());
        registry.register_template(template.name, compiled);
    }
    refuse_circles(registry, custom)
}

/// Fills a template within the bounds, on a thread of its own: one that takes too long is left behind, and ends
/// with the process.
pub(super) fn render(
    registry: &Arc<Handlebars<'static>>,
    custom: &[Custom],
    name: &str,
    view: &impl Serialize,
) -> Result<String, TemplateError> {
    let start = custom.first().map_or(name, |template| template.place.as_str()).to_owned();
    let view = serde_json::to_value(view).map_err(|error| refuse(&start, error.to_string()))?;
    let (registry, owned) = (Arc::clone(registry), name.to_owned());
    let (sender, receiver) = mpsc::channel();
    let work = move || {
        let mut output = Capped(Vec::new());
        let filled = registry.render_to_write(&owned, &view, &mut output);
        // Nobody listens any more once the time is over.
        let _ = sender.send(filled.map(|()| output.0));
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(work);
    thread.map_err(|error| refuse(&start, error.to_string()))?;
    match receiver.recv_timeout(TIME) {
        Ok(Ok(bytes)) => String::from_utf8(bytes).map_err(|error| refuse(&start, error.to_string())),
        Ok(Err(error)) => Err(of_filling(custom, error)),
        Err(_) => Err(refuse(&start, format!("filling it takes longer than {} seconds", TIME.as_secs()))),
    }
}

struct Capped(Vec<u8>);

impl Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > FILLED {
            return Err(io::Error::other(format!("it gives more than {FILLED} bytes")));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn refuse(place: &str, problem: String) -> TemplateError {
    TemplateError::Custom { place: place.to_owned(), problem }
}

fn of_syntax(template: &Custom, error: &handlebars::TemplateError) -> TemplateError {
    let place = match error.pos() {
        Some((line, column)) => format!("{}:{line}:{column}", template.place),
        None => template.place.clone(),
    };
    // The parser explains itself over several lines; its first one names the problem.
    let reason = error.reason().to_string();
    refuse(&place, reason.lines().map(str::trim).collect::<Vec<_>>().join(" "))
}

/// An error while filling; what stands in an embedded template was handed to it by one of these.
fn of_filling(custom: &[Custom], error: RenderError) -> TemplateError {
    let named = error.template_name.as_deref();
    let Some(template) = custom.iter().find(|template| Some(template.name) == named) else {
        return TemplateError::Unfilled(Box::new(error));
    };
    let place = match (error.line_no, error.column_no) {
        (Some(line), Some(column)) => format!("{}:{line}:{column}", template.place),
        _ => template.place.clone(),
    };
    refuse(&place, error.reason().to_string())
}

/// Partials that name each other in a circle would never end, and a name that is computed, or a partial that is
/// defined in place, could close such a circle unseen.
fn refuse_circles(registry: &Handlebars<'static>, custom: &[Custom]) -> Result<(), TemplateError> {
    let mut named: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (name, template) in registry.get_templates() {
        let mut found = BTreeSet::new();
        let hidden = !partials(template, &mut found);
        if let Some(own) = custom.iter().find(|own| own.name == name).filter(|_| hidden) {
            return Err(refuse(
                &own.place,
                "a partial is named by its plain name, and never defined here".to_owned(),
            ));
        }
        named.insert(name, found);
    }
    for template in custom {
        let (mut seen, mut open) = (BTreeSet::new(), vec![template.name]);
        while let Some(name) = open.pop() {
            for next in named.get(name).into_iter().flatten() {
                if next == template.name {
                    return Err(refuse(&template.place, format!("the partial `{next}` contains itself")));
                }
                if seen.insert(next) {
                    open.push(next);
                }
            }
        }
    }
    Ok(())
}

/// Collects the partials that a template names; says whether all of them are plain names.
fn partials(template: &Template, found: &mut BTreeSet<String>) -> bool {
    template.elements.iter().all(|element| match element {
        TemplateElement::PartialExpression(partial) => match partial.name.as_name() {
            Some(name) => {
                found.insert(name.to_owned());
                true
            }
            None => false,
        },
        TemplateElement::HelperBlock(block) | TemplateElement::Expression(block) => {
            [&block.template, &block.inverse].into_iter().flatten().all(|inner| partials(inner, found))
        }
        TemplateElement::RawString(_) | TemplateElement::HtmlExpression(_) | TemplateElement::Comment(_) => {
            true
        }
        // Blocks of partials, decorators, and what the crate may learn.
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Templates;
    use super::*;

    fn fill(texts: &[(&'static str, &str)], view: &serde_json::Value) -> Result<String, String> {
        let custom = texts
            .iter()
            .map(|(name, text)| Custom { name, place: format!("t/{name}.hbs"), text: (*text).to_owned() })
            .collect();
        let templates = Templates::markdown(custom).map_err(|error| error.to_string())?;
        templates.render("changelog", view).map_err(|error| error.to_string())
    }

    #[test]
    fn a_template_takes_the_place_of_ours_and_its_values_are_escaped() {
        let filled = fill(&[("changelog", "# {{a}} {{{a}}}")], &json!({ "a": "*x*" }));
        assert_eq!(filled.as_deref(), Ok("# \\*x\\* *x*"));
    }

    #[test]
    fn mistakes_have_file_line_and_column() {
        for (text, start) in [
            ("a\n{{b}}", "t/changelog.hbs:2:1: "),
            ("a\n{{#if x}}", "t/changelog.hbs:"),
            ("{{> nothing}}", "t/changelog.hbs:1:1: "),
            ("{{> changelog}}", "t/changelog.hbs: the partial `changelog` contains itself"),
            ("{{> (lookup this 'x')}}", "t/changelog.hbs"),
            ("{{#*inline \"x\"}}{{> x}}{{/inline}}{{> x}}", "t/changelog.hbs: a partial is named by"),
        ] {
            let error = fill(&[("changelog", text)], &json!({ "x": "y" })).unwrap_err();
            assert!(error.starts_with(start), "{text}: {error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
        let circle =
            fill(&[("changelog", "{{> entry}}"), ("entry", "{{#if x}}{{> changelog}}{{/if}}")], &json!({}));
        assert_eq!(circle.unwrap_err(), "t/changelog.hbs: the partial `changelog` contains itself");
    }

    #[test]
    fn size_depth_and_time_are_bounded() {
        let long = "x".repeat(TEXT + 1);
        assert_eq!(
            fill(&[("changelog", &long)], &json!({})).unwrap_err(),
            format!("t/changelog.hbs: a template has at most {TEXT} bytes")
        );
        let many = json!({ "a": vec![0; 100_000] });
        let product = "{{#each a}}{{#each ../a}}xxxxxxxxxx{{/each}}{{/each}}";
        let error = fill(&[("changelog", product)], &many).unwrap_err();
        assert!(error.contains("more than") || error.contains("longer than"), "{error}");
        let deep = |depth| "{{#if a}}".repeat(depth) + &"{{/if}}".repeat(depth);
        assert_eq!(fill(&[("changelog", &deep(500))], &many), Ok(String::new()));
        assert!(fill(&[("changelog", &deep(4000))], &many).unwrap_err().contains("stack limit"));
    }
}
