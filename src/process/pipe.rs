//! What goes into a child and what comes out of it, each on a thread of its own, so that neither can hold up us.

use std::io::{Read, Write};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

/// How long a pipe may stay silent after the child's end before we stop listening. What the child itself wrote
/// is in the pipe already; only a process that it left in the background can still hold the pipe open, as
/// `ControlPersist` of ssh does.
pub(super) const SILENCE: Duration = Duration::from_millis(250);

/// Pieces read at most after the child's end, so that a background process that never stops talking ends too.
pub(super) const PIECES: usize = 1024;

/// The pieces of one pipe as they arrive; closed at its end.
pub(super) type Pieces = Receiver<Vec<u8>>;

/// Writes `input` and closes the pipe. A child that does not read its input has decided without it; its status
/// says what it decided.
pub(super) fn fill(mut pipe: impl Write + Send + 'static, input: Vec<u8>) {
    std::thread::spawn(move || pipe.write_all(&input));
}

/// Reads a pipe to its end, also after nobody wants to know any more: else the writer would get a SIGPIPE.
pub(super) fn drain(mut pipe: impl Read + Send + 'static) -> Pieces {
    let (sender, pieces) = mpsc::channel();
    std::thread::spawn(move || {
        let mut piece = vec![0; 1 << 16];
        // What was read before a pipe broke is all there is to show.
        while let Ok(length @ 1..) = pipe.read(&mut piece) {
            let _ = sender.send(piece.iter().take(length).copied().collect());
        }
    });
    pieces
}

/// All that arrived, once the child has ended.
pub(super) fn collect<const N: usize>(pipes: [Option<Pieces>; N]) -> [Vec<u8>; N] {
    pipes.map(|pipe| pipe.map(|pieces| listen(&pieces)).unwrap_or_default())
}

fn listen(pieces: &Pieces) -> Vec<u8> {
    let mut bytes: Vec<u8> = pieces.try_iter().flatten().collect();
    for _ in 0..PIECES {
        match pieces.recv_timeout(SILENCE) {
            Ok(piece) => bytes.extend(piece),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
        }
    }
    bytes
}
