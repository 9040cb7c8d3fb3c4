//! What git tells the pre-push hook on stdin.

/// One reference that a push moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// What was named here; it may hold blanks, as in `HEAD@{1 second ago}`.
    pub local_ref: String,
    /// `None`: the push deletes the remote reference.
    pub local_oid: Option<String>,
    pub remote_ref: String,
    /// `None`: the remote reference is new.
    pub remote_oid: Option<String>,
}

impl Pushed {
    /// Reads one line, `local-ref local-oid remote-ref remote-oid` (githooks(5)), from the right.
    pub fn parse(line: &str) -> Option<Self> {
        let mut fields = line.rsplitn(4, ' ');
        let remote_oid = oid(fields.next()?)?;
        let remote_ref = fields.next()?.to_owned();
        let local_oid = oid(fields.next()?)?;
        Some(Self { local_ref: fields.next()?.to_owned(), local_oid, remote_ref, remote_oid })
    }
}

/// An object id; zeros only, of either hash length, stand for none.
#[expect(clippy::option_option, reason = "the outer one is a malformed text, the inner one no object")]
fn oid(text: &str) -> Option<Option<String>> {
    let well_formed = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    well_formed.then(|| text.bytes().any(|byte| byte != b'0').then(|| text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_from_the_right() {
        let (a, zero) = ("a".repeat(40), "0".repeat(40));
        let read = |text: String| Pushed::parse(&text);
        let pushed = read(format!("HEAD@{{1 second ago}} {a} refs/heads/x {zero}")).unwrap();
        assert_eq!(pushed.local_ref, "HEAD@{1 second ago}");
        assert_eq!((pushed.local_oid, pushed.remote_oid), (Some(a.clone()), None));
        let deleted = read(format!("(delete) {} refs/heads/x {}", "0".repeat(64), "b".repeat(64))).unwrap();
        assert_eq!(deleted.local_oid, None);
        assert_eq!(read("refs/heads/x".to_owned()), None);
        assert_eq!(read(format!("x {a} y short")), None);
    }
}
