//! One version's section: what shipmark made of commits, and what a person wrote, which stays.

use std::sync::LazyLock;

use regex::Regex;

use super::fence::fenced;

/// A section in parts; lines end in LF.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Section {
    heading: String,
    /// What stands before the first group.
    prose: Vec<String>,
    groups: Vec<Group>,
    /// Link definitions at the end, which belong to the file.
    tail: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
struct Group {
    heading: String,
    items: Vec<String>,
}

impl Group {
    /// Whether it has the heading of the template `contributors`.
    fn names_contributors(&self) -> bool {
        self.heading == "### Contributors"
    }

    /// Without the sentence that the template writes about the contributors, which comes anew.
    fn without_contributors(mut self) -> Self {
        if self.names_contributors() {
            self.items.retain(|item| !item.starts_with("By "));
        }
        self
    }
}

impl Section {
    pub(super) fn parse(text: &str) -> Self {
        let mut lines: Vec<&str> = text.lines().collect();
        let mut section = Self::default();
        while let Some(line) = lines.last().filter(|line| line.trim().is_empty() || is_definition(line)) {
            if is_definition(line) {
                section.tail.insert(0, (*line).to_owned());
            }
            lines.pop();
        }
        let (inside, _) = fenced(&lines);
        let mut lines = lines.into_iter().zip(inside);
        lines.next().unwrap_or_default().0.clone_into(&mut section.heading);
        for (line, inside) in lines {
            section.take(line, inside);
        }
        section
    }

    /// `is_code`: whether the line stands between fences.
    fn take(&mut self, line: &str, is_code: bool) {
        if line.starts_with("### ") && !is_code {
            self.groups.push(Group { heading: line.to_owned(), items: Vec::new() });
            return;
        }
        let items = self.groups.last_mut().map_or(&mut self.prose, |group| &mut group.items);
        // Below a list, a blank line and a line without indent end the item before (CommonMark 0.31, list items).
        let ends_item = |last: &String| {
            is_bullet(last)
                && last.ends_with('\n')
                && !line.trim().is_empty()
                && !line.starts_with([' ', '\t'])
        };
        match items.last_mut() {
            Some(last) if is_code || (!is_bullet(line) && !ends_item(last)) => {
                last.push('\n');
                last.push_str(line);
            }
            _ if line.trim().is_empty() => {}
            _ => items.push(line.to_owned()),
        }
    }

    /// Takes over what a person wrote in another state of this section, or below Unreleased: the prose, and the
    /// items that end in no commit. What stands here already is not said twice.
    pub(super) fn keep(&mut self, other: Self) {
        take_over(&mut self.prose, other.prose);
        for group in other.groups {
            let group = group.without_contributors();
            match self.groups.iter_mut().find(|mine| mine.heading == group.heading) {
                Some(mine) => take_over(&mut mine.items, group.items),
                None => {
                    let mut own = Group { heading: group.heading, items: Vec::new() };
                    take_over(&mut own.items, group.items);
                    let last = self.groups.last().is_some_and(Group::names_contributors);
                    let end = self.groups.len() - usize::from(last);
                    self.groups.splice(end..end, (!own.items.is_empty()).then_some(own));
                }
            }
        }
        if !self.groups.iter().all(Group::names_contributors) || self.prose.len() > 1 {
            self.prose.retain(|text| !is_placeholder(text));
        }
        // What stands in the file twice stays there twice.
        let own = self.tail.clone();
        self.tail.extend(other.tail.into_iter().filter(|definition| !own.contains(definition)));
    }

    /// Forgets the link definitions, which stay where they are.
    pub(super) fn leave_definitions(&mut self) {
        self.tail.clear();
    }

    /// Only the heading and what belongs to the file: what is left of Unreleased after a release.
    pub(super) fn emptied(text: &str) -> String {
        Self { prose: Vec::new(), groups: Vec::new(), ..Self::parse(text) }.render()
    }

    /// The text without blank lines at its end.
    pub(super) fn render(&self) -> String {
        let mut blocks = vec![self.heading.clone()];
        blocks.extend(self.prose.iter().map(|text| text.trim_end().to_owned()));
        for group in &self.groups {
            blocks.push(group.heading.clone());
            blocks.push(listed(&group.items));
        }
        if !self.tail.is_empty() {
            blocks.push(self.tail.join("\n"));
        }
        blocks.join("\n\n")
    }
}

/// Items one below the other, and blank lines around what is no item.
fn listed(items: &[String]) -> String {
    let mut text = String::new();
    let mut before = None;
    for item in items {
        let is_item = is_bullet(item);
        text.push_str(match before {
            None => "",
            Some(true) if is_item => "\n",
            Some(_) => "\n\n",
        });
        text.push_str(item.trim_end());
        before = Some(is_item);
    }
    text
}

fn is_bullet(text: &str) -> bool {
    text.starts_with("- ") || text.starts_with("* ")
}

/// Adds what a person wrote and what is not there yet.
fn take_over(mine: &mut Vec<String>, theirs: Vec<String>) {
    for (at, text) in theirs.into_iter().enumerate() {
        let text = text.trim_end().to_owned();
        let known = mine.iter().any(|own| own.trim_end() == text);
        if !known && !text.is_empty() && !is_generated(&text) && !is_placeholder(&text) {
            // What introduces a list stays above it.
            let place = if at == 0 && !is_bullet(&text) { 0 } else { mine.len() };
            mine.insert(place, text);
        }
    }
}

/// What the template says where no commit has a group.
fn is_placeholder(text: &str) -> bool {
    text.trim() == "No change that its users would notice."
}

fn is_definition(line: &str) -> bool {
    line.starts_with('[') && line.contains("]: ")
}

/// An item that ends in a commit, as the template writes it, came from there and will come again.
fn is_generated(item: &str) -> bool {
    static COMMIT: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\((?:\[[0-9a-f]{7}\]\([^)\s]*\)|[0-9a-f]{7})\)$").ok());
    COMMIT.as_ref().is_some_and(|commit| commit.is_match(item.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_comes_back_as_it_was() {
        let text = "## 1.0.0\n\nWith love.\n\n### Added\n\n- a (0123abc)\n  - detail\n- b\n\n[x]: https://x";
        assert_eq!(Section::parse(text).render(), text);
    }

    #[test]
    fn a_persons_words_are_kept_and_generated_ones_come_anew() {
        let mut new = Section::parse("## 1.1.0\n\n### Added\n\n- a (0123abc)");
        new.keep(Section::parse(
            "## Unreleased\n\nMind the gap.\n\n### Added\n\n- a ([0123abc](https://x))\n- by hand\n\n### Security\n\n- cve",
        ));
        assert_eq!(
            new.render(),
            "## 1.1.0\n\nMind the gap.\n\n### Added\n\n- a (0123abc)\n- by hand\n\n### Security\n\n- cve"
        );
    }

    #[test]
    fn a_paragraph_below_a_list_is_no_part_of_its_last_item() {
        let mut new = Section::parse("## 1.1.0\n\n### Added\n\n- a (0123abc)");
        new.keep(Section::parse("## Unreleased\n\n### Added\nIn short:\n- b (4567abc)\n\n  more\n- c\n\nThat is all.\n\n\nReally."));
        let text = "## 1.1.0\n\n### Added\n\nIn short:\n\n- a (0123abc)\n- b (4567abc)\n\n  more\n- c\n\nThat is all.\n\n\nReally.";
        assert_eq!(new.render(), text);
        let mut again = Section::parse("## 1.1.0\n\n### Added\n\n- a (0123abc)");
        again.keep(Section::parse(text));
        assert_eq!(again.render(), text);
    }

    #[test]
    fn the_sentence_on_the_contributors_comes_anew() {
        let mut new =
            Section::parse("## 1\n\n### Added\n\n- a (0123abc)\n\n### Contributors\n\nBy Ada and Bo.");
        new.keep(Section::parse("## 1\n\n### Contributors\n\nBy Ada.\n\n- and the office cat"));
        assert!(
            new.render().ends_with("### Contributors\n\nBy Ada and Bo.\n\n- and the office cat"),
            "{}",
            new.render()
        );
    }

    #[test]
    fn what_is_left_of_unreleased_is_its_heading_and_the_links_of_the_file() {
        assert_eq!(
            Section::emptied("## [Unreleased]\n\n- x\n\n[Unreleased]: https://x"),
            "## [Unreleased]\n\n[Unreleased]: https://x"
        );
    }
}
