//! What a program must do once it is deployed, beside saying its version.

use url::Url;

/// One thing that is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Smoke {
    /// A page that must answer.
    Page {
        url: Url,
        status: u16,
        /// A text that must be in it.
        contains: Option<String>,
        /// The milliseconds that it may take.
        max_ms: Option<u64>,
    },
    /// A command that must succeed, at the root.
    Command {
        words: Vec<String>,
        /// Texts that must not be in what it says, such as `ERROR` in a log.
        absent: Vec<String>,
    },
}

impl Smoke {
    /// What is wrong with an answer, as a fragment.
    pub fn judge_page(&self, status: u16, body: &str, took_ms: u64) -> Option<String> {
        let Self::Page { url, status: wanted, contains, max_ms } = self else { return None };
        if status != *wanted {
            return Some(format!("`{url}` answered {status}, not {wanted}"));
        }
        if let Some(text) = contains.as_deref().filter(|text| !body.contains(text)) {
            return Some(format!("`{url}` does not say `{text}`"));
        }
        let slow = max_ms.filter(|most| took_ms > *most);
        slow.map(|most| format!("`{url}` took {took_ms} ms, more than {most}"))
    }

    /// What is wrong with what a command said.
    pub fn judge_output(&self, output: &str) -> Option<String> {
        let Self::Command { words, absent } = self else { return None };
        let found = absent.iter().find_map(|text| output.lines().find(|line| line.contains(text.as_str())));
        found.map(|line| format!("`{}` says: {}", words.join(" "), line.trim()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_judged_by_status_text_and_time() {
        let page = |contains: Option<&str>, max_ms| Smoke::Page {
            url: Url::parse("http://x/").unwrap(),
            status: 200,
            contains: contains.map(str::to_owned),
            max_ms,
        };
        assert_eq!(page(Some("Tickets"), Some(500)).judge_page(200, "<h1>Tickets", 500), None);
        for (smoke, status, complaint) in [
            (page(None, None), 500, "`http://x/` answered 500, not 200"),
            (page(Some("Login"), None), 200, "`http://x/` does not say `Login`"),
            (page(None, Some(499)), 200, "`http://x/` took 500 ms, more than 499"),
        ] {
            assert_eq!(smoke.judge_page(status, "<h1>Tickets", 500).as_deref(), Some(complaint));
        }
    }

    #[test]
    fn a_log_is_judged_by_what_it_must_not_say() {
        let words = vec!["docker".to_owned(), "logs".to_owned()];
        let smoke = Smoke::Command { words, absent: vec!["ERROR".to_owned()] };
        assert_eq!(smoke.judge_output("all is well\n"), None);
        assert_eq!(smoke.judge_output("a\n ERROR 7\n").as_deref(), Some("`docker logs` says: ERROR 7"));
    }
}
