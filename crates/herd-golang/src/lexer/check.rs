//! What Go forbids anywhere in a source, comments and strings included: malformed UTF-8, NUL, byte order marks behind the first byte.

use super::{BYTE_ORDER_MARK, ERRORS_MAX, SyntaxError};

/// The places of a source that no Go file may hold, in order, at most [`ERRORS_MAX`] (go/scanner, scanner.go, next, Go 1.27). Linear.
pub fn check_encoding(source: &[u8]) -> Vec<SyntaxError> {
    let mut errors = Vec::new();
    if source.starts_with(&[0xff, 0xfe]) || source.starts_with(&[0xfe, 0xff]) {
        errors.push(SyntaxError { offset: 0, message: "illegal UTF-8 encoding (got UTF-16)".into() });
        return errors;
    }
    let ascii = source.is_ascii();
    if !ascii {
        malformed(source, &mut errors);
    }
    for at in memchr::memchr_iter(0, source).take(ERRORS_MAX) {
        errors.push(SyntaxError { offset: at as u32, message: "illegal character NUL".into() });
    }
    if !ascii {
        let marks = memchr::memmem::find_iter(source, BYTE_ORDER_MARK).filter(|at| *at > 0);
        errors.extend(
            marks.take(ERRORS_MAX).map(|at| SyntaxError { offset: at as u32, message: "illegal byte order mark".into() }),
        );
    }
    errors.sort_by_key(|error| error.offset);
    errors.truncate(ERRORS_MAX);
    errors
}

/// Go takes each byte that starts no character for an error of its own.
fn malformed(source: &[u8], errors: &mut Vec<SyntaxError>) {
    let mut at = 0;
    while let Some(Err(error)) = source.get(at..).map(std::str::from_utf8) {
        at += error.valid_up_to();
        errors.push(SyntaxError { offset: at as u32, message: "illegal UTF-8 encoding".into() });
        at += 1;
        if errors.len() == ERRORS_MAX {
            return;
        }
    }
}
