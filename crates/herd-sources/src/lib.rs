//! Where dumps come from: files, standard input, directories, processes, core files and `net/http/pprof` endpoints, asked for the
//! cheapest witness first.
//!
//! The interface blocks; what runs asynchronously inside never shows. Nothing here judges.

mod account;
mod directory;
mod document;
mod endpoint;
mod error;
mod file;
mod http;
mod index;
mod inflate;
mod leaks;
mod live;
mod live_heap;
mod options;
mod parts;
mod read;
mod runlog;
pub mod scrape;
mod target;
mod tls;
mod trace;
mod utf16;
mod weights;
mod when;

use std::time::Instant;

use herd_model::{Note, Snapshot, TargetKind};

pub use document::{Document, document};
pub use endpoint::{DEBUG2_SECONDS_PER_GOROUTINE, REPLAY_TIME_HEADER};
pub use error::{ErrorClass, SourceError};
pub use herd_formats::trace::Times as TraceTimes;
pub use herd_live::LiveError;
pub use http::MAX_BODY_BYTES;
pub use inflate::MAX_INFLATED_BYTES;
pub use leaks::{collect_leaks, is_served_by};
pub use options::{AccountAsked, Auth, CancelFlag, Memory, Options, Want};
pub use read::MAX_WHOLE_BYTES;
pub use runlog::{RuntimeLogRead, holds_runtime_log, runtime_log};
pub use target::{Endpoint, Place, Target};
pub use trace::{TraceAsked, Traced, holds_trace, trace};
pub use weights::{HoldersAsked, StopBudget, Weights, WeightsAsked, visit_weights, weights};
pub use when::{TimeFrom, date_series};

/// Asks one target and gives what it testifies, oldest first. A directory or a file may hold several snapshots; an endpoint gives one
/// testimony a witness asked.
pub fn collect(target: &Target, options: &Options, cancel: &CancelFlag) -> Result<Vec<Testimony>, SourceError> {
    let started = Instant::now();
    let mut testimonies = match &target.place {
        Place::Stdin => file::read_stdin(target, cancel)?,
        Place::Path(path) if path.is_dir() => directory::read(target, path, cancel)?,
        Place::Path(path) => file::read_path(&target.name, path, cancel)?,
        Place::Endpoint(endpoint) => endpoint::ask(target, endpoint, options, cancel)?,
        Place::Process(pid) => vec![live::process(&target.name, *pid, options.memory)?],
        Place::Core { path, executable } => vec![live::core(&target.name, path, executable.as_deref(), options.memory)?],
    };
    // Of a local read only the whole can be timed; it goes with the first snapshot, so that sums are right.
    if let (Place::Stdin | Place::Path(_) | Place::Core { .. }, Some(first)) = (&target.place, testimonies.first_mut()) {
        first.seconds = started.elapsed().as_secs_f64();
    }
    Ok(testimonies)
}

/// One snapshot with everything known about how it was come by.
#[derive(Clone, Debug)]
pub struct Testimony {
    /// The target's name, credentials removed.
    pub target_name: String,
    /// What kind of witness the target is.
    pub kind: TargetKind,
    /// What was asked or read: `goroutine?debug=2`, a file name, `standard input`.
    pub witness: String,
    /// What it shows.
    pub snapshot: Snapshot,
    /// A profile of the same moment that tells the labels `snapshot` does not; see [`Options::account`].
    pub labels: Option<Box<Snapshot>>,
    /// What the reader and the collector have to say about it.
    pub notes: Vec<Note>,
    /// Bytes read: of the answer's body, or of the whole file, counted at its first snapshot.
    pub bytes: u64,
    /// When it was taken, in nanoseconds since 1970; the same as in `snapshot`.
    pub taken_at_ns: Option<i64>,
    /// What `taken_at_ns` rests on.
    pub taken_at_from: TimeFrom,
    /// When the file was last written, in nanoseconds since 1970; see [`date_series`].
    pub modified_at_ns: Option<i64>,
    /// Seconds spent on it; on the whole target, counted at its first snapshot, where that was not an endpoint.
    pub seconds: f64,
    /// What it cost the target, as a sentence; nothing for what was recorded before.
    pub cost: Option<String>,
}
