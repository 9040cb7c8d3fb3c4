//! Query strings and urlencoded bodies as Go's `url.ParseQuery` reads them, its two errors included.

use super::input::Bad;

/// The names and values in order.
pub(in crate::server) fn pairs(text: &[u8]) -> Result<Vec<(String, String)>, Bad> {
    let mut pairs = Vec::new();
    for piece in text.split(|byte| *byte == b'&').filter(|piece| !piece.is_empty()) {
        if piece.contains(&b';') {
            return Err(Bad::Request("invalid semicolon separator in query".to_owned()));
        }
        let mut halves = piece.splitn(2, |byte| *byte == b'=');
        let name = unescape(halves.next().unwrap_or_default())?;
        let value = unescape(halves.next().unwrap_or_default())?;
        pairs.push((name, value));
    }
    Ok(pairs)
}

fn unescape(text: &[u8]) -> Result<String, Bad> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'+' => plain.push(b' '),
            b'%' => {
                let digits = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
                let byte = digits
                    .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
                    .and_then(|digits| u8::from_str_radix(digits, 16).ok());
                let Some(byte) = byte else {
                    let shown = String::from_utf8_lossy(tail.get(..2).unwrap_or(tail));
                    return Err(Bad::Request(format!("invalid URL escape \"%{shown}\"")));
                };
                plain.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            other => plain.push(*other),
        }
    }
    String::from_utf8(plain).map_err(|_| Bad::Request("invalid UTF-8 in query".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(String, String)>, Bad> {
        pairs(text.as_bytes())
    }

    #[test]
    fn plus_and_escapes_are_read() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(read("a=1+2&&b=%C3%A9=&c").unwrap(), [pair("a", "1 2"), pair("b", "é="), pair("c", "")]);
    }

    #[test]
    fn bad_text_has_go_s_words() {
        assert_eq!(read("a=1;b=2"), Err(Bad::Request("invalid semicolon separator in query".to_owned())));
        assert_eq!(read("a=%zz1"), Err(Bad::Request("invalid URL escape \"%zz\"".to_owned())));
        assert_eq!(read("a=%"), Err(Bad::Request("invalid URL escape \"%\"".to_owned())));
        assert_eq!(read("a=%+1"), Err(Bad::Request("invalid URL escape \"%+1\"".to_owned())));
    }
}
