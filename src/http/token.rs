//! A secret that opens a registry.

use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use reqwest::header::HeaderValue;

/// A secret that opens a registry. Its text leaves this type only as a header.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// A token, if the text can stand in a header.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let visible = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        visible.then(|| Self(text.to_owned()))
    }

    /// `text` with every copy of the token replaced: as it is, percent-encoded, in base64 and in hexadecimal
    /// digits. A server may echo it in any of these, as GitHub Actions once did (GHSA-x2pg-mjhr-2m5x).
    pub fn redact(&self, text: &str) -> String {
        let mut clean = text.replace(&self.0, "***");
        for form in self.forms() {
            if clean.contains(&form) {
                clean = clean.replace(&form, "***");
            }
        }
        clean
    }

    /// What the token looks like in other codes. Base64 has three forms, by where in its groups of three bytes
    /// the token begins; the digits at both ends, which hold bits of its neighbours too, are left out.
    fn forms(&self) -> Vec<String> {
        let secret = self.0.as_bytes();
        let percent: String = url::form_urlencoded::byte_serialize(secret).collect();
        let every = digits("%", secret);
        let hex = digits("", secret);
        let mut forms = vec![percent.clone(), percent.to_lowercase(), every.to_lowercase(), every];
        forms.extend([hex.to_lowercase(), hex]);
        for before in 0..3_usize {
            let mut bytes = vec![0; before];
            bytes.extend_from_slice(secret);
            // A digit has six bits: these hold none of a neighbour's.
            let (first, last) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
            for code in [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)] {
                forms.extend(code.get(first..last).map(str::to_owned));
            }
        }
        // A few digits could be anything.
        forms.retain(|form| form.len() >= self.0.len().min(8));
        forms
    }

    pub(super) fn header(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.0)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// Each byte as two hexadecimal digits after `before`.
fn digits(before: &str, bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{before}{byte:02X}");
        text
    })
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_word_and_never_shown() {
        let token = Token::parse(" smk_a/b \n").unwrap();
        assert_eq!(format!("{token:?}"), "***");
        assert!(Token::parse("two words").is_none());
    }

    #[test]
    fn every_code_of_it_is_redacted() {
        let token = Token::parse("smk_canary/+=7").unwrap();
        for plain in ["smk_canary/+=7", "smk_canary%2F%2B%3D7", "smk_canary%2f%2b%3d7"] {
            assert_eq!(token.redact(&format!("<{plain}>")), "<***>", "{plain}");
        }
        let hex = digits("", token.0.as_bytes());
        for code in [hex.to_uppercase(), hex.to_lowercase()] {
            assert_eq!(token.redact(&code), "***");
        }
        for user in ["", ":", "x:", "me:", "user:"] {
            for code in [
                STANDARD_NO_PAD.encode(format!("{user}{}", token.0)),
                URL_SAFE_NO_PAD.encode(format!("{user}{}!", token.0)),
            ] {
                let clean = token.redact(&code);
                assert!(clean.contains("***") && clean.len() <= 3 + 8 + 4, "{user}: {clean}");
            }
        }
    }
}
