//! What a paste took from a stack: the indentation of its file lines, the colon behind its header.

use herd_model::WaitReason;

use super::block::{self, line_of};
use super::header;
use super::scan::Scan;

/// The block with its file lines indented again; `None` when it is as Go printed it. One comparison for those that are.
pub fn indented(text: &[u8], header_len: usize, found: &Scan) -> Option<Vec<u8>> {
    let second = header_len + found.starts[1] as usize;
    let flat = found.starts[1] > 0 && !matches!(text.get(second), Some(b'\t' | b' '));
    if flat { indent(text, header_len) } else { None }
}

/// The same for a block that has not been scanned.
pub fn indent(text: &[u8], header_len: usize) -> Option<Vec<u8>> {
    let mut out = text.get(..header_len)?.to_vec();
    let mut at = header_len;
    let mut after_call = false;
    let mut mended = false;
    while at < text.len() {
        let (line, len) = line_of(&text[at..]);
        if matches!(line.first(), Some(b'\t' | b' ')) {
            return None;
        }
        if block::is_flat_file(line, after_call) || line.starts_with(b"goroutine running on other thread") {
            out.push(b'\t');
            mended = true;
        }
        after_call = block::looks_like_call(line);
        out.extend_from_slice(&text[at..at + len]);
        at += len;
    }
    mended.then_some(out)
}

/// A header that has lost its colon, with it; such a line opens a goroutine only if a call and its file follow.
pub fn with_colon(line: &[u8]) -> Option<Vec<u8>> {
    let bare = line.trim_ascii_end();
    if !header::starts(bare) || bare.last() != Some(&b']') {
        return None;
    }
    let mended = [bare, b":"].concat();
    let header = header::parse(&mended).filter(|header| header.odd.is_none())?;
    let known = !matches!(WaitReason::from_text(&String::from_utf8_lossy(header.state)), WaitReason::Other(_));
    known.then_some(mended)
}

/// Whether a line can be the next one under such a header: a call, then its file.
pub fn bears_out(gathered: &[u8], line: &[u8]) -> Doubt {
    let (_, header_len) = line_of(gathered);
    if header_len == gathered.len() {
        return if block::looks_like_call(line) { Doubt::Open } else { Doubt::Refuted };
    }
    if block::is_file(line) { Doubt::Settled } else { Doubt::Refuted }
}

/// What is known of a header that has lost its colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It needs another line.
    Open,
    /// It opens a goroutine.
    Settled,
    /// It is a line of a log.
    Refuted,
}
