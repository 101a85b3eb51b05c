//! A target as one text: tables of measurements, answers of Prometheus. Nothing is recognised here.

use std::io::{self, Read};
use std::time::Instant;

use herd_model::TargetKind;

use crate::file::{Piped, opened, unreadable};
use crate::http::Web;
use crate::inflate::unpack;
use crate::{CancelFlag, MAX_WHOLE_BYTES, Options, Place, SourceError, Target};

/// What a target answered, packing taken off.
#[derive(Clone, Debug)]
pub struct Document {
    /// The target's name, credentials removed.
    pub name: String,
    /// What kind of target it is.
    pub kind: TargetKind,
    /// The text.
    pub bytes: Vec<u8>,
    /// Bytes before unpacking; of a file or pipe, after it.
    pub read: u64,
    /// Seconds it took.
    pub seconds: f64,
}

/// Reads a file, standard input or an address to its end, at most [`MAX_WHOLE_BYTES`].
pub fn document(target: &Target, options: &Options, cancel: &CancelFlag) -> Result<Document, SourceError> {
    let started = Instant::now();
    let (bytes, read) = match &target.place {
        Place::Stdin => local(target, Piped::start(io::stdin(), cancel.clone()), cancel)?,
        Place::Path(path) => {
            let file = opened(path, cancel).map_err(|source| unreadable(target.name.clone(), source))?;
            local(target, file, cancel)?
        }
        Place::Endpoint(endpoint) if endpoint.profile.is_none() => {
            let web = Web::open(&target.name, endpoint, options)?;
            let path = if endpoint.path.is_empty() { "/" } else { &endpoint.path };
            let answer = web.get(path, cancel)?;
            if answer.status != 200 {
                return Err(answer.refusal(&target.name));
            }
            (answer.body, answer.bytes)
        }
        Place::Endpoint(_) | Place::Process(_) | Place::Core { .. } => {
            return Err(SourceError::NotATable { target: target.name.clone() });
        }
    };
    Ok(Document { name: target.name.clone(), kind: target.kind(), bytes, read, seconds: started.elapsed().as_secs_f64() })
}

fn local(target: &Target, input: impl Read, cancel: &CancelFlag) -> Result<(Vec<u8>, u64), SourceError> {
    let failed = |source: io::Error| match source {
        _ if cancel.is_cancelled() => SourceError::Interrupted,
        source => SourceError::Unreadable { path: target.name.clone(), source },
    };
    let (_, plain) = unpack(input).map_err(failed)?;
    let mut bytes = Vec::new();
    plain.take(MAX_WHOLE_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_WHOLE_BYTES {
        let what = "the table".to_owned();
        return Err(SourceError::TooLarge { target: target.name.clone(), what, limit: MAX_WHOLE_BYTES });
    }
    let read = bytes.len() as u64;
    Ok((bytes, read))
}
