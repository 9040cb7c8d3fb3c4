//! The text format of Prometheus, version 0.0.4.

use std::fmt::{Display, Write};

/// What a metric is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
    Summary,
}

/// The lines so far.
#[derive(Debug, Default)]
pub(super) struct Text(String);

impl Text {
    /// Begins a metric.
    pub(super) fn head(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
            Kind::Summary => "summary",
        };
        self.add(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    /// One value.
    pub(super) fn line(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<_> =
            labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect();
        if labels.is_empty() {
            self.add(format_args!("{name} {value}\n"));
        } else {
            self.add(format_args!("{name}{{{}}} {value}\n", labels.join(",")));
        }
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }

    fn add(&mut self, piece: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.0.write_fmt(piece);
    }
}

/// The three characters that the format escapes in the value of a label.
fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_cannot_end_its_quotes() {
        let mut text = Text::default();
        text.line("a", &[("b", "c\"} 1\nd\\")], 2);
        assert_eq!(text.into_string(), "a{b=\"c\\\"} 1\\nd\\\\\"} 2\n");
    }
}
