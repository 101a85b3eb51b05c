//! `/debug/goherd`: what a service of the Go module counts of itself. It stops nothing and costs some 15 µs, so it is asked first of all;
//! most services have none, and that is passed over.

use herd_formats::account::{self, MAX_BYTES};
use herd_model::{Account, Note, NoteKind};

use crate::http::Web;
use crate::target::{ACCOUNT_PATH, PPROF_PATH};
use crate::{CancelFlag, SourceError};

/// An account, what asking for it cost, and what is to be said of it.
#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) account: Option<Account>,
    pub(crate) cost: Option<String>,
    pub(crate) notes: Vec<Note>,
    pub(crate) bytes: u64,
    pub(crate) seconds: f64,
}

/// Asks beside the path where profiles are. What is no account is none; only a refusal of the module's own, and an account that cannot
/// be read, are told.
///
/// # Errors
/// When the collection is interrupted.
pub(crate) fn ask(web: &Web, root: &str, cancel: &CancelFlag) -> Result<Asked, SourceError> {
    let path = beside(root);
    let told = |kind, text: String| Ok(Asked { notes: vec![Note { kind, offset: None, text }], ..Asked::default() });
    let answer = match web.get_at_most(&path, MAX_BYTES as u64, cancel) {
        Ok(answer) => answer,
        Err(SourceError::Interrupted) => return Err(SourceError::Interrupted),
        // The profiles were answered from the same place: this says nothing of the service.
        Err(error) => return told(NoteKind::NotAsked, format!("{ACCOUNT_PATH} was not answered: {error}")),
    };
    match answer.status {
        // Other services refuse there, too; only the module says so.
        403 if answer.body.starts_with(b"goherd:") => told(
            NoteKind::NotAsked,
            format!(
                "{ACCOUNT_PATH} answers 403: it is for the service's own machine unless account.WithAuth says otherwise; ask from there, or \
                 pass credentials"
            ),
        ),
        200 if account::is_account(&answer.body) => match account::read(&answer.body) {
            Ok(account) => {
                let cost = format!("{ACCOUNT_PATH}: {} bytes in {:.2} s; nothing is stopped", answer.bytes, answer.seconds);
                let (bytes, seconds) = (answer.bytes, answer.seconds);
                Ok(Asked { account: Some(account), cost: Some(cost), notes: Vec::new(), bytes, seconds })
            }
            Err(error) => told(NoteKind::Skipped, format!("{ACCOUNT_PATH} was not used: {error}")),
        },
        _ => Ok(Asked::default()),
    }
}

/// `/prefix/debug/pprof` → `/prefix/debug/goherd`.
fn beside(root: &str) -> String {
    let prefix = root.strip_suffix(PPROF_PATH).or_else(|| root.strip_suffix("/pprof")).unwrap_or(root);
    format!("{prefix}{ACCOUNT_PATH}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_looked_for_beside_the_profiles() {
        assert_eq!(beside("/debug/pprof"), "/debug/goherd");
        assert_eq!(beside("/ops/debug/pprof"), "/ops/debug/goherd");
        assert_eq!(beside("/ops/pprof"), "/ops/debug/goherd");
        assert_eq!(beside("/ops"), "/ops/debug/goherd");
    }
}
