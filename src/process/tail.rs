//! The last lines of what a child writes, which at the same time goes on to where it would have gone without us.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::process::Child;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};

use super::pipe::{PIECES, SILENCE};

/// The most bytes that are kept of one line.
const LINE: usize = 4096;

/// Where the child's stdout and stderr go on to.
pub struct Onward {
    pub out: Box<dyn Write + Send>,
    pub err: Box<dyn Write + Send>,
}

/// The lines of one child, while it runs.
pub(super) struct Tail {
    kept: Arc<Mutex<Kept>>,
    told: Receiver<()>,
}

/// The last lines, and what each of both pipes has begun.
struct Kept {
    most: usize,
    lines: VecDeque<Vec<u8>>,
    begun: [Vec<u8>; 2],
}

impl Tail {
    /// Follows the pipes of a child that was started with them.
    pub(super) fn of(child: &mut Child, onward: Onward, most: usize) -> Self {
        let kept = Kept { most, lines: VecDeque::new(), begun: [Vec::new(), Vec::new()] };
        let kept = Arc::new(Mutex::new(kept));
        let (sender, told) = mpsc::channel();
        if let Some(pipe) = child.stdout.take() {
            follow(pipe, onward.out, 0, Arc::clone(&kept), sender.clone());
        }
        if let Some(pipe) = child.stderr.take() {
            follow(pipe, onward.err, 1, Arc::clone(&kept), sender);
        }
        Self { kept, told }
    }

    /// The last lines, oldest first, once the child has ended. What it left in the background may hold the pipes
    /// open, and is not waited for.
    pub(super) fn end(self) -> Vec<String> {
        self.told.try_iter().for_each(drop);
        for _ in 0..PIECES {
            if self.told.recv_timeout(SILENCE).is_err() {
                break;
            }
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.finish();
        kept.lines.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect()
    }
}

/// Reads a pipe to its end. Where nobody reads what goes on, the pipe is closed, so that its writer hears of it as
/// it would without us.
fn follow(
    mut pipe: impl Read + Send + 'static,
    mut to: Box<dyn Write + Send>,
    which: usize,
    kept: Arc<Mutex<Kept>>,
    told: Sender<()>,
) {
    std::thread::spawn(move || {
        let mut piece = vec![0; 1 << 16];
        while let Ok(length @ 1..) = pipe.read(&mut piece) {
            let piece = piece.get(..length).unwrap_or_default();
            kept.lock().unwrap_or_else(PoisonError::into_inner).take(which, piece);
            if to.write_all(piece).and_then(|()| to.flush()).is_err() {
                break;
            }
            // Nobody waits for the rest any more if the other end is gone.
            let _ = told.send(());
        }
    });
}

impl Kept {
    fn take(&mut self, which: usize, piece: &[u8]) {
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            let Some(begun) = self.begun.get_mut(which) else { return };
            let (text, whole) = part.strip_suffix(b"\n").map_or((part, false), |text| (text, true));
            begun.extend(text.iter().take(LINE.saturating_sub(begun.len())));
            if whole {
                let line = std::mem::take(begun);
                self.keep(&line);
            }
        }
    }

    fn finish(&mut self) {
        for line in std::mem::take(&mut self.begun).into_iter().filter(|line| !line.is_empty()) {
            self.keep(&line);
        }
    }

    /// Of a line that was written over itself, as of a bar of progress, the last state stays.
    fn keep(&mut self, line: &[u8]) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let last = line.rsplit(|byte| *byte == b'\r').next().unwrap_or_default();
        self.lines.push_back(last.to_vec());
        while self.lines.len() > self.most {
            self.lines.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(most: usize, pieces: &[(usize, &str)]) -> Vec<String> {
        let mut kept = Kept { most, lines: VecDeque::new(), begun: [Vec::new(), Vec::new()] };
        for (which, piece) in pieces {
            kept.take(*which, piece.as_bytes());
        }
        kept.finish();
        kept.lines.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect()
    }

    #[test]
    fn the_last_lines_stay_in_the_order_of_their_ends() {
        assert_eq!(kept(2, &[(0, "a\nb\nc\n")]), ["b", "c"]);
        assert_eq!(
            kept(9, &[(0, "one "), (1, "warning\n"), (0, "line\nrest")]),
            ["warning", "one line", "rest"]
        );
        assert_eq!(kept(9, &[(0, "10 %\r50 %\r100 %\nend\r\n")]), ["100 %", "end"]);
        assert_eq!(kept(9, &[(0, "\n")]), [""]);
        assert_eq!(kept(9, &[]), [] as [&str; 0]);
    }

    #[test]
    fn an_endless_line_takes_no_endless_memory() {
        let piece = "x".repeat(3000);
        let pieces: Vec<(usize, &str)> = (0..100).map(|_| (0, piece.as_str())).collect();
        assert_eq!(kept(9, &pieces)[0].len(), LINE);
    }
}
