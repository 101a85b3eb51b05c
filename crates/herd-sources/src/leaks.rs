//! The runtime's own leak profile of a process whose memory is read as well.

use herd_model::{Note, NoteKind};

use crate::options::Options;
use crate::target::{PPROF_PATH, ProfileAsked};
use crate::{CancelFlag, Endpoint, Place, SourceError, Target, Testimony, collect};

/// Asks for the leak profile with all ids where `goroutines` may be stopped for that, else for the stacks of the leaked ones. Anything
/// but an address is read as it is.
///
/// # Errors
/// When it cannot be had.
pub fn collect_leaks(target: &Target, goroutines: u64, options: &Options, cancel: &CancelFlag) -> Result<Testimony, SourceError> {
    let Place::Endpoint(endpoint) = &target.place else { return last(collect(target, options, cancel)?) };
    let limit = options.max_goroutines_for_stw;
    let with_ids = goroutines <= limit || options.allow_stw;
    let asked = ProfileAsked { name: "goroutineleak".to_owned(), debug: if with_ids { 2 } else { 1 } };
    let named = endpoint.profile.is_some();
    let profile = endpoint.profile.clone().or(Some(asked));
    let path = if named { endpoint.path.clone() } else { root(&endpoint.path, options) };
    let place = Place::Endpoint(Box::new(Endpoint { profile, path, ..endpoint.as_ref().clone() }));
    let mut testimony = last(collect(&Target { place, ..target.clone() }, options, cancel)?)?;
    if !with_ids && !named {
        let text = format!(
            "the leak profile was asked for stacks alone: {goroutines} goroutines are above the limit of {limit}; with ids, which \
             --allow-stw accepts the pause for, it is held against the memory one by one"
        );
        testimony.notes.push(Note { kind: NoteKind::NotAsked, offset: None, text });
    }
    Ok(testimony)
}

fn last(mut testimonies: Vec<Testimony>) -> Result<Testimony, SourceError> {
    testimonies.pop().ok_or(SourceError::Interrupted)
}

/// Where the profiles are below a path that names none.
fn root(path: &str, options: &Options) -> String {
    match (path, options.prefix.as_deref().unwrap_or_default().trim_matches('/')) {
        ("", "") => PPROF_PATH.to_owned(),
        ("", prefix) => format!("/{prefix}{PPROF_PATH}"),
        (path, _) if path.ends_with("/pprof") => path.to_owned(),
        (path, _) => format!("{path}{PPROF_PATH}"),
    }
}
